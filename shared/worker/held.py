"""Records of our own that went to dead letters: the table `held` of a service, published on topic `held`."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import asyncpg

from shared.contracts import types
from shared.contracts.ops import Held
from shared.kafka.topics import kind_of
from shared.worker.dead_letters import digest
from shared.worker.record import DeadLetter, Message, Origin
from shared.worker.step import QUERIES, Connection, Step

HELD = "held"
HELD_TYPE = types.HELD

ERASED = 2**63 - 1
"""The sequence of a null value: it comes after all of its key."""

_PAGE = 1000


class HeldTable:
    """Opens, settles and reads the entries of one service."""

    def __init__(self, service: str) -> None:
        self._service = service

    async def open(self, step: Step, dead: Sequence[DeadLetter]) -> None:
        """Enter the dead letters that came from topics of ours; input topics have their upstreams to care for them."""
        ours = [letter for letter in dead if is_ours(letter.record.topic)]
        if not ours:
            return
        origins = [letter.record.origin for letter in ours]
        rows = await step.connection.fetch(
            QUERIES.open_held,
            *_columns(origins),
            [letter.profile_id for letter in ours],
            [letter.source_sequence for letter in ours],
            [digest(letter.record) for letter in ours],
            [letter.code for letter in ours],
            step.now,
        )
        await self._announce(step, rows)

    async def settle(self, step: Step, handled: Sequence[Message]) -> None:
        """A replayed record settles its own entry; an erasure, and of a state a newer one, those before it.

        No fact makes another needless: a newer `decided` may be of another invitation of the profile.
        """
        newest: dict[tuple[str, str], int] = {}
        for message in handled:
            sequence = ERASED if message.body is None else getattr(message.body, "sequence", None)
            if sequence is not None:
                pair = (message.topic, message.key)
                newest[pair] = max(newest.get(pair, 0), sequence)
        pairs = list(newest)
        rows = await step.connection.fetch(
            QUERIES.settle_held_by_sequence,
            [topic for topic, _ in pairs],
            [key for _, key in pairs],
            list(newest.values()),
            [kind_of(topic) != "state" for topic, _ in pairs],
            step.now,
        )
        replayed = [message.record.origin for message in handled if message.record.replayed]
        if replayed:
            rows += await step.connection.fetch(QUERIES.settle_held_by_origin, *_columns(replayed), step.now)
        await self._announce(step, rows)

    async def dismiss(self, step: Step, origins: Sequence[Origin]) -> int:
        """An operator gives these records up; returns how many entries were open."""
        rows = await step.connection.fetch(QUERIES.settle_held_by_origin, *_columns(origins), step.now)
        await self._announce(step, rows)
        return len(rows)

    async def current(self, connection: Connection, keys: Sequence[str]) -> list[dict[str, Any]]:
        """The rows behind these message keys, as they are published."""
        rows = await connection.fetch(QUERIES.current_held, *_columns(_origin(key) for key in keys))
        return [self._row(row) for row in rows]

    async def sequences(self, connection: Connection, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Where these rows stand now."""
        return await self.current(connection, keys)

    def owns(self, key: bytes) -> bool:
        """Whether an entry of topic `held` is one of this service."""
        return key.startswith(f"{self._service}/".encode())

    async def pages(self, connection: Connection) -> AsyncIterator[Sequence[str]]:
        """All keys."""
        rows = await connection.fetch(QUERIES.held_keys)
        keys = [held_key(self._service, (row["topic"], row["partition"], row["record_offset"])) for row in rows]
        for start in range(0, len(keys), _PAGE):
            yield keys[start : start + _PAGE]

    async def origins(self, connection: Connection, topic: str) -> set[Origin]:
        """Which records of a topic were held, whatever came of them."""
        rows = await connection.fetch(QUERIES.held_origins, topic)
        return {(row["topic"], row["partition"], row["record_offset"]) for row in rows}

    def _row(self, row: asyncpg.Record) -> dict[str, Any]:
        origin = (row["topic"], row["partition"], row["record_offset"])
        body = Held(
            profile_id=row["profile_id"],
            sequence=row["sequence"],
            service=self._service,
            topic=row["topic"],
            partition=row["partition"],
            offset=row["record_offset"],
            source_sequence=row["source_sequence"],
            state=row["state"],
        )
        return {
            "topic": HELD,
            "key": held_key(self._service, origin),
            "sequence": row["sequence"],
            "type": HELD_TYPE,
            "ce_time": row["changed_at"],
            "body": body.json_bytes().decode(),
        }

    async def _announce(self, step: Step, rows: Iterable[asyncpg.Record]) -> None:
        keys = [held_key(self._service, (row["topic"], row["partition"], row["record_offset"])) for row in rows]
        if keys:
            await step.connection.execute(QUERIES.add_outbox_states, HELD, keys)
            step.announce(keys)


def held_key(service: str, origin: Origin) -> str:
    """The key of an entry, `SERVICE/TOPIC/PARTITION/OFFSET`; also the name of the dead letter."""
    return "/".join((service, *map(str, origin)))


def _origin(key: str) -> Origin:
    _, topic, partition, offset = key.split("/")
    return topic, int(partition), int(offset)


def _columns(origins: Iterable[Origin]) -> tuple[list[str], list[int], list[int]]:
    known = list(origins)
    return [o[0] for o in known], [o[1] for o in known], [o[2] for o in known]


def is_ours(topic: str) -> bool:
    """Whether we write this topic ourselves, so that a bad record on it is our failure."""
    return kind_of(topic) in {"state", "fact"}
