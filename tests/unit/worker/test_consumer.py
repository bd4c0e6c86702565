"""What counts for the breaker, how it closes, and how a batch gets smaller."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
from aiokafka import OffsetAndMetadata, TopicPartition

from shared.contracts.cloudevents import Attributes
from shared.worker.batch import PROBE_S, Batch, Outcome
from shared.worker.clock import FixedClock
from shared.worker.consumer import Consumer, DrainOnRevoke
from shared.worker.publisher import Publisher
from shared.worker.record import Message, Poison, Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings
from shared.worker.step import Step

UNREADABLE = Record("profile", 3, 41, b"E000000001", b"{}", (), 0)


class Database:
    """Away at first; then it takes everything and holds nothing."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def fetch(self, *_: Any) -> list[Any]:
        return []

    async def execute(self, *_: Any) -> None: ...


class Broker:
    """Takes everything."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.committed: dict[TopicPartition, OffsetAndMetadata] = {}

    async def publish(self, records: Any) -> None:
        self.topics += [record.topic for record in records]

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.committed |= offsets

    def seek(self, *_: Any) -> None: ...

    def assignment(self) -> set[TopicPartition]:
        return set()


class Open:
    """A guard that finds nothing wrong."""

    async def admits(self, *_: Any) -> Outcome:
        return Outcome.OK

    def passed(self, *_: Any) -> None: ...


def _unreadable(_: Record) -> Message:
    raise Poison("body_invalid")


async def _handle(*_: Any) -> None: ...


class Impatient(Consumer):
    """Counts its pauses instead of making them."""

    pauses: list[float]

    async def _pause(self, batch: Batch) -> None:
        self.pauses.append(batch.pause_s)


def _consumer(service: Service, database: Database, broker: Broker) -> Impatient:
    publisher = Publisher(service, cast(Any, database), cast(Any, broker))
    anything: Any = None
    settings, clock = WorkerSettings(breaker_limit=2), FixedClock(datetime(2026, 8, 1, tzinfo=UTC))
    runtime = Runtime(service, settings, anything, cast(Any, database), anything, publisher, anything, clock)
    consumer = Impatient(runtime, DrainOnRevoke(1), cast(Any, Open()))
    consumer.pauses = []
    return consumer


def _records(count: int) -> list[Record]:
    return [replace(UNREADABLE, offset=41 + number) for number in range(count)]


async def test_a_run_of_unreadable_records_of_our_own_ends_by_itself_one_record_at_a_time() -> None:
    database, broker = Database(failures=0), Broker()
    consumer = _consumer(Service("scoring", {"profile": _unreadable}, _handle), database, broker)
    await consumer.take(_records(5), broker)
    assert broker.topics == ["profile.scoring.dlq"] * 5
    assert broker.committed == {TopicPartition("profile", 3): OffsetAndMetadata(46, "")}
    assert consumer.pauses == [PROBE_S] * 3  # behind the second, the third and the fourth


async def test_a_batch_that_is_too_slow_in_one_transaction_is_done_in_smaller_ones() -> None:
    sizes: list[int] = []

    async def slow(_: Step, messages: Sequence[Message]) -> None:
        sizes.append(len(messages))
        if len(messages) > 2:
            raise asyncpg.QueryCanceledError

    def read(record: Record) -> Message:
        return Message(record, Attributes("t", "s", "i"), "E000000001", None)

    database, broker = Database(failures=0), Broker()
    await _consumer(Service("scoring", {"profile": read}, slow), database, broker).take(_records(8), broker)
    assert sizes == [8, 4, 2, 2, 2, 2]
    assert broker.committed == {TopicPartition("profile", 3): OffsetAndMetadata(49, "")}


async def test_an_outage_while_a_record_goes_to_the_dead_letters_does_not_open_the_breaker() -> None:
    """Open, it would stay so: the batch holds nothing that could succeed and close it."""
    service = Service("scoring", {"profile": _unreadable}, _handle)
    settings = WorkerSettings(breaker_limit=2, retry_in_place_s=5)
    database, broker = Database(failures=3), Broker()
    publisher = Publisher(service, cast(Any, database), cast(Any, broker))
    clock = FixedClock(datetime(2026, 8, 1, tzinfo=UTC))
    anything: Any = None
    runtime = Runtime(service, settings, anything, cast(Any, database), anything, publisher, anything, clock)
    await Consumer(runtime, DrainOnRevoke(1), cast(Any, Open())).take([UNREADABLE], broker)
    assert broker.topics == ["profile.scoring.dlq"]
    assert broker.committed == {TopicPartition("profile", 3): OffsetAndMetadata(42, "")}
