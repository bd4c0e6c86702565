"""Provisional results are never silent: a metric for each, and one loud line a day and process."""

from collections.abc import Iterable
from datetime import date

from services.scoring.evaluation import Result
from shared.ops import metrics
from shared.ops.log import log


class Alarm:
    """Hears of results before they are in force."""

    def __init__(self, service: str) -> None:
        self._counter = metrics.PROVISIONAL.labels(service)
        self._told: set[date] = set()

    def hear(self, results: Iterable[Result]) -> None:
        """Count those that are provisional; tell of a day at its first one."""
        for result in results:
            if result.provisional:
                self._counter.inc()
                self._tell(result)

    def _tell(self, result: Result) -> None:
        if result.on in self._told:
            return
        self._told.add(result.on)
        log.critical(
            "results_provisional",
            on=result.on.isoformat(),
            missing_tables=list(result.missing_tables),
            hint="no confirmed table for this day is loaded; rounds refuse these results unless told otherwise",
        )
