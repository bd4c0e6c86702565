"""A stored result again, from the stored facts and under the rule sets that it names: to the same bytes. Pure.

The day of the next change is the only part that is taken over: it was a forecast under the sets loaded then.
"""

from dataclasses import dataclass
from datetime import date

import orjson

from services.scoring.bodies import bodies
from services.scoring.evaluation import Subject, head_of
from shared.contracts.scored import Scored
from shared.rules import Evaluation, NextChange
from shared.rules.evaluate import evaluate_under
from shared.rules.force import REGISTRY, Registry
from shared.rules.periods import utc_day


class RuleSetsUnknownError(Exception):
    """The result names rule sets that this release does not have."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A result as it was stored."""

    subject: Subject
    sequence: int
    on: date
    rule_sets: tuple[str, ...]
    scored: str
    eligible: str

    @property
    def change(self) -> NextChange | None:
        """The forecast that was published with it."""
        found = Scored.read(self.scored.encode()).next_change
        return NextChange(found.on, found.reason) if found else None


def evaluation_again(kept: Kept) -> Evaluation:
    """The evaluation of that day under those sets, whatever was loaded since. Raises `RuleSetsUnknownError`."""
    missing = [one for one in kept.rule_sets if one not in REGISTRY.by_id]
    if missing:
        raise RuleSetsUnknownError(", ".join(missing))
    registry = Registry(REGISTRY.by_id[one] for one in kept.rule_sets)
    sets = registry.in_force(kept.on, utc_day(kept.subject.submitted_at))
    return evaluate_under(sets, kept.subject.facts, kept.on, confirmed_on=kept.on)


def differences(kept: Kept) -> list[str]:
    """The fields in which the result comes out otherwise now; none: the same bytes. Raises `RuleSetsUnknownError`."""
    evaluation = evaluation_again(kept)
    head = head_of(kept.subject, kept.sequence, evaluation, kept.change)
    again = dict(zip(("scored", "eligible"), bodies(head, evaluation, kept.subject.facts), strict=True))
    stored = {"scored": kept.scored, "eligible": kept.eligible}
    return [f"{topic}.{field}" for topic in stored for field in _differing(stored[topic], again[topic])]


def _differing(stored: str, again: str) -> list[str]:
    if stored == again:
        return []
    one, other = orjson.loads(stored), orjson.loads(again)
    return [name for name in {**one, **other} if one.get(name) != other.get(name)] or ["bytes"]
