"""A process that is frozen while it holds the relay's lock does not stop the outbox of its service."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest

from shared.stack.stack import Stack
from shared.worker.loops import Relay
from shared.worker.runtime import Runtime
from tests.conftest import Connect, service_dsn

LOCK = "SELECT pg_advisory_lock(hashtext('{}.relay'))"
SERVICES = ("intake", "scoring", "decisions")
"""Of these some hash to a positive, some to a negative number."""


class Published:
    """Counts how often an outbox was published."""

    rounds = 0

    async def repay(self) -> None: ...

    async def relay(self) -> int:
        self.rounds += 1
        return 0


@pytest.fixture(params=SERVICES)
async def relay(
    stack: Stack, database: str, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[str, Relay, Published]]:
    pool = await asyncpg.create_pool(service_dsn(stack, database, request.param), min_size=1, max_size=2)
    published = Published()
    runtime: Any = SimpleNamespace(pool=pool, publisher=published, service=SimpleNamespace(name=request.param))
    yield request.param, Relay(cast(Runtime, runtime)), published
    await pool.close()


async def test_another_relay_takes_over_from_a_frozen_one(
    relay: tuple[str, Relay, Published], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, waiting, published = relay
    frozen = await connect(service)
    await frozen.execute(LOCK.format(service))
    await waiting._round()
    assert published.rounds == 0
    assert not frozen.is_closed()
    monkeypatch.setattr("shared.worker.alone.STUCK_AFTER", timedelta(seconds=0))
    async with asyncio.timeout(240):
        while not published.rounds:
            await waiting._round()
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        await frozen.execute("SELECT 1")


async def test_one_that_holds_another_lock_is_left_alone(
    relay: tuple[str, Relay, Published], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, waiting, published = relay
    monkeypatch.setattr("shared.worker.alone.STUCK_AFTER", timedelta(seconds=0))
    other = await connect(service)
    await other.execute(LOCK.format("somebody"))
    await waiting._round()
    assert (published.rounds, await other.fetchval("SELECT 1")) == (1, 1)
