"""What an instruction must be before a round may be held on it (A10.3(1)(h.1), (h.2), (i), A10.3(1.1))."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime

from services.draws.reasons import reason
from shared.contracts.base import Reason
from shared.contracts.rounds import Instruction
from shared.rules.force import FIRST_DAY, REGISTRY
from shared.rules.periods import utc_day
from shared.rules.schema import CategorySet


def content_hash(instruction: Instruction) -> str:
    """The SHA-256 of the content that an operator approves, in hexadecimal."""
    return hashlib.sha256(instruction.json_bytes()).hexdigest()


def objections(instruction: Instruction, now: datetime) -> list[Reason]:
    """Everything that stands against holding this round, at once; empty: it may be approved."""
    return [*_of_the_grouping(instruction), *_of_the_period(instruction, now)]


def category_version(instruction: Instruction) -> str | None:
    """The version of the round's category that is in force on the day of the round."""
    if instruction.category is None:
        return None
    found = category_in_force(instruction.category, utc_day(instruction.instant))
    return found.version if found else None


def category_in_force(key: str, day: date) -> CategorySet | None:
    """The version of a category that is in force on a day."""
    if day < FIRST_DAY:
        return None
    return next((one for one in REGISTRY.in_force(day).categories if one.key == key), None)


def _of_the_grouping(instruction: Instruction) -> Iterator[Reason]:
    wanted = {"general": set(), "program": {"program"}, "category": {"category"}}[instruction.kind]
    for field in ("program", "category"):
        given = getattr(instruction, field) is not None
        if given and field not in wanted:
            yield reason("contradicts_kind", field=field, section="A10.3(1)(h.1)", kind=instruction.kind)
        if not given and field in wanted:
            yield reason("missing_for_kind", field=field, section="A10.3(1)(h.1)", kind=instruction.kind)
    if instruction.kind == "category" and instruction.category is not None:
        yield from _of_the_category(instruction, instruction.category)


def _of_the_category(instruction: Instruction, key: str) -> Iterator[Reason]:
    day = utc_day(instruction.instant)
    known = {one.key for one in REGISTRY.by_id.values() if isinstance(one, CategorySet)}
    in_force = category_in_force(key, day)
    if key not in known:
        yield reason("category_unknown", field="category", section="A10.3(1)(h.2)")
    elif in_force is None:
        yield reason("category_not_in_force", field="category", section="A10.3(1)(h.2)", on=day.isoformat())
    elif instruction.category_version not in {None, in_force.version}:
        yield reason(
            "version_not_in_force",
            field="category_version",
            section="A10.3(1)(h.2)",
            version=in_force.version,
            on=day.isoformat(),
        )
    if not instruction.economic_goal:
        yield reason("economic_goal_missing", field="economic_goal", section="A10.3(1.1)")


def _of_the_period(instruction: Instruction, now: datetime) -> Iterator[Reason]:
    day = utc_day(instruction.instant)
    if instruction.period_to < instruction.period_from:
        yield reason("period_reversed", field="period_to", section="A10.3(1)(i)")
    elif not instruction.period_from <= day <= instruction.period_to:
        yield reason("instant_outside_period", field="instant", section="A10.3(1)(i)")
    if utc_day(now) > day:
        yield reason("day_over", field="instant", on=day.isoformat())
