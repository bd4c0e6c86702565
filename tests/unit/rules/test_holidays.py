"""Federal holidays, against the calendars of the years."""

from datetime import date

import pytest

from shared.rules.holidays import easter, holidays, is_holiday, next_day_not_a_holiday


@pytest.mark.parametrize(
    "sunday",
    [
        "2015-04-05",
        "2016-03-27",
        "2018-04-01",
        "2019-04-21",
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2038-04-25",
    ],
)
def test_easter_falls_on_the_sunday_of_the_calendar(sunday: str) -> None:
    assert easter(int(sunday[:4])).isoformat() == sunday


def test_the_holidays_of_2026_are_those_that_the_act_names() -> None:
    assert [(day.isoformat(), name) for day, name in holidays(2026).items()] == [
        ("2026-01-01", "new_years_day"),
        ("2026-04-03", "good_friday"),
        ("2026-04-06", "easter_monday"),
        ("2026-05-18", "victoria_day"),
        ("2026-07-01", "canada_day"),
        ("2026-09-07", "labour_day"),
        ("2026-09-30", "truth_and_reconciliation"),
        ("2026-10-12", "thanksgiving"),
        ("2026-11-11", "remembrance_day"),
        ("2026-12-25", "christmas_day"),
    ]


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        ("2020-05-18", True),  # Victoria Day when 25 May is itself a Monday: the Monday before
        ("2020-05-25", False),
        ("2018-07-02", True),  # 1 July is a Sunday
        ("2017-07-03", False),  # 1 July is a Saturday: nothing moves
        ("2020-09-30", False),  # before the National Day for Truth and Reconciliation
        ("2021-09-30", True),
        ("2026-12-26", False),  # Boxing Day is none for the Act
        ("2026-08-03", False),  # a civic holiday is none
        ("2026-11-28", False),  # nor is a Saturday
        ("2026-11-29", True),  # a Sunday is
        ("2025-09-01", True),  # Labour Day on the 1st
        ("2024-10-14", True),  # the latest Thanksgiving
    ],
)
def test_only_sundays_and_the_days_of_section_35_are_holidays(day: str, holiday: bool) -> None:
    assert is_holiday(date.fromisoformat(day)) is holiday


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        ("2026-04-05", "2026-04-07"),  # Easter Sunday, then Easter Monday
        ("2026-04-03", "2026-04-04"),
        ("2022-12-25", "2022-12-26"),
        ("2026-11-25", "2026-11-25"),
    ],
)
def test_a_limit_on_a_holiday_moves_to_the_next_day_that_is_none(day: str, counts: str) -> None:
    assert next_day_not_a_holiday(date.fromisoformat(day)).isoformat() == counts
