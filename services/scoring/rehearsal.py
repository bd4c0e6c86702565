"""What a draft of a rule set would do to the pool, without changing anything: who moves, and which cut-offs. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.scoring.bodies import nomination_in_force
from services.scoring.evaluation import Subject
from shared.rules import Evaluation, sets
from shared.rules.bands import PARTS
from shared.rules.evaluate import evaluate_under
from shared.rules.force import REGISTRY, Registry
from shared.rules.groupings import category_of, groupings
from shared.rules.periods import utc_day

Rank = tuple[int, datetime, str]
"""Score (negative: the best first), instant of submission, profile number."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """Where a round of a size would have ended: the lowest score invited and the instant that closed it."""

    invited: int
    score: int | None
    tie_break: datetime | None


@dataclass(slots=True)
class Side:
    """The pool under one choice of rule sets."""

    bands: Counter[str] = field(default_factory=Counter)
    groupings: dict[str, list[Rank]] = field(default_factory=dict)

    def add(self, subject: Subject, evaluation: Evaluation, names: Iterable[str]) -> None:
        """Count a profile."""
        self.bands[band_of(evaluation.crs.total)] += 1
        for name in names:
            rank = (-evaluation.crs.total, subject.submitted_at, subject.profile_id)
            self.groupings.setdefault(name, []).append(rank)

    def cut_off(self, grouping: str, size: int) -> CutOff:
        """The cut-off of a round of `size` in a grouping; the score is None where nobody is in it."""
        invited = sorted(self.groupings.get(grouping, ()))[:size]
        if not invited:
            return CutOff(0, None, None)
        return CutOff(len(invited), -invited[-1][0], invited[-1][1])


class Rehearsal:
    """Evaluates profiles of the pool on a day, under the loaded sets and with a draft beside them."""

    def __init__(self, draft: Mapping[str, Any], on: date) -> None:
        documents = sets.documents()
        one = sets.validate(sets.resolve(draft, {**documents, str(draft["id"]): draft}))
        self._drafted = Registry([*(x for x in REGISTRY.by_id.values() if x.id != one.id), one])
        self._on = on
        self.in_force = one.id in self._drafted.in_force(on).ids
        self.profiles = 0
        self.before, self.after = Side(), Side()
        self.up: Counter[str] = Counter()
        self.down: Counter[str] = Counter()
        self.joined: Counter[str] = Counter()
        self.left: Counter[str] = Counter()

    def take(self, subject: Subject) -> None:
        """Evaluate a profile on both sides and note how it moves."""
        now, then = self._under(REGISTRY, subject), self._under(self._drafted, subject)
        one, other = groupings_of(now, subject), groupings_of(then, subject)
        self.profiles += 1
        self.before.add(subject, now, one)
        self.after.add(subject, then, other)
        if then.crs.total != now.crs.total:
            (self.up if then.crs.total > now.crs.total else self.down)[band_of(now.crs.total)] += 1
        self.joined.update(other - one)
        self.left.update(one - other)

    def _under(self, registry: Registry, subject: Subject) -> Evaluation:
        chosen = registry.in_force(self._on, utc_day(subject.submitted_at))
        return evaluate_under(chosen, subject.facts, self._on, confirmed_on=self._on, lines=False)


def groupings_of(evaluation: Evaluation, subject: Subject) -> set[str]:
    """The groupings in which a profile would be ranked; a category by its own key."""
    met = {name for name, one in evaluation.programs.items() if one.eligible}
    categories = (key for key, one in evaluation.categories.items() if one.verdict.eligible)
    found = groupings(met, nomination_in_force(subject.facts, evaluation.on), categories)
    return {category_of(key) or key for key in found}


def band_of(total: int) -> str:
    """The published band of a score."""
    return next(band for band, (low, high) in PARTS.items() if low <= total <= high)
