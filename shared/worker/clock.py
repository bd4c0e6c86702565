"""The business clock. Time is an input: only this module asks what time it is."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from shared.contracts.ops import ClockInstant
from shared.kafka.settings import KafkaSettings
from shared.ops.log import log

CLOCK_TOPIC = "clock"


class Clock(ABC):
    """Gives the business instant. `start` returns when the clock can be read."""

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None:
        """Let go of what `start` opened."""

    @abstractmethod
    async def run(self, seen: Callable[[datetime], object]) -> None:
        """Follow the clock for ever; `seen` is told of instants that this process has taken over."""


class SystemClock(Clock):
    """The machine's own clock, in UTC."""

    _REPORT_S = 10.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def start(self) -> None:
        """Nothing to wait for."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def run(self, seen: Callable[[datetime], object]) -> None:
        while True:
            seen(self.now())
            await asyncio.sleep(self._REPORT_S)


class TopicClock(Clock):
    """Business instants from topic `clock`, read whole before anything is handled; they never go back."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._consumer = AIOKafkaConsumer(**kafka.aiokafka(), enable_auto_commit=False)
        self._partition = TopicPartition(CLOCK_TOPIC, 0)
        self._now: datetime | None = None

    def now(self) -> datetime:
        if self._now is None:
            raise RuntimeError("the clock was read before it was started")
        return self._now

    async def start(self) -> None:
        await self._consumer.start()
        self._consumer.assign([self._partition])
        await self._consumer.seek_to_beginning(self._partition)
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        if end == 0:
            log.info("clock_waits", hint="no instant yet: ee dev clock advance --to INSTANT")
        while self._now is None or await self._consumer.position(self._partition) < end:
            self._take((await self._consumer.getone()).value)

    async def run(self, seen: Callable[[datetime], object]) -> None:
        while True:
            seen(self.now())
            self._take((await self._consumer.getone()).value)

    async def stop(self) -> None:
        await self._consumer.stop()

    def _take(self, value: bytes | None) -> None:
        try:
            instant = ClockInstant.read(value or b"").instant
        except ValidationError:
            log.error("clock_record_unreadable")
            return
        if self._now is None or instant > self._now:
            self._now = instant


def clock_of(kind: Literal["system", "topic"], kafka: KafkaSettings) -> Clock:
    """The clock that `EE_CLOCK` names."""
    return SystemClock() if kind == "system" else TopicClock(kafka)


class FixedClock(Clock):
    """One instant, for commands that act on behalf of a service and for tests."""

    def __init__(self, instant: datetime | None = None) -> None:
        self._instant = instant

    def now(self) -> datetime:
        if self._instant is None:
            raise RuntimeError("this command has no business instant")
        return self._instant

    async def start(self) -> None:
        """Nothing to wait for."""

    async def stop(self) -> None:
        """Nothing was opened."""

    async def run(self, seen: Callable[[datetime], object]) -> None:
        seen(self.now())
