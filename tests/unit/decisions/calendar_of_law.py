"""Days as a person counts them: holidays written out, nothing of the rules that the services use."""

from datetime import UTC, date, datetime, timedelta

_WRITTEN_OUT = """
2023 01-01 04-07 04-10 05-22 07-01 09-04 09-30 10-09 11-11 12-25
2024 01-01 03-29 04-01 05-20 07-01 09-02 09-30 10-14 11-11 12-25
2025 01-01 04-18 04-21 05-19 07-01 09-01 09-30 10-13 11-11 12-25
2026 01-01 04-03 04-06 05-18 07-01 09-07 09-30 10-12 11-11 12-25
2027 01-01 03-26 03-29 05-24 07-01 09-06 09-30 10-11 11-11 12-25
"""
HOLIDAYS = frozenset(
    date.fromisoformat(f"{year}-{day}")
    for year, *days in map(str.split, _WRITTEN_OUT.strip().splitlines())
    for day in days
)
"""Interpretation Act s.35(1), year by year."""


def last_day(start: date, days: int) -> date:
    """The day from which the period runs is not counted; a Sunday or a holiday moves its end (ss.26, 27)."""
    day = start
    for _ in range(days):
        day += timedelta(days=1)
    while day.strftime("%A") == "Sunday" or day in HOLIDAYS:
        day += timedelta(days=1)
    return day


def ends(start: datetime, days: int) -> datetime:
    """The first instant that is too late."""
    day = last_day(start.astimezone(UTC).date(), days) + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def five_years_on(day: date) -> date:
    """29 February is 28 February in a common year."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + 5, 2, 28)
    return date(day.year + 5, day.month, day.day)
