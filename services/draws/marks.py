"""Who was invited is marked in the pool after the round, in batches like those of ingest, which goes on between."""

from services.draws import store
from services.draws.store import QUERIES
from shared.worker.failpoints import failpoint
from shared.worker.runtime import Runtime
from shared.worker.step import Step

BATCH = 250
"""Rows at a time: few enough that a batch of ingest about one of them hardly waits."""


async def mark_invited(runtime: Runtime) -> None:
    """Mark who was invited in rounds that have no certificate yet. Can be done again from the start at any point."""
    async with runtime.pool.acquire() as connection:
        profiles = [row["profile_id"] for row in await connection.fetch(QUERIES.unmarked)]
        for first in range(0, len(profiles), BATCH):
            failpoint("round_before_marks")
            async with connection.transaction():
                await _mark(runtime.step(connection, by_clock=True), profiles[first : first + BATCH])


async def _mark(step: Step, profiles: list[str]) -> None:
    """Decided anew under the rows' locks: a decline may have come first."""
    connection = step.connection
    await store.lock_profiles(connection, profiles)
    turned = await store.invitation_changes(connection, profiles)
    if turned:
        await store.turn_invitations(connection, turned, await store.begin_change(connection, step.now))
