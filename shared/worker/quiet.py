"""The one "wait for quiet": every live process has seen the instant, nothing lags, nothing is due, nothing waits.

Used by `ee dev clock advance`, the demo and the tests. It looks at each service through the service's own role.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from aiokafka import TopicPartition

from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS
from shared.worker.clock import FixedClock
from shared.worker.errors import is_transient
from shared.worker.publisher import Publisher
from shared.worker.runtime import Runtime
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings
from shared.worker.step import QUERIES

POLL_S, MOVING_POLL_S = 0.02, 0.1
"""Between two looks, seconds: looking costs what the services could use while they work."""


AWAY = "the broker or the database does not answer"


class NotQuietError(Exception):
    """The deadline has passed; the text says what was still moving."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One look: what moves, and where the topics ended."""

    moving: tuple[str, ...]
    ends: Mapping[TopicPartition, int]
    lags: dict[str, int]


class Quiet:
    """Looks at all services of one installation."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._settings = WorkerSettings()
        self._kafka = KafkaSettings()
        self._offsets = Offsets(self._kafka)
        self.runtimes: list[Runtime] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.push_async_callback(self._offsets.close)
        database = DatabaseSettings()
        for service in self._services:
            pool = await open_pool(database, service.name, application_name=f"{service.name}-quiet")
            self._stack.push_async_callback(pool.close)
            producer = Producer(self._kafka)
            self._stack.push_async_callback(producer.stop)
            publisher = Publisher(service, pool, producer)
            self.runtimes.append(
                Runtime(
                    service,
                    self._settings,
                    self._kafka,
                    pool,
                    producer,
                    publisher,
                    self._offsets,
                    FixedClock(),
                )
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def wait(
        self,
        instant: datetime | None,
        deadline_s: float,
        show: Callable[[Glance], object] = lambda _: None,
    ) -> None:
        """Return when two looks in a row found nothing that moves and the same ends. Raises `NotQuietError`.

        Two, because what one look counted last may have caused what it counted first. `show` gets every look.
        """
        until = time.monotonic() + deadline_s
        before: Glance | None = None
        while True:
            glance = await self._try_to_look(instant)
            if glance is not None:
                show(glance)
                if not glance.moving and before and not before.moving and glance.ends == before.ends:
                    return
            moving = glance.moving if glance is not None else (AWAY,)
            if time.monotonic() > until:
                raise NotQuietError("; ".join(moving) or "the topics still grow")
            before = glance
            await asyncio.sleep(MOVING_POLL_S if moving else POLL_S)

    async def _try_to_look(self, instant: datetime | None) -> Glance | None:
        """None while a broker or a database that comes back does not answer yet."""
        try:
            return await self.look(instant)
        except Exception as error:
            if is_transient(error):
                return None
            raise

    async def look(self, instant: datetime | None) -> Glance:
        """Everything that moves, in words."""
        moving: list[str] = []
        for found in await asyncio.gather(*(self._inside(runtime, instant) for runtime in self.runtimes)):
            moving += found
        ends = await self._offsets.ends(TOPICS)
        lags = {}
        for service in self._services:
            mine = {p: end for p, end in ends.items() if p.topic in service.topics}
            lags[service.name] = lag = await self._offsets.caught_up(service.name, mine)
            if lag:
                moving.append(f"{service.name} lags by {lag} records")
        return Glance(tuple(moving), ends, lags)

    async def _inside(self, runtime: Runtime, instant: datetime | None) -> list[str]:
        name = runtime.service.name
        moving = []
        async with runtime.pool.acquire() as connection:
            if instant is not None:
                behind = [p for p in await connection.fetch(QUERIES.live_processes) if p["seen_instant"] < instant]
                if behind:
                    moving.append(f"{len(behind)} processes of {name} have not seen the instant")
                steps = runtime.steps()
                due = {step.name: await step.due(connection, instant) for step in steps}
                moving += [f"{name}: {rows} rows due in {step}" for step, rows in due.items() if rows]
            if rows := await connection.fetchval(QUERIES.outbox_size):
                moving.append(f"{name}: {rows} outbox rows")
        return moving
