"""What the clock causes: deadlines, operators' commands, and the facts of closed profiles that nobody needs."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from services.decisions import store
from services.decisions.barrier import Barrier
from services.decisions.cases import refold
from services.decisions.commands import obey
from services.decisions.store import QUERIES
from shared.ops import metrics
from shared.worker.loops import forever
from shared.worker.runtime import Runtime
from shared.worker.service import ClockStep
from shared.worker.step import Connection, Step

BARRIER_TOPICS = ("application", "invited", "profile")
KEPT_AFTER_CLOSING = timedelta(days=7)
"""An invitation that overtakes its profile, however late, finds the facts that it names."""

_GAUGE_POLL_S = 15.0


class Deadlines:
    """Acts on deadlines once nothing received before them can still be on its way."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier

    async def run(self, step: Step, limit: int) -> int:
        """Take profiles with a deadline that has come and was passed by the whole group."""
        until = self._barrier.passed
        if until is None:
            return 0
        keys = await _take(step, QUERIES.take_due, until, limit)
        await refold(step, await store.lock(step.connection, keys), until)
        return len(keys)

    @staticmethod
    async def due(connection: Connection, instant: datetime) -> int:
        """How many profiles have a deadline that has come."""
        return int(await connection.fetchval(QUERIES.count_due, instant))


class Tidying:
    """Drops the facts of closed profiles that no invitation names."""

    def __init__(self, barrier: Barrier) -> None:
        self._barrier = barrier

    async def run(self, step: Step, limit: int) -> int:
        """Take profiles closed for a while, when no invitation can still be on its way."""
        until = self._barrier.passed
        if until is None:
            return 0
        keys = await _take(step, QUERIES.take_closed, until - KEPT_AFTER_CLOSING, limit)
        await step.connection.execute(QUERIES.drop_facts, keys)
        await step.connection.execute(QUERIES.dropped, keys)
        return len(keys)

    @staticmethod
    async def due(connection: Connection, instant: datetime) -> int:
        """How many profiles are closed for long enough."""
        return int(await connection.fetchval(QUERIES.count_closed, instant - KEPT_AFTER_CLOSING))


async def _take(step: Step, statement: str, until: datetime, limit: int) -> list[str]:
    rows = await step.connection.fetch(statement, until, list(step.set_aside), limit)
    keys = [row["profile_id"] for row in rows]
    step.working_on(keys)
    return keys


def clock_steps(runtime: Runtime) -> Sequence[ClockStep]:
    """The steps of the service."""

    first, second = (
        Barrier(runtime.offsets, runtime.clock, runtime.service.name, BARRIER_TOPICS) for _ in ("deadlines", "tidying")
    )
    deadlines, tidying = Deadlines(first), Tidying(second)
    return (
        ClockStep("commands", obey, _count_commands),
        ClockStep("deadlines", deadlines.run, deadlines.due, _asks(runtime, first, QUERIES.any_due)),
        ClockStep("tidying", tidying.run, tidying.due, _asks(runtime, second, QUERIES.any_closed, KEPT_AFTER_CLOSING)),
    )


def _asks(
    runtime: Runtime, barrier: Barrier, any_before: str, after: timedelta = timedelta()
) -> Callable[[], Awaitable[None]]:
    """The broker is asked outside of any transaction, and only where something came to be due so long ago."""

    async def prepare() -> None:
        async with runtime.pool.acquire() as connection:
            waiting = await connection.fetchval(any_before, runtime.clock.now() - after)
        if waiting:
            await barrier.look()

    return prepare


async def _count_commands(connection: Connection, _: datetime) -> int:
    return int(await connection.fetchval(QUERIES.count_commands))


async def watch_cases(runtime: Runtime) -> None:
    """The gauges: inputs that wait for what they answer, applications by state and the age of the oldest."""

    async def measure() -> bool:
        async with runtime.pool.acquire() as connection:
            metrics.WAITING_INPUTS.set(await connection.fetchval(QUERIES.waiting_inputs))
            states = await connection.fetch(QUERIES.applications_by_state)
        metrics.APPLICATIONS.clear()
        metrics.APPLICATION_AGE.clear()
        for row in states:
            metrics.APPLICATIONS.labels(row["state"]).set(row["applications"])
            age = runtime.clock.now() - row["oldest"]
            metrics.APPLICATION_AGE.labels(row["state"]).set(age.total_seconds() / 86400)
        return False

    await forever("cases", measure, _GAUGE_POLL_S)
