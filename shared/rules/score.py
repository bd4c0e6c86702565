"""What `ee score` prints: one result, or the errors, for each line of declared facts."""

import re
from datetime import UTC, date
from typing import Annotated, Any

import orjson
from pydantic import AwareDatetime, Field, ValidationError

from shared.rules import catalogue
from shared.rules.changes import NextChange, next_change
from shared.rules.errors import FieldError, check_on, field_errors
from shared.rules.evaluate import Evaluation, evaluate
from shared.rules.explain import declared, line_text
from shared.rules.facts import Facts
from shared.rules.force import REGISTRY
from shared.rules.lines import Line, Verdict
from shared.rules.schema import CategorySet

_PROFILE_ID = re.compile(r"^[A-Z0-9-]{6,36}$")
_CALENDAR_ENTRIES = 200


class Declared(Facts):
    """A line: facts, with the number and the instant of the profile if it has them."""

    profile_id: Annotated[str, Field(pattern=_PROFILE_ID.pattern)] | None = None
    submitted_at: AwareDatetime | None = None

    @property
    def submitted_on(self) -> date | None:
        """The UTC day of submission."""
        return self.submitted_at.astimezone(UTC).date() if self.submitted_at else None


class BadLine(Exception):
    """A line that can't be scored: the profile number if it can be read, and every error."""

    def __init__(self, profile_id: str | None, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.profile_id = profile_id
        self.errors = errors

    def as_dict(self, number: int, lang: str) -> dict[str, Any]:
        """The object that stands in the place of the result."""
        errors = [one.as_dict(lang) for one in self.errors]
        return {"line": number, "profile_id": self.profile_id, "errors": errors}


def read_line(line: bytes, on: date) -> Declared:
    """The facts of a line. Raises `BadLine`."""
    try:
        found = Declared.model_validate_json(line)
    except ValidationError as error:
        raise BadLine(_profile_id(line), field_errors(error)) from None
    if errors := check_on(found, on):
        raise BadLine(found.profile_id, errors)
    return found


def _profile_id(line: bytes) -> str | None:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    found = document.get("profile_id") if isinstance(document, dict) else None
    return found if isinstance(found, str) and _PROFILE_ID.fullmatch(found) else None


def result(facts: Declared, on: date, lang: str, explain: bool) -> dict[str, Any]:
    """The result of one profile on a day."""
    evaluation = evaluate(facts, on, submitted_on=facts.submitted_on)
    change = next_change(facts, on, submitted_on=facts.submitted_on, now=evaluation)
    return as_dict(facts.profile_id, evaluation, change, lang, explain)


def as_dict(
    profile_id: str | None, evaluation: Evaluation, change: NextChange | None, lang: str, explain: bool
) -> dict[str, Any]:
    """An evaluation in the shape of the output."""
    programs = {
        name: {**verdict_dict(one, lang), "name": catalogue.text(f"name.{name}", lang)}
        for name, one in evaluation.programs.items()
    }
    names = _category_names(evaluation, lang)
    categories = {
        key: {**verdict_dict(one.verdict, lang), "name": names[key], "version": one.version}
        for key, one in evaluation.categories.items()
    }
    shown: dict[str, Any] = {
        "profile_id": profile_id,
        "on": evaluation.on.isoformat(),
        "programs": programs,
        "crs": evaluation.crs.as_dict(),
        "categories": categories,
        "rule_sets": list(evaluation.rule_sets),
        "provisional": evaluation.provisional,
        "missing_tables": list(evaluation.missing_tables),
        "next_change_on": change.on.isoformat() if change else None,
        "next_change_reason": change.reason if change else None,
        "warnings": [reason(one, lang) for one in evaluation.warnings],
    }
    if explain:
        shown["fsw_grid"] = evaluation.grid._asdict()
        shown["lines"] = [line_dict(one, lang) for one in evaluation.lines]
    return shown


def _category_names(evaluation: Evaluation, lang: str) -> dict[str, str]:
    chosen = (REGISTRY.by_id[name] for name in evaluation.rule_sets)
    return {one.key: one.name.of(lang) for one in chosen if isinstance(one, CategorySet)}


def verdict_dict(verdict: Verdict, lang: str) -> dict[str, Any]:
    """A verdict with its reasons."""
    return {"eligible": verdict.eligible, "reasons": [reason(one, lang) for one in verdict.reasons]}


def reason(line: Line, lang: str) -> dict[str, Any]:
    """A reason: its code, its section of law, what was counted, and its text."""
    return {
        "code": line.code,
        "section": line.section,
        "quantities": dict(line.quantities),
        "text": line_text(line, lang),
    }


def line_dict(line: Line, lang: str) -> dict[str, Any]:
    """A line of `--explain`, with what was declared behind it."""
    return {**line.message(), "declared": declared(line), "text": line_text(line, lang)}


def calendar(facts: Declared, on: date, lang: str) -> dict[str, Any]:
    """The dated future of a profile if nothing is declared: each day on which the result differs, and how."""
    submitted = facts.submitted_on or on
    before = evaluate(facts, on, submitted_on=submitted)
    entries: list[dict[str, Any]] = []
    day = on
    while len(entries) < _CALENDAR_ENTRIES:
        change = next_change(facts, day, submitted_on=submitted, now=before)
        if change is None:
            break
        day = change.on
        after = evaluate(facts, day, submitted_on=submitted)
        text = catalogue.text(change.reason, lang)
        entries.append({"on": day.isoformat(), "reason": change.reason, "text": text, **differences(before, after)})
        before = after
    total = evaluate(facts, on, submitted_on=submitted, lines=False).crs.total
    return {"profile_id": facts.profile_id, "on": on.isoformat(), "total": total, "calendar": entries}


def differences(before: Evaluation, after: Evaluation) -> dict[str, Any]:
    """What is not the same in two evaluations: the total, the points by factor, the verdicts."""
    points = {
        name: [old, new]
        for name, old, new in zip(before.crs._fields, before.crs, after.crs, strict=True)
        if old != new and name != "total"
    }
    return {
        "total": after.crs.total,
        "points": points,
        "programs": _verdicts(_met(before), _met(after)),
        "categories": _verdicts(_members(before), _members(after)),
        "provisional": after.provisional,
    }


def _met(evaluation: Evaluation) -> dict[str, bool]:
    return {name: one.eligible for name, one in evaluation.programs.items()}


def _members(evaluation: Evaluation) -> dict[str, bool]:
    return {key: one.verdict.eligible for key, one in evaluation.categories.items()}


def _verdicts(before: dict[str, bool], after: dict[str, bool]) -> dict[str, list[bool | None]]:
    names = dict.fromkeys((*before, *after))
    pairs = {name: [before.get(name), after.get(name)] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def compare(one: Declared, other: Declared, on: date, lang: str) -> dict[str, Any]:
    """Why two scores differ: the points by factor, the verdicts, and the lines that only one of them has."""
    first = evaluate(one, on, submitted_on=one.submitted_on)
    second = evaluate(other, on, submitted_on=other.submitted_on)
    mine, theirs = _texts(first, lang), _texts(second, lang)
    return {
        "on": on.isoformat(),
        "profile_ids": [one.profile_id, other.profile_id],
        "totals": [first.crs.total, second.crs.total],
        **{name: value for name, value in differences(first, second).items() if name not in ("total", "provisional")},
        "only_first": [text for text in mine if text not in theirs],
        "only_second": [text for text in theirs if text not in mine],
    }


def _texts(evaluation: Evaluation, lang: str) -> list[str]:
    return [
        f"{line.points:+d} {line_text(line, lang)}" if line.points is not None else line_text(line, lang)
        for line in evaluation.lines
    ]
