"""Periods and deadlines, with dates counted by hand on a calendar."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from shared.rules.periods import (
    FAIRNESS_DAYS,
    Period,
    add_months,
    add_years,
    deadline,
    deadline_after,
    fairness_period,
    last_day,
    misrepresentation_bar,
    period_to_apply,
    profile_expires_at,
    retained_until,
    review_period,
    service_standard,
    utc_day,
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("invited_on", "days", "rule_set"),
    [
        ("2015-01-01", 60, "period_2015-01-01"),
        ("2016-11-18", 60, "period_2015-01-01"),
        ("2016-11-19", 90, "period_2016-11-19"),
        ("2018-06-25", 90, "period_2016-11-19"),
        ("2018-06-26", 60, "period_2018-06-26"),
        ("2020-03-17", 60, "period_2018-06-26"),
        ("2020-03-18", 90, "period_2020-03-18"),
        ("2021-06-28", 90, "period_2020-03-18"),
        ("2021-06-29", 60, "period_2021-06-29"),
        ("2026-11-25", 60, "period_2021-06-29"),
    ],
)
def test_the_period_to_apply_is_that_of_the_day_of_the_invitation(invited_on: str, days: int, rule_set: str) -> None:
    assert period_to_apply(day(invited_on)) == Period(days, rule_set, "A10.3(1)(k)")


def test_there_was_no_period_before_express_entry() -> None:
    with pytest.raises(ValueError, match="2015-01-01"):
        period_to_apply(day("2014-12-31"))


@pytest.mark.parametrize(
    ("invited_at", "ends_at"),
    [
        # 4 days left in February, 31 in March: day 60 is Saturday 25 April, which is no holiday.
        ("2026-02-24T15:00:00+00:00", "2026-04-26T00:00:00+00:00"),
        # Day 60 is Sunday 26 April: Monday counts.
        ("2026-02-25T15:00:00+00:00", "2026-04-28T00:00:00+00:00"),
        # Day 60 is Easter Sunday, 5 April 2026; Easter Monday is a holiday too: Tuesday counts.
        ("2026-02-04T15:00:00+00:00", "2026-04-08T00:00:00+00:00"),
        # Day 60 is Good Friday, 3 April 2026: Saturday counts.
        ("2026-02-02T15:00:00+00:00", "2026-04-05T00:00:00+00:00"),
        # Day 60 is Christmas Day, Friday 25 December 2026: Saturday counts.
        ("2026-10-26T15:00:00+00:00", "2026-12-27T00:00:00+00:00"),
        # Day 90 is Sunday 1 July 2018, so Canada Day is Monday 2 July: Tuesday counts.
        ("2018-04-02T15:00:00+00:00", "2018-07-04T00:00:00+00:00"),
        # 30 September: Truth and Reconciliation from 2021 (a Thursday), a working Wednesday in 2020.
        ("2021-08-01T15:00:00+00:00", "2021-10-02T00:00:00+00:00"),
        ("2020-07-02T15:00:00+00:00", "2020-10-01T00:00:00+00:00"),
        # The day of an instant is its UTC date: 20:30 in Ottawa on 24 February is the 25th.
        ("2026-02-24T20:30:00-05:00", "2026-04-28T00:00:00+00:00"),
        # First and last instant of one day: the same deadline.
        ("2026-02-24T00:00:00+00:00", "2026-04-26T00:00:00+00:00"),
        ("2026-02-24T23:59:59.999999+00:00", "2026-04-26T00:00:00+00:00"),
    ],
)
def test_a_deadline_is_the_end_of_the_last_day_that_is_no_holiday(invited_at: str, ends_at: str) -> None:
    ends = deadline(at(invited_at))
    assert ends == at(ends_at)
    assert ends.tzinfo is UTC


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset from UTC"):
        deadline(datetime(2026, 2, 24, 15))  # noqa: DTZ001 the naive instant is the case


def test_the_day_of_an_instant_is_its_utc_date() -> None:
    assert utc_day(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == day("2025-12-31")


@pytest.mark.parametrize(
    ("start", "years", "result"),
    [
        ("2025-03-31", 1, "2026-03-31"),
        ("2024-02-29", 1, "2025-02-28"),
        ("2024-02-29", 4, "2028-02-29"),
        ("2023-02-28", 1, "2024-02-28"),
        ("2024-02-29", -3, "2021-02-28"),
        ("2026-06-01", -10, "2016-06-01"),
    ],
)
def test_29_february_is_28_february_in_a_common_year(start: str, years: int, result: str) -> None:
    assert add_years(day(start), years) == day(result)


@pytest.mark.parametrize(
    ("start", "months", "result"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-01-31", -1, "2025-12-31"),
        ("2026-11-30", 1, "2026-12-30"),
    ],
)
def test_a_month_that_lacks_the_day_gives_its_last_day(start: str, months: int, result: str) -> None:
    assert add_months(day(start), months) == day(result)


@pytest.mark.parametrize(
    ("submitted_at", "expires_at"),
    [
        ("2026-03-01T18:34:05.120000+00:00", "2027-03-01T18:34:05.120000+00:00"),
        ("2028-02-29T08:00:00+00:00", "2029-02-28T08:00:00+00:00"),
        ("2026-12-31T20:00:00-05:00", "2028-01-01T01:00:00+00:00"),
    ],
)
def test_a_profile_lives_twelve_months_to_the_same_time_of_day(submitted_at: str, expires_at: str) -> None:
    assert profile_expires_at(at(submitted_at)) == at(expires_at)


def test_leave_is_asked_for_within_15_days_in_canada_and_60_outside() -> None:
    assert review_period(decided_in_canada=True).days == 15
    assert review_period(decided_in_canada=False).days == 60
    assert review_period(decided_in_canada=True).section == "A72(2)(b)"
    # Decided on Saturday 10 October 2026: day 15 is Sunday the 25th, so Monday counts.
    assert last_day(day("2026-10-10"), review_period(decided_in_canada=True)) == day("2026-10-26")


def test_a_fairness_letter_gives_30_days() -> None:
    assert FAIRNESS_DAYS == 30
    # Sent on Monday 1 June 2026: day 30 is Wednesday 1 July, Canada Day.
    assert deadline_after(at("2026-06-01T14:00:00+00:00"), fairness_period()) == at("2026-07-03T00:00:00+00:00")


@pytest.mark.parametrize(("decided", "until"), [("2026-08-30", "2028-08-31"), ("2028-02-29", "2030-03-01")])
def test_what_a_decision_rested_on_is_kept_for_two_years(decided: str, until: str) -> None:
    assert retained_until(day(decided)) == day(until)


def test_the_service_standard_is_six_months() -> None:
    assert service_standard(day("2026-08-30")) == day("2027-02-28")


def test_a_determination_outside_canada_bars_for_five_years_from_it() -> None:
    bar = misrepresentation_bar(day("2024-02-29"), determined_in="outside")
    assert bar.section == "A40(2)(a)"
    assert not bar.holds_on(day("2024-02-28"))
    assert bar.holds_on(day("2024-02-29"))
    assert bar.holds_on(day("2029-02-28"))
    assert not bar.holds_on(day("2029-03-01"))


def test_a_determination_in_canada_bars_without_end_until_the_removal_is_enforced() -> None:
    bar = misrepresentation_bar(day("2026-01-15"), determined_in="canada")
    assert bar.until is None
    assert bar.holds_on(day("2099-01-01"))
    ended = misrepresentation_bar(day("2026-01-15"), determined_in="canada", removal_enforced_on=day("2026-09-01"))
    assert ended.until == day("2031-09-01")
    assert not ended.holds_on(day("2031-09-02"))
