"""Days: completed years, the same day of another year. 29 February is 28 February in a common year."""

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


def completed_months(first: date, end: date) -> int:
    """Completed months from `first` to the day before `end`."""
    months = (end.year - first.year) * 12 + end.month - first.month
    return months - 1 if end.day < first.day else months
