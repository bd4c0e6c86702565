"""The last record of a key is its current row, also where a publish failed half way."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from shared.kafka.producer import Producer, PublishFailed, Record
from shared.worker.publisher import Publisher
from shared.worker.service import Service, StateQueries
from shared.worker.step import QUERIES

AT = datetime(2026, 8, 1, tzinfo=UTC)
STATE = StateQueries(("profile",), "current", "sequences")


class Table:
    """One row, and an outbox, empty if nothing else is said."""

    def __init__(self) -> None:
        self.sequence = 1
        self.outbox: list[dict[str, Any]] = []

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        yield self

    async def fetch(self, statement: str, keys: Sequence[str]) -> list[dict[str, Any]]:
        if statement == QUERIES.outbox_of_keys:
            return self.outbox
        row = {"topic": "profile", "sequence": self.sequence, "type": "t", "ce_time": AT, "body": "{}"}
        return [{**row, "key": key} for key in keys]


class Broker:
    """Keeps the `ce_id` of what it stored; `fail` is called before each publish."""

    def __init__(self) -> None:
        self.stored: list[bytes | None] = []
        self.fail: Callable[[], Awaitable[None]] | None = None

    async def publish(self, records: Sequence[Record]) -> None:
        if self.fail is not None and records:
            await self.fail()
        self.stored += [dict(record.headers)["ce_id"] for record in records]


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def publisher(table: Table, broker: Broker) -> Publisher:
    async def handle(*_: Any) -> None: ...

    return Publisher(Service("intake", {}, handle, state=STATE), cast(Any, table), cast(Producer, broker))


async def _fails() -> None:
    raise PublishFailed("not acknowledged")


async def test_what_could_not_be_published_is_published_later_as_it_stands_then(
    publisher: Publisher, table: Table, broker: Broker
) -> None:
    """The failed batch may still go out, after the newer row that another process has published meanwhile."""
    broker.fail = _fails
    with pytest.raises(PublishFailed):
        await publisher.after_messages(["A"], [])
    table.sequence, broker.fail = 2, None
    await publisher.repay()
    await publisher.repay()
    assert broker.stored == [b"profile:A:2"]


async def test_what_is_published_in_the_end_is_owed_no_more(publisher: Publisher, broker: Broker) -> None:
    broker.fail = _fails
    with pytest.raises(PublishFailed):
        await publisher.after_messages(["A"], [])
    broker.fail = None
    await publisher.after_messages(["A"], [])
    await publisher.repay()
    assert broker.stored == [b"profile:A:1"]


async def test_a_failure_while_another_publish_of_the_key_succeeds_is_not_forgotten(
    publisher: Publisher, broker: Broker
) -> None:
    async def another_fails_meanwhile() -> None:
        broker.fail = _fails
        with pytest.raises(PublishFailed):
            await publisher.after_messages(["A"], [])
        broker.fail = None

    broker.fail = another_fails_meanwhile
    await publisher.after_messages(["A"], [])
    assert broker.stored == [b"profile:A:1"]
    await publisher.repay()
    assert broker.stored == [b"profile:A:1"] * 2


async def test_an_entry_of_held_that_could_not_be_published_is_published_later_too(
    publisher: Publisher, table: Table, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"topic": "held", "key": "intake/decided/0/1", "type": "t", "ce_time": AT, "body": "{}"}

    async def held(*_: Any) -> list[dict[str, Any]]:
        return [{**entry, "sequence": table.sequence}]

    monkeypatch.setattr(publisher._held, "current", held)
    table.outbox = [{"id": 1, "topic": "held", "key": entry["key"], "body": None}]
    broker.fail = _fails
    with pytest.raises(PublishFailed):
        await publisher.after_messages([], [str(entry["key"])])
    table.sequence, broker.fail = 2, None
    await publisher.repay()
    assert broker.stored == [b"held:intake/decided/0/1:2"]
