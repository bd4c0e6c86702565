"""Days: completed years, the same day of another year. 29 February is 28 February in a common year."""

from calendar import monthrange
from datetime import date


def add_years(day: date, years: int) -> date:
    """The same day `years` later (earlier if negative)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def completed_years(since: date, on: date) -> int:
    """Completed years from one day to another; negative before `since`."""
    years = on.year - since.year
    return years - 1 if add_years(since, years) > on else years


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or else the last day of that month (Interpretation Act s.28)."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def completed_months(first: date, end: date) -> int:
    """Completed months from `first` to the day before `end`."""
    months = (end.year - first.year) * 12 + end.month - first.month
    return months - 1 if add_months(first, months) > end else months
