"""Which instant a process says that it has taken over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from shared.worker.loops import ClockReport
from shared.worker.runtime import Runtime

FIRST, SECOND = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 2, tzinfo=UTC)


class SlowDatabase:
    """Answers a write when it is let."""

    def __init__(self) -> None:
        self.written: asyncio.Queue[datetime] = asyncio.Queue()
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self.away = False

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self

    async def execute(self, _: str, __: str, instant: datetime) -> None:
        self.asked.set()
        if self.away:
            self.away = False
            raise ConnectionError
        await self.answer.wait()
        self.written.put_nowait(instant)


async def test_an_instant_that_comes_while_another_is_written_is_reported_too() -> None:
    database = SlowDatabase()
    report = ClockReport(cast(Runtime, SimpleNamespace(pool=database)), "p")
    report.see(FIRST)
    running = asyncio.create_task(report.run())
    await database.asked.wait()
    report.see(SECOND)
    database.answer.set()
    async with asyncio.timeout(10):
        assert [await database.written.get(), await database.written.get()] == [FIRST, SECOND]
    running.cancel()


async def test_an_instant_is_reported_again_where_the_database_was_away() -> None:
    database = SlowDatabase()
    database.away = True
    database.answer.set()
    report = ClockReport(cast(Runtime, SimpleNamespace(pool=database)), "p")
    report.see(FIRST)
    running = asyncio.create_task(report.run())
    async with asyncio.timeout(10):
        assert await database.written.get() == FIRST
    running.cancel()
