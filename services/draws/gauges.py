"""What draws shows of itself: the pool by published band of scores, the rounds by state, and the one that is late."""

from services.draws.store import QUERIES
from shared.ops import metrics
from shared.rules.bands import PARTS, counted
from shared.worker.loops import forever
from shared.worker.runtime import Runtime

_POLL_S = 15.0


async def watch_pool(runtime: Runtime) -> None:
    """Measure for as long as the process lives."""

    async def look() -> bool:
        await measure(runtime)
        return False

    await forever("pool", look, _POLL_S)


async def measure(runtime: Runtime) -> None:
    """Set the gauges once."""
    async with runtime.pool.acquire() as connection:
        scores = {row["total"]: row["profiles"] for row in await connection.fetch(QUERIES.count_scores)}
        rounds = await connection.fetch(QUERIES.count_rounds)
    metrics.pool(counted(scores, PARTS))
    now = runtime.clock.now()
    late_s = max((((now - row["due"]).total_seconds()) for row in rounds if row["due"]), default=0.0)
    metrics.rounds({row["state"]: row["rounds"] for row in rounds}, max(late_s, 0.0))
