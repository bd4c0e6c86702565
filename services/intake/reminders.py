"""What runs out for a candidate, and when they are reminded of it: 30 and 7 days before, at 00:00 UTC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from shared.rules import scales
from shared.rules.facts import Facts, Partner
from shared.rules.periods import add_years, utc_day

DAYS_BEFORE = (30, 7)
TEST_YEARS, ECA_YEARS = 2, 5
"""Results of two years, an assessment of five years count no longer (R75(2)(d), (e), MI 3(4))."""


@dataclass(frozen=True, slots=True, order=True)
class Reminder:
    """One reminder: `last_on` is the last day on which the thing still counts."""

    at: datetime
    code: str
    last_on: date
    days: int


def next_reminder(facts: Facts, expires_at: datetime, after: datetime | None) -> Reminder | None:
    """The first reminder after an instant."""
    return min((r for r in _all(facts, expires_at) if after is None or r.at > after), default=None)


def reminders_at(facts: Facts, expires_at: datetime, at: datetime) -> list[Reminder]:
    """The reminders of one instant, each thing once."""
    return sorted({r for r in _all(facts, expires_at) if r.at == at})


def _all(facts: Facts, expires_at: datetime) -> Iterator[Reminder]:
    for code, last_on in _ends(facts, expires_at):
        for days in DAYS_BEFORE:
            yield Reminder(datetime.combine(last_on - timedelta(days), time(tzinfo=UTC)), code, last_on, days)


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
