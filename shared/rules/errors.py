"""What is wrong with declared facts: every error at once, by field, in both languages, no input quoted."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from shared.rules import catalogue
from shared.rules.facts import Facts

_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "json_invalid": "not_json",
    "model_type": "not_an_object",
    "model_attributes_type": "not_an_object",
    "dict_type": "not_an_object",
    "list_type": "not_a_list",
    "tuple_type": "not_a_list",
    "string_type": "not_a_text",
    "float_type": "not_a_number",
    "float_parsing": "not_a_number",
    "finite_number": "not_a_number",
    "int_type": "not_a_whole_number",
    "int_parsing": "not_a_whole_number",
    "int_parsing_size": "not_a_whole_number",
    "int_from_float": "not_a_whole_number",
    "bool_type": "not_a_boolean",
    "bool_parsing": "not_a_boolean",
    "literal_error": "not_in_list",
    "enum": "not_in_list",
    "string_pattern_mismatch": "wrong_form",
}
_LIMITS = {
    "greater_than": ("too_small", "gt"),
    "greater_than_equal": ("too_small", "ge"),
    "less_than": ("too_large_value", "lt"),
    "less_than_equal": ("too_large_value", "le"),
    "string_too_short": ("too_short", "min_length"),
    "string_too_long": ("too_long", "max_length"),
    "too_short": ("too_few", "min_length"),
    "too_long": ("too_many", "max_length"),
}
MOST = 100
"""Errors that are told at once: the message that tells them has to stay below the limit of its topic."""

_OPTIONAL_SCORE = ("float", "constrained-float", "literal['M']")


@dataclasses.dataclass(frozen=True, slots=True)
class FieldError:
    """One error: `field` as a path (`language_tests[0].listening`), `code` of the catalogue, its `params`."""

    field: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))

    def text(self, lang: str) -> str:
        """The problem and its fix in `en` or `fr`."""
        shown = {name: _shown(name, value, lang) for name, value in self.params.items()}
        return catalogue.text(self.code, lang, **shown)

    def as_dict(self, lang: str = "en") -> dict[str, str]:
        """The shape in which `ee score` and `rejected` give an error."""
        return {"field": self.field, "code": self.code, "text": self.text(lang)}


def _shown(name: str, value: Any, lang: str) -> str:
    if name in ("language", "test"):
        return catalogue.text(f"name.{value}", lang)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}" if lang == "en" else f"{value:g}".replace(".", ",")
    return str(value)


def path(loc: Iterable[int | str]) -> str:
    """The path of a field as people write it: `work[0].to`; empty for the object itself."""
    written = ""
    for step in loc:
        if isinstance(step, int):
            written += f"[{step}]"
        elif step not in _OPTIONAL_SCORE:
            written += f".{step}" if written else step
    return written


def _error(raw: Mapping[str, Any]) -> FieldError:
    code, params = _coded(raw["type"], raw.get("ctx", {}))
    return FieldError(path(raw["loc"]), code, params)


def _coded(kind: str, context: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if kind in _LIMITS:
        code, name = _LIMITS[kind]
        return code, {"limit": context[name]}
    if kind.startswith("date_"):
        return "not_a_date", {}
    if kind.startswith(("datetime_", "timezone_")):
        return "not_an_instant", {}
    code = _CODES.get(kind, kind if kind in catalogue.TEXTS else "invalid_value")
    if code == "not_in_list":
        return code, {"expected": str(context["expected"]).replace("'", "").replace(" or ", ", ")}
    if code == "wrong_form":
        return code, {"pattern": context["pattern"]}
    return code, dict(context) if code == kind else {}


def field_errors(error: ValidationError) -> list[FieldError]:
    """Every error of a validation, one for each field, in the order of the fields; above `MOST` how many are left."""
    found: dict[str, FieldError] = {}
    left = 0
    for raw in error.errors(include_url=False, include_input=False):
        if len(found) == MOST:
            left += 1
        else:
            one = _error(raw)
            found.setdefault(one.field, one)
    return [*found.values(), *([FieldError("", "more_errors", {"count": left})] if left else [])]


def check_on(facts: Facts, on: date) -> list[FieldError]:
    """The errors that depend on the day of evaluation: a birth after it."""
    births = [("date_of_birth", facts.date_of_birth)]
    relatives = enumerate(facts.relatives_in_canada)
    births += [(f"relatives_in_canada[{i}].born_on", one.born_on) for i, one in relatives]
    return [FieldError(where, "birth_after_day", {"on": on.isoformat()}) for where, born in births if born > on]
