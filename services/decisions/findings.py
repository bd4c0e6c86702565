"""What findings say: facts as found, doubts, inadmissibility, clearances."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from services.decisions.law import bars
from shared.contracts.application import FindingRecorded
from shared.rules.facts import Facts

AsOf = Literal["invitation", "receipt"]

_STEP = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(?:\[(?P<place>\d{1,3})\])?")


def found(facts: Facts, findings: Iterable[FindingRecorded], as_of: AsOf) -> Facts:
    """The facts as found on one of the two days: each finding that names a field replaces what was declared.

    One that does not fit the facts of that day (a job that was no longer declared) changes nothing there.
    """
    for one in findings:
        if _changes(one, as_of):
            facts = _changed(facts, one) or facts
    return facts


def fits(one: FindingRecorded, at_invitation: Facts, at_receipt: Facts) -> bool:
    """Whether the field exists, and can hold the value, on one of the days that the finding names."""
    days: tuple[tuple[AsOf, Facts], ...] = (("invitation", at_invitation), ("receipt", at_receipt))
    named = [facts for as_of, facts in days if _changes(one, as_of)]
    return not named or any(_changed(facts, one) is not None for facts in named)


def _changed(facts: Facts, one: FindingRecorded) -> Facts | None:
    plain: dict[str, Any] = facts.model_dump(mode="json", by_alias=True)
    try:
        _put(plain, str(one.field), one.found)
        return Facts.model_validate(plain)
    except (_FieldUnknown, ValidationError):
        return None


class _FieldUnknown(ValueError):
    """The path leads nowhere in these facts."""


def _changes(one: FindingRecorded, as_of: AsOf) -> bool:
    asserted = one.field is not None and one.result == "contradicted" and one.of == "applicant"
    return asserted and (not one.as_of or as_of in one.as_of)


def _put(plain: dict[str, Any], path: str, value: Any) -> None:
    steps: list[str | int] = []
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise _FieldUnknown
        steps.append(match["name"])
        if match["place"] is not None:
            steps.append(int(match["place"]))
    place: Any = plain
    for step in steps[:-1]:
        place = _inside(place, step)
    _inside(place, steps[-1])
    place[steps[-1]] = value


def _inside(place: Any, step: str | int) -> Any:
    if isinstance(step, int):
        known = isinstance(place, list) and step < len(place)
    else:
        known = isinstance(place, dict) and step in place
    if not known:
        raise _FieldUnknown
    return place[step]


def on(findings: Iterable[FindingRecorded], ground: str, results: Iterable[str]) -> list[FindingRecorded]:
    """The findings on a ground with one of these results."""
    wanted = set(results)
    return [one for one in findings if one.ground == ground and one.result in wanted]


def misrepresentation(findings: Iterable[FindingRecorded]) -> FindingRecorded | None:
    """The last finding under A40, which starts a bar when the application is refused under it."""
    return next((one for one in reversed(list(findings)) if bars((one.section,))), None)


def unproved(findings: Sequence[FindingRecorded]) -> list[FindingRecorded]:
    """Contradictions without a value found: what was declared does not hold, and nothing stands in its place."""
    return [one for one in findings if one.result == "contradicted" and one.field is None]
