"""What runs out for a candidate, and when they are reminded of it: 30 and 7 days before, at 00:00 UTC."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.rules import scales
from shared.rules.facts import Facts, Partner
from shared.rules.periods import add_years, utc_day

BEFORE = (timedelta(days=30), timedelta(days=7))
TEST_YEARS, ECA_YEARS = 2, 5
"""Results of two years, an assessment of five years count no longer (R75(2)(d), (e), MI 3(4))."""


class Reminder(NamedTuple):
    """One reminder: `last_on` is the last day on which the thing still counts."""

    code: str
    last_on: date
    days: int


def next_reminder_on(facts: Facts, expires_at: datetime, after: date) -> date | None:
    """The first day after a day on which there is something to be reminded of."""
    days = (last_on - before for _, last_on in _ends(facts, expires_at) for before in BEFORE)
    return min((day for day in days if day > after), default=None)


def reminders_on(facts: Facts, expires_at: datetime, day: date) -> list[Reminder]:
    """The reminders of one day, each thing once."""
    ends = set(_ends(facts, expires_at))
    return sorted(
        Reminder(code, last_on, before.days) for code, last_on in ends for before in BEFORE if last_on - before == day
    )


def _ends(facts: Facts, expires_at: datetime) -> Iterator[tuple[str, date]]:
    yield "profile_ends", utc_day(expires_at)
    if facts.nomination is not None:
        yield "nomination_ends", facts.nomination.expires_on
    yield from _papers(facts, "")
    if facts.partner is not None and facts.partner.accompanying:
        yield from _papers(facts.partner, "partner_")


def _papers(of: Facts | Partner, prefix: str) -> Iterator[tuple[str, date]]:
    for test in of.language_tests:
        code = f"{prefix}{scales.LANGUAGE_OF[test.test]}_test_ends"
        yield code, _last_day(test.results_on or test.taken_on, TEST_YEARS)
    for credential in of.education:
        if credential.eca_issued_on is not None and credential.country != "CAN":
            yield f"{prefix}eca_ends", _last_day(credential.eca_issued_on, ECA_YEARS)


def _last_day(issued_on: date, years: int) -> date:
    return add_years(issued_on, years) - timedelta(days=1)
