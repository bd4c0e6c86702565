"""A broker, a database and workers in one thread, where every call waits until the test lets it happen, or fail.

The workers run the real Consumer and the real Publisher; what they talk to is here.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from aiokafka import OffsetAndMetadata, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaConnectionError

from shared.contracts.base import Message as Body
from shared.contracts.cloudevents import Attributes
from shared.kafka import producer
from shared.kafka.producer import PublishFailed
from shared.worker.batch import Batch, Outcome
from shared.worker.clock import FixedClock
from shared.worker.consumer import Consumer, DrainOnRevoke
from shared.worker.publisher import Publisher
from shared.worker.record import Message, Poison, Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service, StateQueries
from shared.worker.settings import WorkerSettings
from shared.worker.step import QUERIES, FactDraft, Step

NOW = datetime(2026, 8, 1, tzinfo=UTC)
TOPIC, STATE, FACT = "submission", "profile", "notice"
GOOD, POISON, BUG = b"good", b"poison", b"bug"
LIMIT = 3


class Noted(Body):
    """A fact of the simulated service: this offset of the key was handled for the first time."""

    profile_id: str
    sequence: int
    offset: int


def _read(record: Record) -> Message:
    if record.value == POISON:
        raise Poison("not_json")
    return Message(record, Attributes("t", "/upstream", f"{record.partition}:{record.offset}"), _key(record), record)


async def _handle(step: Step, messages: Sequence[Message]) -> None:
    """A row holds the newest offset of its key; each newer one is a fact."""
    if any(message.body.value == BUG for message in messages):
        raise ZeroDivisionError
    database = cast(Any, step.connection).rows
    step.touch(message.key for message in messages)
    drafts = []
    for message in messages:
        sequence, newest = database.get(message.key, (0, -1))
        if message.body.offset > newest:
            database[message.key] = (sequence + 1, message.body.offset)
            drafts.append(_draft(message.key, message.body.offset))
    await step.add(drafts)


def _draft(key: str, offset: int) -> FactDraft:
    return FactDraft(FACT, key, "t", NOW, lambda sequence: Noted(profile_id=key, sequence=sequence, offset=offset))


SERVICE = Service("intake", {TOPIC: _read}, _handle, state=StateQueries((STATE,), "current", "sequences"))


@dataclass
class Gate:
    """Where a worker waits for leave. `waiting` names what it is about to do."""

    waiting: str | None = None
    leave: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def __call__(self, what: str) -> str:
        """Wait; returns how it is to go: `ok`, `fails`, or `lost` (it is done, and the answer does not arrive)."""
        self.waiting, self.leave = what, asyncio.get_running_loop().create_future()
        return await self.leave


@dataclass
class Tables:
    """What is committed."""

    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    outbox: dict[int, dict[str, Any]] = field(default_factory=dict)
    last_id: int = 0


class Database:
    """One transaction at a time, all or nothing."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.lock = asyncio.Lock()


class Connection:
    """A worker's connection; `rows` is what the handler may change."""

    def __init__(self, database: Database, gate: Gate) -> None:
        self._database, self._gate = database, gate
        self._open: Tables | None = None

    @property
    def rows(self) -> dict[str, tuple[int, int]]:
        return self._tables.rows

    @property
    def _tables(self) -> Tables:
        return self._open or self._database.tables

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["Connection"]:
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self._database.lock:
            self._open = deepcopy(self._database.tables)
            try:
                yield
                answer = await self._gate("transaction")
                if answer != "fails":
                    self._database.tables = self._open
                if answer != "ok":
                    raise ConnectionError
            finally:
                self._open = None

    async def fetch(self, statement: str, *args: Any) -> list[dict[str, Any]]:
        tables = self._tables
        if statement == QUERIES.raise_fact_sequences:
            return [self._raise(pair, wanted) for *pair, wanted in zip(*args, strict=True)]
        if statement == QUERIES.outbox_of_keys:
            await self._reads("outbox")
            return [row for _, row in sorted(self._tables.outbox.items()) if row["key"] in args[0]]
        if statement == "current":
            await self._reads("rows")
            mine = {key: self._tables.rows[key] for key in args[0] if key in self._tables.rows}
            return [_state(key, sequence, offset) for key, (sequence, offset) in mine.items()]
        if statement == "sequences":
            await self._reads("sequences")
            return [{"key": key, "sequence": self._tables.rows[key][0]} for key in args[0]]
        assert statement in (QUERIES.settle_held_by_sequence, QUERIES.settle_held_by_origin), tables
        return []

    async def execute(self, statement: str, *args: Any) -> None:
        if statement == QUERIES.add_outbox_facts:
            for topic, key, type_, ce_id, time, body in zip(*args, strict=True):
                self._tables.last_id += 1
                row = {"topic": topic, "key": key, "type": type_, "ce_id": ce_id, "ce_time": time, "body": body}
                self._tables.outbox[self._tables.last_id] = row | {"id": self._tables.last_id}
        else:
            assert statement == QUERIES.delete_outbox
            await self._reads("delete")
            async with self._database.lock:
                for gone in args[0]:
                    self._tables.outbox.pop(gone, None)

    async def _reads(self, what: str) -> None:
        if await self._gate(what) != "ok":
            raise ConnectionError

    def _raise(self, pair: list[str], wanted: int) -> dict[str, Any]:
        topic, key = pair
        last = self._tables.numbers[topic, key] = self._tables.numbers.get((topic, key), 0) + wanted
        return {"topic": topic, "key": key, "last": last}


