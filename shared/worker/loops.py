"""What a process does besides consuming: the relay, the clock steps, its report of the clock, the gauges."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from aiokafka.structs import TopicPartition

from shared.ops import metrics
from shared.ops.log import log
from shared.worker.alone import alone
from shared.worker.batch import backoff_s
from shared.worker.errors import is_transient
from shared.worker.failpoints import failpoint
from shared.worker.progress import Growth, Progress
from shared.worker.publisher import RELAY_LIMIT
from shared.worker.runtime import Runtime
from shared.worker.service import ClockStep
from shared.worker.step import QUERIES

SET_ASIDE_S = 60.0
"""How long a key whose clock step fails is left alone before it is tried again, seconds."""


async def forever(name: str, act: Callable[[], Awaitable[bool]], poll_s: float) -> None:
    """Call `act` again and again, at once while it says that more is waiting; a failure waits and is told."""
    failures = 0
    while True:
        try:
            more = await act()
            failures = 0
        except Exception as error:
            failures += 1
            more = False
            report = log.warning if is_transient(error) else log.exception
            report("loop_failed", loop=name, error=type(error).__name__)
            metrics.loop_failed(name)
        if not more:
            await asyncio.sleep(max(poll_s, backoff_s(failures + 1) if failures else 0.0))


class Relay:
    """Publishes the outbox: one relay of a service at a time.

    Should one that was taken for frozen wake up in the middle of a publish, then two overlap, and that is safe: a fact
    comes again with the same `ce_id` and the same bytes, which readers drop, and behind a state that was read too
    early its publisher reads the sequences again and publishes the row as it is now.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self) -> None:
        await forever("relay", self._round, self._runtime.settings.relay_poll_ms / 1000)

    async def _round(self) -> bool:
        """Keep the lock for as long as there is work."""
        await self._runtime.publisher.repay()
        async with alone(self._runtime.pool, f"{self._runtime.service.name}.relay") as mine:
            if not mine:
                return False
            failpoint("relay_locked")
            while await self._runtime.publisher.relay() == RELAY_LIMIT:
                pass
        return False


class Clockwork:
    """Runs the clock steps of a service, in every process: `SKIP LOCKED` shares the due rows among them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._set_aside: dict[str, float] = {}

    async def run(self) -> None:
        steps = self._runtime.steps()
        poll_s = self._runtime.settings.step_poll_ms / 1000
        await asyncio.gather(*(forever(step.name, self._round(step), poll_s) for step in steps))

    def _round(self, step: ClockStep) -> Callable[[], Awaitable[bool]]:
        async def act() -> bool:
            return await self._take(step, self._runtime.settings.step_limit)

        return act

    async def _take(self, step: ClockStep, limit: int) -> bool:
        """One transaction. Where a bug breaks it, the row that causes it is found and set aside for a while."""
        in_hand: tuple[str, ...] = ()
        await step.prepare()
        try:
            async with self._runtime.pool.acquire() as connection, connection.transaction():
                unit = self._runtime.step(connection, by_clock=True)
                unit.set_aside = self._still_aside()
                try:
                    taken = await step.run(unit, limit)
                    await unit.close()
                finally:
                    in_hand = unit.in_hand
                if taken:
                    failpoint("inside_clock_step")
        except Exception as error:
            if is_transient(error) or not in_hand:
                raise
            return await self._narrow(step, limit, in_hand)
        if taken:
            failpoint("after_clock_step")
        metrics.step_done(step.name, taken)
        return taken == limit

    async def _narrow(self, step: ClockStep, limit: int, in_hand: tuple[str, ...]) -> bool:
        if limit > 1:
            return await self._take(step, 1)
        log.exception("clock_step_failed", step=step.name, key=in_hand[0])
        metrics.loop_failed(step.name)
        self._set_aside[in_hand[0]] = time.monotonic() + SET_ASIDE_S
        return True

    def _still_aside(self) -> list[str]:
        now = time.monotonic()
        self._set_aside = {key: until for key, until in self._set_aside.items() if until > now}
        return list(self._set_aside)


class ClockReport:
    """Tells the database which business instant this process has taken over (`ee dev clock advance` waits for it)."""

    def __init__(self, runtime: Runtime, process_id: str) -> None:
        self._runtime = runtime
        self._process_id = process_id
        self._seen = asyncio.Event()
        self._instant: datetime | None = None

    def see(self, instant: datetime) -> None:
        """Called by the clock."""
        self._instant = instant
        self._seen.set()

    async def run(self) -> None:
        await forever("clock_report", self._report, 0.0)

    async def _report(self) -> bool:
        await self._seen.wait()
        self._seen.clear()  # before the write: an instant that comes meanwhile is reported by the next one
        try:
            async with self._runtime.pool.acquire() as connection:
                await connection.execute(QUERIES.report_process, self._process_id, self._instant)
        except Exception:
            self._seen.set()
            raise
        return True


class Gauges:
    """Outbox, lag, progress and loop lag, every few seconds."""

    def __init__(self, runtime: Runtime, progress: Progress, mine: Callable[[], Iterable[TopicPartition]]) -> None:
        self._runtime = runtime
        self._progress = progress
        self._mine = mine
        self._outbox = Growth()

    async def run(self) -> None:
        """Measure for as long as the process lives; what can't be measured is left as it was."""
        await asyncio.gather(
            forever("loop_gauge", self._loop, 5.0),
            forever("outbox_gauge", self._look_at_outbox, 5.0),
            forever("lag_gauge", self._look_at_lag, 5.0),
        )

    async def _loop(self) -> bool:
        due_at = time.monotonic() + 0.1
        await asyncio.sleep(0.1)
        metrics.loop_lag(time.monotonic() - due_at)
        return False

    async def _look_at_outbox(self) -> bool:
        async with self._runtime.pool.acquire() as connection:
            [row] = await connection.fetch(QUERIES.outbox_extent)
        waiting_s = self._outbox.waiting_s(time.monotonic(), row["last"], row["first"] - 1) if row["rows"] else 0.0
        metrics.outbox(self._runtime.service.name, row["rows"], waiting_s)
        return False

    async def _look_at_lag(self) -> bool:
        offsets, service = self._runtime.offsets, self._runtime.service
        ends = await offsets.ends(service.topics)
        behind = await offsets.behind(service.name, ends)
        self._progress.look(time.monotonic(), ends, behind, self._mine())
        metrics.lag(service.name, self._progress.lag_records, self._progress.lag_s)
        return False
