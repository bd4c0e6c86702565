"""What is shown of looks: a row for each service, from the last look and those of the seconds before it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from shared.top.look import Look, Stage
from shared.worker.progress import Progress

RATE_OVER_S = 10.0
"""A rate is the mean over so many seconds."""

_STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Row:
    """A service, as it is shown. `new_dead_letters`: since the first look."""

    service: str
    state: str
    workers: int
    rate: float
    lag_records: int
    lag_s: float
    dead_letters: int
    new_dead_letters: int


class Frames:
    """Takes looks, gives rows."""

    def __init__(self) -> None:
        self._looks: deque[Look] = deque()
        self._progress: dict[str, Progress] = {}
        self._dead_before: dict[str, int] = {}

    def take(self, look: Look) -> list[Row]:
        """The rows after this look."""
        self._looks.append(look)
        while len(self._looks) > 2 and look.at - self._looks[1].at >= RATE_OVER_S:
            self._looks.popleft()
        return [self._row(stage, before) for stage, before in zip(look.stages, self._looks[0].stages, strict=True)]

    def _row(self, stage: Stage, before: Stage) -> Row:
        now, then = self._looks[-1].at, self._looks[0].at
        progress = self._progress.setdefault(stage.service, Progress(stalled_s=RATE_OVER_S, looked_at=now))
        progress.look(now, stage.ends, stage.behind, ())
        dead_before = self._dead_before.setdefault(stage.service, stage.dead_letters)
        return Row(
            stage.service,
            stage.state,
            stage.workers,
            (_passed(stage) - _passed(before)) / (now - then) if now > then else 0.0,
            progress.lag_records,
            progress.lag_s,
            stage.dead_letters,
            max(stage.dead_letters - dead_before, 0),
        )


def _passed(stage: Stage) -> int:
    return sum(end - stage.behind.get(place, 0) for place, end in stage.ends.items())


def table(rows: Sequence[Row]) -> Table:
    """The frame. What asks for attention is red: nobody works, records wait and none is handled, new dead letters."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("service", "state", "workers", "records/s", "lag", "oldest waits", "dead letters"):
        shown.add_column(title, justify="left" if title in {"service", "state"} else "right", no_wrap=True)
    for row in rows:
        stands_still = row.lag_records > 0 and row.rate <= 0
        dead = f"{row.dead_letters:,}" + (f" (+{row.new_dead_letters:,})" if row.new_dead_letters else "")
        shown.add_row(
            row.service,
            _marked(row.state, row.state != _STABLE),
            _marked(f"{row.workers:,}", row.workers == 0),
            _marked(f"{row.rate:,.0f}", stands_still),
            _marked(f"{row.lag_records:,}", stands_still),
            f"{row.lag_s:,.0f} s" if row.lag_records else "",
            _marked(dead, row.new_dead_letters > 0),
        )
    return shown


def _marked(words: str, alarming: bool) -> Text:
    return Text(words, style="bold red" if alarming else "")
