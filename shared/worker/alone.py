"""One process at a time: an advisory lock whose holder shows that it lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import asyncpg

from shared.db.pool import Pool
from shared.ops.log import log
from shared.worker.step import QUERIES, Connection

STUCK_AFTER = timedelta(seconds=60)
"""After so long without a sign of life the holder of a lock is taken for frozen: twice a slow publish."""

_SIGN_S = 10.0


@asynccontextmanager
async def alone(pool: Pool, name: str) -> AsyncIterator[bool]:
    """True for a block that has the lock of this name, False where another process has it.

    The lock only saves work. A process that is frozen keeps its connection and with it the lock, so whoever finds it
    silent ends that connection. Should the first wake up, two are in such a block, and each says why that is safe.
    """
    async with pool.acquire() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", name):
            if await connection.fetchval(QUERIES.end_frozen_holder, name, STUCK_AFTER):
                log.warning("frozen_holder_ended", lock=name)
            yield False
            return
        over = asyncio.Event()
        life = asyncio.create_task(_show_life(connection, over))
        try:
            yield True
        finally:
            over.set()
            await asyncio.gather(life, return_exceptions=True)
            with suppress(asyncpg.InterfaceError, asyncpg.PostgresConnectionError):  # with it the lock is gone
                await connection.execute("SELECT pg_advisory_unlock(hashtext($1))", name)


async def _show_life(connection: Connection, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(_SIGN_S):
                await over.wait()
                return
        await connection.execute("SELECT 1")