def _state(key: str, sequence: int, offset: int) -> dict[str, Any]:
    return {"topic": STATE, "key": key, "sequence": sequence, "type": "t", "ce_time": NOW, "body": str(offset)}


@dataclass
class Broker:
    """Input partitions, offsets of the group, who owns what, and all that was published."""

    log: dict[TopicPartition, list[Record]] = field(default_factory=lambda: defaultdict(list))
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    owner: dict[TopicPartition, int] = field(default_factory=dict)
    published: list[producer.Record] = field(default_factory=list)

    def of(self, topic: str) -> list[producer.Record]:
        return [record for record in self.published if record.topic == topic]


class Publishes:
    """The producer of one worker."""

    def __init__(self, broker: Broker, gate: Gate) -> None:
        self._broker, self._gate = broker, gate

    async def publish(self, records: Sequence[producer.Record]) -> None:
        if not records:
            return
        answer = await self._gate("publish")
        if answer != "fails":
            self._broker.published += records
        if answer != "ok":
            raise PublishFailed(answer)


class Member:
    """The group consumer of one worker."""

    def __init__(self, broker: Broker, gate: Gate, number: int) -> None:
        self._broker, self._gate, self._number = broker, gate, number
        self.position: dict[TopicPartition, int] = {}

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        answer = await self._gate("commit")
        if any(self._broker.owner.get(partition) != self._number for partition in offsets):
            raise CommitFailedError
        if answer != "fails":
            self._broker.committed |= {partition: at.offset for partition, at in offsets.items()}
        if answer != "ok":
            raise KafkaConnectionError

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.position[partition] = offset

    def assignment(self) -> set[TopicPartition]:
        return {partition for partition, owner in self._broker.owner.items() if owner == self._number}

    def poll(self, size: int) -> list[Record]:
        records: list[Record] = []
        for partition in sorted(self.assignment()):
            start = self.position.setdefault(partition, self._broker.committed.get(partition, 0))
            taken = self._broker.log[partition][start : start + size - len(records)]
            self.position[partition] = start + len(taken)
            records += taken
        return records


class Open:
    """A guard that finds nothing wrong."""

    async def admits(self, *_: Any) -> Outcome:
        return Outcome.OK

    def passed(self, *_: Any) -> None: ...

    def goes_on_at(self, _: TopicPartition, first: int) -> int:
        return first


class Stepwise(Consumer):
    """The real one; a pause is over when the test says so."""

    gate: Gate

    async def _pause(self, batch: Batch) -> None:
        await self.gate("pause")


class Worker:
    """One process: created anew after each crash."""

    def __init__(self, broker: Broker, database: Database, number: int) -> None:
        self.gate = Gate()
        self.member = Member(broker, self.gate, number)
        self.listener = DrainOnRevoke(1.0)
        connection: Any = Connection(database, self.gate)
        self.publisher = Publisher(SERVICE, connection, cast(Any, Publishes(broker, self.gate)))
        settings = WorkerSettings(breaker_limit=LIMIT, retry_in_place_s=1e9)
        unused: Any = None
        runtime = Runtime(SERVICE, settings, unused, connection, unused, self.publisher, unused, FixedClock(NOW))
        self.consumer = Stepwise(runtime, self.listener, cast(Any, Open()))
        self.consumer.gate = self.gate
        self.task: asyncio.Task[None] | None = None
        self.overtaken = False
        """Whether partitions of the batch in flight went to another member."""

    @property
    def busy(self) -> bool:
        return self.task is not None and not self.task.done()


def _key(record: Record) -> str:
    return (record.key or b"").decode()
