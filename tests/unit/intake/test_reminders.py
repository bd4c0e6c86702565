"""What runs out, and when the candidate is told."""

from datetime import UTC, date, datetime
from typing import Any

from services.intake.reminders import next_reminder_on, reminders_on
from shared.contracts.submission import Submission
from tests.unit.intake.given import body

EXPIRES = datetime(2027, 3, 1, 18, tzinfo=UTC)
TEST = {
    "test": "tef_canada",
    "taken_on": "2025-02-28",
    "listening": 546,
    "reading": 546,
    "writing": 558,
    "speaking": 556,
}
ECA = {"level": "two_year", "country": "FRA", "completed_on": "2015-06-30", "eca_issued_on": "2021-08-15"}


def facts(**more: Any) -> Submission:
    return Submission.model_validate(body(**more))


def days_of(found: Submission) -> list[tuple[str, str]]:
    day, listed = date(2026, 3, 2), []
    while (following := next_reminder_on(found, EXPIRES, day)) is not None:
        day = following
        listed += [(str(day), one.code) for one in reminders_on(found, EXPIRES, day)]
    return listed


def test_a_profile_is_reminded_thirty_and_seven_days_before_its_last_day() -> None:
    assert days_of(facts()) == [("2027-01-30", "profile_ends"), ("2027-02-22", "profile_ends")]


def test_a_test_counts_until_the_day_before_two_years() -> None:
    assert days_of(facts(language_tests=[TEST]))[:1] == [("2027-01-28", "french_test_ends")]
    with_results = TEST | {"results_on": "2025-03-20"}
    (first,) = reminders_on(facts(language_tests=[with_results]), EXPIRES, date(2027, 2, 17))
    assert (first.code, first.last_on, first.days) == ("french_test_ends", date(2027, 3, 19), 30)


def test_an_assessment_counts_until_the_day_before_five_years_and_two_of_one_day_are_one_reminder() -> None:
    assert days_of(facts(education=[ECA, ECA]))[:2] == [("2026-07-15", "eca_ends"), ("2026-08-07", "eca_ends")]


def test_a_nomination_counts_on_its_last_day() -> None:
    nomination = {"province": "BC", "issued_on": "2026-02-01", "expires_on": "2026-08-01"}
    assert days_of(facts(nomination=nomination))[:2] == [
        ("2026-07-02", "nomination_ends"),
        ("2026-07-25", "nomination_ends"),
    ]


def test_a_partner_who_does_not_come_along_needs_no_reminder() -> None:
    partner = {"accompanying": True, "language_tests": [TEST], "education": [ECA]}
    assert "partner_french_test_ends" in dict(map(reversed, days_of(facts(partner=partner))))  # type: ignore[arg-type]
    assert days_of(facts(partner=partner | {"accompanying": False})) == days_of(facts())


def test_an_unreadable_foreign_credential_without_assessment_has_no_reminder() -> None:
    assert days_of(facts(education=[ECA | {"eca_issued_on": None}])) == days_of(facts())
