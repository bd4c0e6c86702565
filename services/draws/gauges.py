"""What draws shows of itself: the pool by published band of scores, the rounds by state, and the one that is late."""

import asyncio
import time

from services.draws.store import QUERIES
from shared.ops import metrics
from shared.rules.bands import PARTS, counted
from shared.worker.loops import forever
from shared.worker.runtime import Runtime

_POLL_S = 15.0
_PAUSE = 50
"""So many times as long as a look took (it reads the whole pool) nothing is looked at: a fiftieth of a core at most."""


async def watch_pool(runtime: Runtime) -> None:
    """Measure for as long as the process lives."""

    async def pool() -> bool:
        began = time.monotonic()
        await measure_pool(runtime)
        await asyncio.sleep(_PAUSE * (time.monotonic() - began))
        return False

    async def rounds() -> bool:
        await measure_rounds(runtime)
        return False

    await asyncio.gather(forever("pool_gauge", pool, _POLL_S), forever("rounds_gauge", rounds, _POLL_S))


async def measure_pool(runtime: Runtime) -> None:
    """Set the gauge of the pool once."""
    async with runtime.pool.acquire() as connection:
        scores = {row["total"]: row["profiles"] for row in await connection.fetch(QUERIES.count_scores)}
    metrics.pool(counted(scores, PARTS))


async def measure_rounds(runtime: Runtime) -> None:
    """Set the gauges of rounds once."""
    async with runtime.pool.acquire() as connection:
        rounds = await connection.fetch(QUERIES.count_rounds)
    now = runtime.clock.now()
    late_s = max(((now - row["due"]).total_seconds() for row in rounds if row["due"]), default=0.0)
    metrics.rounds({row["state"]: row["rounds"] for row in rounds}, max(late_s, 0.0))
