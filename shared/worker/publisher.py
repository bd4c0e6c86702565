"""The one way out to Kafka: facts from the outbox in order of id, state as the current row of a key."""

from collections.abc import Sequence
from itertools import count, islice
from typing import Any, Protocol

import asyncpg

from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.kafka.producer import Producer, Record
from shared.ops import traces
from shared.worker.failpoints import failpoint
from shared.worker.held import HELD, HeldTable
from shared.worker.service import Service, StateQueries
from shared.worker.step import QUERIES, Connection

RELAY_LIMIT = 1000
"""Outbox rows taken at once: bounds memory and the time that a relay holds its connection."""

Row = Any
"""A current row by column: topic, key, sequence, type, ce_time, body."""


class Current(Protocol):
    """Rows of which the current one is published: the service's own state, and the entries of `held`."""

    async def current(self, connection: Connection, keys: Sequence[str], /) -> Sequence[Row]: ...
    async def sequences(self, connection: Connection, keys: Sequence[str], /) -> Sequence[Row]: ...


class States:
    """The state of a service."""

    def __init__(self, queries: StateQueries) -> None:
        self._queries = queries

    async def current(self, connection: Connection, keys: Sequence[str]) -> Sequence[Row]:
        return await connection.fetch(self._queries.current, keys)

    async def sequences(self, connection: Connection, keys: Sequence[str]) -> Sequence[Row]:
        return await connection.fetch(self._queries.sequences, keys)


class Publisher:
    """Publishes for one service. Both callers, the message step and the relay, come through `_publish`.

    `by` is how the failpoints of the relay differ in name from those of the message step.
    """

    def __init__(self, service: Service, pool: "asyncpg.Pool[asyncpg.Record]", producer: Producer) -> None:
        self._service = service
        self._source = source_of(service.name)
        self._pool = pool
        self._producer = producer
        self._held: Current = HeldTable(service.name)
        self._states: Current | None = States(service.state) if service.state else None
        self._owed: dict[tuple[Current, str], int] = {}
        """Keys of state of which a publish was not seen to its end, each with the number of the failure."""
        self._failures = count(1)

    async def after_messages(self, touched: Sequence[str], announced: Sequence[str]) -> None:
        """What a message step publishes before its offsets are committed: its keys' facts and current rows."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(QUERIES.outbox_of_keys, [*touched, *announced])
            await self._publish(connection, rows, touched)

    async def relay(self) -> int:
        """Publish the oldest outbox rows; returns how many."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(QUERIES.outbox_head, RELAY_LIMIT)
            if rows:
                await self._publish(connection, rows, (), by="relay_")
            return len(rows)

    async def repay(self) -> None:
        """Publish the current rows of keys of which an earlier publish failed, behind whatever is left of it.

        A batch that was given up stays queued and may go out late, when the next owner of the partition has long
        published a newer row; that owner can't know. What this process publishes comes after what it had queued.
        """
        owed = list(islice(self._owed, RELAY_LIMIT))
        if owed:
            async with self._pool.acquire() as connection:
                for table in {table for table, _ in owed}:
                    await self._publish_state(connection, table, [key for of, key in owed if of is table], "repay_")

    async def raw(self, records: Sequence[Record]) -> None:
        """Records that are no messages of the service's own: dead letters."""
        await self._producer.publish(records)

    async def _publish(
        self, connection: Connection, rows: Sequence[asyncpg.Record], keys: Sequence[str], *, by: str = ""
    ) -> None:
        # The ids were read before the current rows are: a change in between has a row of its own, which stays.
        await self._producer.publish([self._fact(row) for row in rows if row["body"] is not None])
        failpoint(f"{by}after_facts_published")
        waiting = [row for row in rows if row["body"] is None]
        if self._states:
            states = dict.fromkeys([*keys, *(row["key"] for row in waiting if row["topic"] != HELD)])
            await self._publish_state(connection, self._states, list(states), by)
        held = dict.fromkeys(row["key"] for row in waiting if row["topic"] == HELD)
        await self._publish_state(connection, self._held, list(held), by)
        failpoint(f"{by}after_states_published")
        if rows:
            await connection.execute(QUERIES.delete_outbox, [row["id"] for row in rows])
        failpoint(f"{by}after_outbox_deleted")

    async def _publish_state(self, connection: Connection, table: "Current", keys: Sequence[str], by: str) -> None:
        before = {key: self._owed.get((table, key)) for key in keys}
        try:
            await self._publish_current(connection, table, keys, by)
        except BaseException:
            failure = next(self._failures)
            self._owed |= dict.fromkeys(((table, key) for key in keys), failure)
            raise
        for key, failure_before in before.items():
            if failure_before is not None and self._owed.get((table, key)) == failure_before:
                del self._owed[table, key]

    async def _publish_current(self, connection: Connection, table: "Current", keys: Sequence[str], by: str) -> None:
        """Publish current rows until none has moved on meanwhile: else the last record of a key could be an old one."""
        pending = list(keys)
        while pending:
            rows = await table.current(connection, pending)
            failpoint(f"{by}before_state_published")
            await self._producer.publish([self._state(row) for row in rows])
            failpoint(f"{by}after_state_published")
            published = {row["key"]: row["sequence"] for row in rows}
            now = await table.sequences(connection, list(published))
            pending = [row["key"] for row in now if row["sequence"] != published[row["key"]]]

    def _fact(self, row: asyncpg.Record) -> Record:
        return self._record(row["topic"], row["key"], row["ce_id"], row["type"], row["ce_time"], row["body"])

    def _state(self, row: Row) -> Record:
        ce_id = f"{row['topic']}:{row['key']}:{row['sequence']}"
        return self._record(row["topic"], row["key"], ce_id, row["type"], row["ce_time"], row["body"])

    def _record(self, topic: str, key: str, ce_id: str, type_: str, time: Any, body: str | None) -> Record:
        event = Attributes(type_, self._source, ce_id, time)
        value = None if body is None else body.encode()
        return Record(topic, key.encode(), value, headers(event, key) + traces.published(topic, key, ce_id))
