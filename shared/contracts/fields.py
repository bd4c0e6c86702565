"""A JSON Schema in words: which fields a body has, of which type, between which limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_LIMITS = {
    "pattern": "matches {}",
    "format": "{}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMinimum": "> {}",
    "exclusiveMaximum": "< {}",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` may name definitions, as `#Name`; `default` None: the field is required or has none."""

    name: str
    type: str
    required: bool
    limits: tuple[str, ...]
    default: str | None
    description: str


def fields(schema: Schema) -> Iterator[Field]:
    """The fields of an object, in the order of the model."""
    required = schema.get("required", ())
    for name, found in schema.get("properties", {}).items():
        yield Field(
            name=name,
            type=type_of(found),
            required=name in required,
            limits=tuple(_limits(found)),
            default=_default(found),
            description=found.get("description", ""),
        )


def type_of(schema: Schema) -> str:
    """The type in words: `string`, `list of #Work`, `#Partner or null`, `"en" or "fr"`."""
    if "$ref" in schema:
        return "#" + str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return " or ".join(_quoted(one) for one in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {type_of(schema['additionalProperties'])}"
    return str(kind)


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _limits(schema: Schema) -> Iterator[str]:
    for one in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        for keyword, words in _LIMITS.items():
            if keyword in one:
                yield words.format(one[keyword])


def _default(schema: Schema) -> str | None:
    value = schema.get("default")
    return None if value in (None, [], {}) else _quoted(value).lower() if isinstance(value, bool) else _quoted(value)
