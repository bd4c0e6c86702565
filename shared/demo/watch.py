"""What is seen while the pool fills: how many are through each stage, how fast, how many wait, how many refused."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from shared.worker.quiet import Glance

STAGES = {"intake": ("submission",), "scoring": ("profile",), "draws": ("scored", "eligible")}
"""What each service reads of every profile."""

_RATE_OVER_S = 3.0
_LINE_EVERY_S = 5.0
_MEMORY_EVERY_S = 1.0
_MIB = 2**20


class Watch:
    """Shows each glance: bars on a terminal, a line every five seconds where there is none."""

    def __init__(self, console: Console, total: int, before: Glance) -> None:
        self._console = console
        self._total = total
        self._before = before
        self._began = time.monotonic()
        self._told = self._began
        self._done: deque[tuple[float, Mapping[str, int]]] = deque([(self._began, dict.fromkeys(STAGES, 0))])
        self._bars = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            TextColumn("{task.completed:>8,.0f}  {task.fields[words]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks = {stage: self._bars.add_task(stage, total=total, words="") for stage in STAGES}

    def __enter__(self) -> "Watch":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def through(self, stage: str) -> int:
        """How many profiles have passed a stage."""
        return self._done[-1][1][stage]

    def show(self, glance: Glance) -> None:
        """Take the lags of one look."""
        now = time.monotonic()
        done = {s: (self._came(glance, *topics) - glance.lags[s]) // len(topics) for s, topics in STAGES.items()}
        told = f"  records on rejected, copies too: {self._came(glance, 'rejected'):,}"
        while now - self._done[0][0] > _RATE_OVER_S and len(self._done) > 1:
            self._done.popleft()
        since, before = self._done[0]
        rates = {s: (done[s] - before[s]) / max(now - since, 0.001) for s in STAGES}
        self._done.append((now, done))
        for stage, task in self._tasks.items():
            words = f"{rates[stage]:>6,.0f}/s  lag {glance.lags[stage]:>7,}"
            self._bars.update(task, completed=done[stage], words=f"{words}{told if stage == 'intake' else ''}")
        if not self._console.is_terminal and now - self._told > _LINE_EVERY_S:
            self._told = now
            said = [f"{s} {done[s]:,} ({rates[s]:,.0f}/s, lag {glance.lags[s]:,})" for s in STAGES]
            self._console.print(f"{now - self._began:>4.0f} s  {'  '.join(said)}{told}")

    def _came(self, glance: Glance, *topics: str) -> int:
        """Records on these topics since the beginning."""
        return sum(end - self._before.ends[p] for p, end in glance.ends.items() if p.topic in topics)


class Memory:
    """The most that this process and all below it have taken together, in MiB; shared pages count once."""

    def __init__(self) -> None:
        self.peak_mib = 0

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look every second."""

        async def look() -> None:
            while True:
                self.peak_mib = max(self.peak_mib, await asyncio.to_thread(_now_mib))
                await asyncio.sleep(_MEMORY_EVERY_S)

        task = asyncio.create_task(look())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _now_mib() -> int:
    me = psutil.Process()
    return sum(map(_proportional, [me, *me.children(recursive=True)])) // _MIB


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it has just ended
        return 0
