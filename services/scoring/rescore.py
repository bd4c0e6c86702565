"""Which profiles of the pool stand under other rule sets than those in force for them today. Pure.

Results name the combination of rule sets that made them, so that a new set finds the rows that it changes by the
days on which they were submitted: a set may hold from another day for profiles that were in the pool before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from shared.rules import rule_sets_in_force
from shared.rules.force import REGISTRY

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Rows of the pool under one combination of rule sets, and the days on which they were submitted."""

    rules: int
    rule_sets: tuple[str, ...]
    first: date
    last: date

    @property
    def known(self) -> bool:
        """Whether this process has all these sets: if not it is the older one, and leaves the rows to the newer."""
        return all(one in REGISTRY.by_id for one in self.rule_sets)


@dataclass(frozen=True, slots=True)
class Span:
    """Rows under `rules`, submitted at `since` or later and before `until`, have to be evaluated again."""

    rules: int
    since: datetime
    until: datetime


def outdated(standings: Iterable[Standing], today: date) -> list[Span]:
    """The rows to evaluate again; empty on nearly every day."""
    return [
        Span(one.rules, _midnight(since), _midnight(until))
        for one in standings
        if one.known
        for since, until in _days(one.rule_sets, one.first, one.last, today)
    ]


@lru_cache(maxsize=256)
def _days(rule_sets: tuple[str, ...], first: date, last: date, today: date) -> tuple[tuple[date, date], ...]:
    """The days of submission from `first` to `last` for which other rule sets are in force, as half-open spans."""
    spans: list[tuple[date, date]] = []
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        if rule_sets_in_force(today, submitted_on=day) == rule_sets:
            continue
        begin = spans.pop()[0] if spans and spans[-1][1] == day else day
        spans.append((begin, day + _DAY))
    return tuple(spans)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
