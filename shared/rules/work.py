"""Counting work: hours, not calendar guesses.

Each day gives min(30, the sum of its jobs' weekly hours) / 7, the first and the last day of a job included; a window of
N years ends the day before the day of evaluation; a year is 1,560 hours. Days are ordinals, spans exclude their end.
Hours are whole numbers of `HOUR`, so that no sum of many days rounds across a threshold.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from shared.rules.facts import Work

HOUR = 7_000_000
"""One hour. A job of w hours a week gives w x 1,000,000 a day."""

YEAR_HOURS = 1560
YEAR = YEAR_HOURS * HOUR
FULL_TIME = 30_000_000
OPEN = 10_000_000
"""The end of a job that goes on: after every day of the calendar."""


class Job(NamedTuple):
    """A job on the line of days. `rate`: a day's part, at most full time; `weekly`: without that limit."""

    start: int
    end: int
    rate: int
    weekly: int
    noc: str


def job(work: Work) -> Job:
    """A declared job on the line of days."""
    weekly = round(work.hours_per_week * 1_000_000)
    return Job(
        work.from_.toordinal(),
        OPEN if work.to is None else work.to.toordinal() + 1,
        min(FULL_TIME, weekly),
        weekly,
        work.noc,
    )


def total(jobs: Sequence[Job], low: int, high: int) -> int:
    """Hours of `jobs` (in order of start) on the days from `low` to before `high`."""
    hours = reach = 0
    for start, end, rate, _, _ in jobs:
        first = max(low, start)
        last = min(high, end)
        if first < last:
            if first < reach:
                return _overlapping(jobs, low, high)
            reach = last
            hours += (last - first) * rate
    return hours


def _overlapping(jobs: Sequence[Job], low: int, high: int) -> int:
    return sum((end - start) * rate for start, end, rate in segments(jobs, low, high))


def segments(jobs: Iterable[Job], low: int, high: int) -> list[tuple[int, int, int]]:
    """Spans of days with one rate each, at most full time, in order, without the days of none."""
    changes: dict[int, int] = {}
    for start, end, _, weekly, _ in jobs:
        first, last = max(start, low), min(end, high)
        if first < last:
            changes[first] = changes.get(first, 0) + weekly
            changes[last] = changes.get(last, 0) - weekly
    days = sorted(changes)
    found, weekly = [], 0
    for day, following in pairwise(days):
        weekly += changes[day]
        if weekly:
            found.append((day, following, min(weekly, FULL_TIME)))
    return found


def longest(jobs: Sequence[Job], low: int, high: int, gap_days: int) -> int:
    """Hours of the longest unbroken spell: no gap without work is longer than `gap_days`."""
    best = begin = reach = 0
    for start, end, _, _, _ in jobs:
        first = max(low, start)
        last = min(high, end)
        if first >= last:
            continue
        if reach and first - reach <= gap_days:
            reach = max(reach, last)
            continue
        if reach:
            best = max(best, total(jobs, begin, reach))
        begin, reach = first, last
    return max(best, total(jobs, begin, reach)) if reach else 0
