"""A provisional result is never silent."""

from datetime import date

from structlog.testing import capture_logs

from services.scoring.evaluation import Result, result_of, subject_of
from services.scoring.provisional import Alarm
from shared.ops import metrics
from tests.unit.scoring.candidates import NOW, state


def on(day: date) -> Result:
    return result_of(subject_of(state(), 1), 1, day, NOW)


def test_each_one_is_counted_and_each_day_is_told_once() -> None:
    alarm, counter = Alarm("test_provisional"), metrics.PROVISIONAL.labels("test_provisional")
    confirmed, first, second = on(date(2026, 11, 2)), on(date(2026, 11, 3)), on(date(2026, 11, 4))
    with capture_logs() as logs:
        alarm.hear([confirmed, first, first])
        alarm.hear([first, second])
    assert counter._value.get() == 4
    assert [(entry["log_level"], entry["on"], entry["missing_tables"]) for entry in logs] == [
        ("critical", "2026-11-03", ["crs"]),
        ("critical", "2026-11-04", ["crs"]),
    ]
