"""Reading the rule sets, once, when the package is imported."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml
from pydantic import TypeAdapter

from shared.rules.schema import AnySet

_ADAPTER: TypeAdapter[AnySet] = TypeAdapter(AnySet)


class RuleSetError(ValueError):
    """A rule set that cannot be used: the message names the set and what to change."""


def resolve(document: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A document with what it takes over from the set that it is based on. Raises `RuleSetError`."""
    base = document.get("based_on")
    if base is None:
        return dict(document)
    if base not in documents:
        raise RuleSetError(f"{document.get('id')}: based_on names {base}, which is not a rule set")
    taken = resolve(documents[base], documents)
    for name in ("pool_from", "effective_to", "confirmed_until"):
        taken.pop(name, None)
    return {**taken, **document}


def validate(document: Mapping[str, Any]) -> AnySet:
    """A rule set from its whole document. Raises `pydantic.ValidationError`."""
    return _ADAPTER.validate_python(document)


def documents() -> dict[str, dict[str, Any]]:
    """The documents of the package, by id."""
    folder = files(__package__).joinpath("data", "sets")
    read = [
        yaml.load(entry.read_text("utf-8"), yaml.CSafeLoader)
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {document["id"]: document for document in sorted(read, key=lambda one: str(one["id"]))}


def load() -> dict[str, AnySet]:
    """Every rule set, by id."""
    found = documents()
    return {name: validate(resolve(document, found)) for name, document in found.items()}
