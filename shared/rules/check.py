"""Checking a rule set before it is loaded: form, sums, bands, days, codes. Every error names its line."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from shared.rules import sets
from shared.rules.schema import AnySet, CategorySet

Found = list[tuple[int, str]]


def check_file(text: str) -> Found:
    """The errors of a document as (line, message), in order of the lines; none if it can be loaded."""
    try:
        document, root = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [(mark.line + 1 if mark else 1, f"not valid YAML: {getattr(error, 'problem', error)}")]
    if not isinstance(document, dict):
        return [(1, "a rule set is a mapping with id, kind and effective_from")]
    known = {**sets.documents(), str(document.get("id")): document}
    try:
        one = sets.validate(sets.resolve(document, known))
    except sets.RuleSetError as error:
        return [(_line(root, ("based_on",)), str(error))]
    except ValidationError as error:
        return sorted(_messages(error, root))
    return _days(one, root, {name: sets.validate(sets.resolve(x, known)) for name, x in known.items()})


def _messages(error: ValidationError, root: yaml.Node | None) -> Found:
    found = []
    for raw in error.errors(include_url=False, include_input=False):
        loc = raw["loc"][1:]
        place = ".".join(map(str, loc)) or "the set"
        message = raw["msg"].removeprefix("Value error, ")
        if raw["type"] == "noc_2016":
            message = f"{raw['ctx']['noc']} is a code of NOC 2016, which became {', '.join(raw['ctx']['became'])}"
        elif raw["type"] == "noc_unknown":
            message = f"{raw['ctx']['noc']} is no unit group of NOC 2021"
        named = message.partition(":")[0].split(".")  # what a set says of itself begins with the place that it means
        found.append((_line(root, (*loc, *named)), f"{place}: {message}"))
    return found


def _line(node: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `loc` that is in the document."""
    line = node.start_mark.line + 1 if node is not None else 1
    for step in loc:
        key, node = _child(node, step)
        if node is None:
            break
        line = (key or node).start_mark.line + 1
    return line


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _group(one: AnySet) -> str:
    return f"category {one.key}" if isinstance(one, CategorySet) else one.kind


def _days(one: AnySet, root: yaml.Node | None, known: Mapping[str, AnySet]) -> Found:
    """Two sets of one kind may not begin on one day, nor one that has an end reach into the next."""
    found = []
    for other in known.values():
        if other.id == one.id or _group(other) != _group(one):
            continue
        if other.effective_from == one.effective_from:
            found.append((_line(root, ("effective_from",)), f"{other.id} begins on that day too"))
        for first, second in ((one, other), (other, one)):
            ends = first.effective_to
            if ends is not None and first.effective_from < second.effective_from <= ends:
                message = f"{first.id} ends on {ends}, after {second.id} begins"
                found.append((_line(root, ("effective_from",)), message))
    return found


def flat(value: Any, place: str = "") -> dict[str, str]:
    """A document as places and plain values; rows of bands by their range, lists of codes whole."""
    if isinstance(value, dict):
        if "from" in value:
            place = f"{place}[{value['from']}-{value.get('to') if value.get('to') is not None else ''}]"
        found: dict[str, str] = {}
        for name, part in value.items():
            if name not in ("from", "to"):
                found |= flat(part, f"{place}.{name}" if place else str(name))
        return found
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        found = {}
        for number, part in enumerate(value):
            banded = isinstance(part, dict) and "from" in part
            found |= flat(part, place if banded else f"{place}[{number}]")
        return found
    return {place: ", ".join(map(str, value)) if isinstance(value, list) else str(value)}
