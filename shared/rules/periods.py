"""Periods and time limits: how long an invitation, a profile, a review and a bar last, and when they end.

The day of an instant is its UTC date. A limit in days does not count its first day and counts its last day
whole (Interpretation Act s.27(2), (5)); if that day is a Sunday or a federal holiday, the next day that is
none is the last one (s.26). A limit is therefore one instant: 00:00 UTC of the day after its last day.
What is received *before* that instant is in time, what is received at it is late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final, Literal, TypeVar

import yaml

from shared.rules.days import add_months, add_years
from shared.rules.holidays import next_day_not_a_holiday

__all__ = [
    "FAIRNESS_DAYS",
    "Bar",
    "Period",
    "add_months",
    "add_years",
    "deadline",
    "deadline_after",
    "end_of",
    "fairness_period",
    "last_day",
    "misrepresentation_bar",
    "period_to_apply",
    "profile_expires_at",
    "retained_until",
    "review_period",
    "service_standard",
    "utc_day",
]

_TABLE: Final[dict[str, Any]] = yaml.safe_load((files(__package__) / "data" / "periods.yaml").read_text("utf-8"))

FAIRNESS_DAYS: Final[int] = _TABLE["fairness_letter"]["days"]
"""Days to answer a procedural fairness letter; no official text gives a length, 30 is common."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Period:
    """A period in calendar days, with the dated table and the section of law that set it."""

    days: int
    rule_set: str
    section: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar after misrepresentation, both days included; `until` None = its end is not known yet."""

    since: date
    until: date | None
    section: str

    def holds_on(self, day: date) -> bool:
        """Whether no profile may be submitted on the day (A10.1(4))."""
        return self.since <= day and (self.until is None or day <= self.until)


_PERIODS: Final[tuple[tuple[date, Period], ...]] = tuple(
    (
        date.fromisoformat(table["effective_from"]),
        Period(table["days"], table["id"], _TABLE["period_to_apply"]["section"]),
    )
    for table in _TABLE["period_to_apply"]["tables"]
)
_EXTENDED: Final[tuple[tuple[date, bool], ...]] = tuple(
    (date.fromisoformat(table["effective_from"]), table["extended"]) for table in _TABLE["extension"]["tables"]
)


def period_to_apply(invited_on: date) -> Period:
    """The period to apply of an invitation issued on the day (A10.3(1)(k)); it stays with that invitation.

    Raises ValueError before 2015-01-01: there was no Express Entry.
    """
    return _in_force(_PERIODS, invited_on)


def deadline(invited_at: datetime) -> datetime:
    """The instant, in UTC, before which an application or a decline must be received."""
    return deadline_after(invited_at, period_to_apply(utc_day(invited_at)))


def deadline_after(start: datetime, period: Period) -> datetime:
    """The instant, in UTC, that ends a period whose first day, not counted, is the day of `start`."""
    return end_of(last_day(utc_day(start), period))


def last_day(start: date, period: Period) -> date:
    """The last day of a period; whether holidays extend it is the setting of the day on which it starts."""
    day = start + timedelta(days=period.days)
    return next_day_not_a_holiday(day) if _in_force(_EXTENDED, start) else day


def review_period(*, decided_in_canada: bool) -> Period:
    """The time to apply to the Federal Court for leave (A72(2)(b)): 15 days in Canada, 60 outside."""
    table = _TABLE["review"]
    days = table["in_canada_days"] if decided_in_canada else table["outside_canada_days"]
    return Period(days, table["id"], table["section"])


def fairness_period() -> Period:
    """The time to answer a procedural fairness letter."""
    table = _TABLE["fairness_letter"]
    return Period(FAIRNESS_DAYS, table["id"], table["section"])


def profile_expires_at(submitted_at: datetime) -> datetime:
    """The instant at which a profile leaves the pool: 12 months on, at the same time of day (MI 4(1))."""
    at = _utc(submitted_at)
    return datetime.combine(add_months(at.date(), _TABLE["profile"]["months"]), at.timetz())


def service_standard(received_on: date) -> date:
    """The last day of the six months in which 80 percent of complete applications get a final decision."""
    return add_months(received_on, _TABLE["service_standard"]["months"])


def retained_until(decided_on: date) -> date:
    """The first day on which what a decision rested on may go without consent: Privacy Regulations s.4(1)(a).

    At least two years are kept: the day of the decision is not counted, the last day is (Interpretation Act s.28).
    """
    return add_years(decided_on, _TABLE["retention"]["years"]) + timedelta(days=1)


def misrepresentation_bar(
    determined_on: date,
    *,
    determined_in: Literal["canada", "outside"],
    removal_enforced_on: date | None = None,
) -> Bar:
    """The bar of A40(2)(a): five years from the final determination, or in Canada from the enforced removal.

    In Canada it has no end until the removal is known. The day that starts the five years is not counted and
    their last day is (Interpretation Act s.28), so the bar still holds on the fifth anniversary.
    """
    table = _TABLE["misrepresentation_bar"]
    counted_from = removal_enforced_on if determined_in == "canada" else determined_on
    until = None if counted_from is None else add_years(counted_from, table["years"])
    return Bar(determined_on, until, table["section"])


def end_of(day: date) -> datetime:
    """The instant that ends a day: 00:00 UTC of the next one."""
    return datetime.combine(day + timedelta(days=1), time(tzinfo=UTC))


def utc_day(instant: datetime) -> date:
    """The day of an instant: its UTC date. Raises ValueError for an instant without an offset from UTC."""
    return _utc(instant).date()


def _utc(instant: datetime) -> datetime:
    # Without this refusal a naive instant would be read in the time zone of the machine.
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset from UTC: give it with a time zone")
    return instant.astimezone(UTC)


def _in_force(tables: Sequence[tuple[date, T]], day: date) -> T:
    for effective_from, table in reversed(tables):
        if effective_from <= day:
            return table
    raise ValueError(f"no table is in force on {day}; the first is of {tables[0][0]}")
