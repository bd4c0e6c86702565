"""The one way out to Kafka: facts from the outbox in order of id, state as the current row of a key."""

from collections.abc import Sequence
from itertools import count, islice
from typing import Any

import asyncpg

from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.kafka.producer import Producer, Record
from shared.worker.failpoints import failpoint
from shared.worker.held import HELD, HeldTable
from shared.worker.service import Service
from shared.worker.step import QUERIES, Connection

RELAY_LIMIT = 1000
"""Outbox rows taken at once: bounds memory and the time that a relay holds its connection."""


class Publisher:
    """Publishes for one service. Both callers, the message step and the relay, come through `_publish`.

    `by` is how the failpoints of the relay differ in name from those of the message step.
    """

    def __init__(self, service: Service, pool: "asyncpg.Pool[asyncpg.Record]", producer: Producer) -> None:
        self._service = service
        self._source = source_of(service.name)
        self._pool = pool
        self._producer = producer
        self._held = HeldTable(service.name)
        self._owed: dict[str, int] = {}
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
        if self._owed:
            async with self._pool.acquire() as connection:
                await self._publish_state(connection, list(islice(self._owed, RELAY_LIMIT)), "repay_")

    async def raw(self, records: Sequence[Record]) -> None:
        """Records that are no messages of the service's own: dead letters."""
        await self._producer.publish(records)

    async def _publish(
        self, connection: Connection, rows: Sequence[asyncpg.Record], keys: Sequence[str], *, by: str = ""
    ) -> None:
        # The ids were read before the current rows are: a change in between has a row of its own, which stays.
        await self._producer.publish([self._fact(row) for row in rows if row["body"] is not None])
        failpoint(f"{by}after_facts_published")
        states = dict.fromkeys(keys)
        states.update((row["key"], None) for row in rows if row["body"] is None and row["topic"] != HELD)
        await self._publish_state(connection, list(states), by)
        await self._publish_held(connection, [row["key"] for row in rows if row["topic"] == HELD])
        failpoint(f"{by}after_states_published")
        if rows:
            await connection.execute(QUERIES.delete_outbox, [row["id"] for row in rows])
        failpoint(f"{by}after_outbox_deleted")

    async def _publish_state(self, connection: Connection, keys: Sequence[str], by: str) -> None:
        owed_before = {key: self._owed.get(key) for key in keys}
        try:
            await self._publish_current(connection, keys, by)
        except BaseException:
            failure = next(self._failures)
            self._owed |= dict.fromkeys(keys, failure)
            raise
        for key, before in owed_before.items():
            if before is not None and self._owed.get(key) == before:
                del self._owed[key]

    async def _publish_current(self, connection: Connection, keys: Sequence[str], by: str) -> None:
        """Publish current rows until none has moved on meanwhile: else the last record of a key could be an old one."""
        state = self._service.state
        pending = list(keys) if state else []
        while state and pending:
            rows = await connection.fetch(state.current, pending)
            failpoint(f"{by}before_state_published")
            await self._producer.publish([self._state(row) for row in rows])
            failpoint(f"{by}after_state_published")
            published = {row["key"]: row["sequence"] for row in rows}
            now = await connection.fetch(state.sequences, list(published))
            pending = [row["key"] for row in now if row["sequence"] != published[row["key"]]]

    async def _publish_held(self, connection: Connection, keys: Sequence[str]) -> None:
        pending = list(dict.fromkeys(keys))
        while pending:
            published = await self._held.current(connection, pending)
            await self._producer.publish(
                [
                    self._record(HELD, key, f"held:{key}:{row.sequence}", row.type, row.time, row.body)
                    for key, row in published.items()
                ]
            )
            again = await self._held.current(connection, pending)
            pending = [key for key, row in again.items() if row.sequence != published[key].sequence]

    def _fact(self, row: asyncpg.Record) -> Record:
        return self._record(row["topic"], row["key"], row["ce_id"], row["type"], row["ce_time"], row["body"])

    def _state(self, row: asyncpg.Record) -> Record:
        ce_id = f"{row['topic']}:{row['key']}:{row['sequence']}"
        return self._record(row["topic"], row["key"], ce_id, row["type"], row["ce_time"], row["body"])

    def _record(self, topic: str, key: str, ce_id: str, type_: str, time: Any, body: str | None) -> Record:
        event = Attributes(type_, self._source, ce_id, time)
        value = None if body is None else body.encode()
        return Record(topic, key.encode(), value, headers(event, key))
