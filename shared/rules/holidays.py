"""The federal holidays of the Interpretation Act (s.35(1)), and the day on which a time limit ends (s.26)."""

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

_TABLE: Final[dict[str, Any]] = yaml.safe_load((files(__package__) / "data" / "holidays.yaml").read_text("utf-8"))
_SUNDAY: Final = 7
_DAY: Final = timedelta(days=1)


def is_holiday(day: date) -> bool:
    """Whether the day is a holiday for the Act: a Sunday or one of the days that s.35(1) names."""
    return day.isoweekday() == _SUNDAY or day in holidays(day.year)


def next_day_not_a_holiday(day: date) -> date:
    """The day itself, or else the first later day that is no holiday (Interpretation Act s.26)."""
    while is_holiday(day):
        day += _DAY
    return day


@cache
def holidays(year: int) -> dict[date, str]:
    """The named holidays of a year in order of date: day -> name. Sundays are not listed."""
    named = {
        _day_of(rule, year): name
        for name, rule in _TABLE["holidays"].items()
        if rule["rule"] != "weekday" and year >= rule.get("from_year", year)
    }
    return dict(sorted(named.items()))


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    century, year_of_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (year_of_century // 4) - epact - year_of_century % 4) % 7
    correction = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def _day_of(rule: dict[str, Any], year: int) -> date:
    match rule["rule"]:
        case "fixed":
            day = date(year, rule["month"], rule["day"])
            moves = rule.get("if_sunday") == "next_day" and day.isoweekday() == _SUNDAY
            return day + _DAY if moves else day
        case "easter":
            return easter(year) + timedelta(days=rule["days"])
        case "monday_before":
            return _monday_on_or_before(date(year, rule["month"], rule["day"]) - _DAY)
        case "nth_monday":
            return _monday_on_or_before(date(year, rule["month"], 7 * rule["nth"]))
        case other:
            raise ValueError(f"holidays.yaml: no rule {other!r}; use fixed, easter, monday_before or nth_monday")


def _monday_on_or_before(day: date) -> date:
    return day - timedelta(days=day.weekday())
