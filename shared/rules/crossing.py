"""The next day on which counted hours leave a range: a job completes a year, or work leaves its window."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date

from shared.rules.days import add_years
from shared.rules.work import FULL_TIME, OPEN, Job, longest, total

_SETTLED = 9 * 366
"""So long after the last job began, ended or left its window, every leap day was met: nothing new can come."""


class Count:
    """Hours of some jobs as days pass: in a window of years (None: ever), not before `floor`, unbroken if `gap`."""

    __slots__ = ("floor", "gap", "jobs", "years")

    def __init__(self, jobs: Sequence[Job], years: int | None, gap: int | None = None, floor: int = 0) -> None:
        self.jobs = jobs
        self.years = years
        self.gap = gap
        self.floor = floor

    def start(self, day: int) -> int:
        """The first day that counts on a day of evaluation."""
        if self.years is None:
            return self.floor
        begins = add_years(date.fromordinal(day), -self.years).toordinal()
        return max(self.floor, begins)

    def hours(self, day: int) -> int:
        """The hours counted on a day of evaluation."""
        if self.gap is None:
            return total(self.jobs, self.start(day), day)
        return longest(self.jobs, self.start(day), day, self.gap)

    def leaves(self, day: int, low: int, high: int | None, limit: int | None, hours: int) -> tuple[int, int] | None:
        """The first day after `day`, before `limit`, on which the hours are under `low`, or at `high` or more.

        With the hours of that day; `hours` are those of `day`. None if there is no such day.
        """
        if limit is not None and _far(hours, low, high, limit - day):
            return None
        breaks = self._breaks()
        end = max((one for one in breaks if one < OPEN), default=day)
        end = max(end, day) + _SETTLED if limit is None else limit
        at = day
        while True:
            following = next((one for one in breaks if one > at), None)
            step = self._step(at, hours, low, high)
            if following is not None:
                step = following - at if step is None else min(step, following - at)
            if step is None or at + step >= end:
                return None
            at += step
            hours = self.hours(at)
            if hours < low or (high is not None and hours >= high):
                return at, hours

    def _breaks(self) -> list[int]:
        """Days on which the daily gain or loss may change; those at the far end of the window never too late."""
        days = {edge for one in self.jobs for edge in (one.start, one.end) if edge < OPEN}
        if self.floor:
            days.add(self.floor)
        if self.years is not None:
            days |= {add_years(date.fromordinal(edge), self.years).toordinal() for edge in days}
        return sorted(days)

    def _step(self, at: int, hours: int, low: int, high: int | None) -> int | None:
        """Days until which the hours can't leave the range, before the next break; None = never before it."""
        gain = self._rate(at)
        loss = self._loss(at)
        rise = _rises(hours, gain, loss if self.gap is None else 0, high)
        fall = _falls(hours, gain if self.gap is None else 0, loss, low)
        return rise if fall is None else fall if rise is None else min(rise, fall)

    def _loss(self, at: int) -> int:
        """What leaves the window with the day `at`; nothing while it still begins before the floor."""
        if self.years is None:
            return 0
        begins = add_years(date.fromordinal(at), -self.years).toordinal()
        return 0 if begins < self.floor else self._rate(begins)

    def _rate(self, day: int) -> int:
        weekly = sum(one.weekly for one in self.jobs if one.start <= day < one.end)
        return min(weekly, FULL_TIME)


def _rises(hours: int, gain: int, loss: int, high: int | None) -> int | None:
    """The fewest days after which `hours` can reach `high`; the loss may skip one day (29 February)."""
    if high is None or gain == 0:
        return None
    if gain > loss:
        return max(1, -(-(high - hours - loss) // (gain - loss)))
    return 1 if hours + gain >= high else None


def _falls(hours: int, gain: int, loss: int, low: int) -> int | None:
    """The fewest days after which `hours` can be under `low`; the loss may take two days at once (1 March)."""
    if loss == 0 or low <= 0:
        return None
    if loss > gain:
        return max(1, (hours - loss - low) // (loss - gain) + 1)
    return 1 if hours + gain - 2 * loss < low else None


def _far(hours: int, low: int, high: int | None, days: int) -> bool:
    """Whether so few days can't bring the hours out of the range, whatever the jobs are."""
    gained = days * FULL_TIME
    return (high is None or hours + gained < high) and (low <= 0 or hours - gained - FULL_TIME >= low)


def next_band(count: Count, day: int, thresholds: Sequence[int], limit: int | None) -> tuple[int, bool] | None:
    """The next day, before `limit`, on which the hours pass one of the ascending `thresholds`; whether upwards."""
    hours = count.hours(day)
    place = bisect_right(thresholds, hours)
    low = thresholds[place - 1] if place else 0
    high = thresholds[place] if place < len(thresholds) else None
    found = count.leaves(day, low, high, limit, hours)
    return None if found is None else (found[0], high is not None and found[1] >= high)


def first_difference(day: int, until: int, value: Callable[[int], object]) -> int | None:
    """The first day after `day`, up to `until`, on which `value` differs."""
    now = value(day)
    return next((one for one in range(day + 1, until + 1) if value(one) != now), None)
