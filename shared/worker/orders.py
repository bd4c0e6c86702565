"""What operators order about dead letters: recorded under their own login. The service dismisses."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import asyncpg
from asyncpg.pool import Pool

from shared.kafka.topics import kind_of
from shared.worker.dead_letters import digest, restored
from shared.worker.held import HeldTable
from shared.worker.letters import Letter
from shared.worker.record import Origin, Poison, Record
from shared.worker.service import ClockStep
from shared.worker.step import QUERIES, Connection, Step

_POLL_S = 0.1


async def order(connection: Connection, kind: str, letters: Sequence[Letter], reason: str) -> list[int]:
    """Record an order (`replay`, `dismiss`) about letters of one service; returns its numbers."""
    if not letters:
        return []
    rows = await connection.fetch(QUERIES.order_of_dead_letters, kind, *_columns(letters), reason)
    return [row["order_id"] for row in rows]


async def replayed(connection: Connection, letters: Sequence[Letter]) -> set[tuple[Origin, int]]:
    """Which attempts of these letters were ordered to be replayed already."""
    rows = await connection.fetch(QUERIES.replayed_dead_letters, *_columns(letters))
    return {((row["topic"], row["partition"], row["record_offset"]), row["attempt"]) for row in rows}


async def unordered(pool: "Pool[asyncpg.Record]", records: Sequence[Record]) -> set[Origin]:
    """Where records lie on a replay topic that no operator put there: who may write to it says nothing by that.

    A replay counts if its origin is held, with the same bytes, and the attempt that failed was ordered to be replayed.
    """
    came: dict[Origin, Record] = {}
    for record in records:
        if kind_of(record.topic) == "replay":
            with suppress(Poison):
                came[record.origin] = restored(record)
    if not came:
        return set()
    back = list(came.values())
    topics, partitions, offsets = zip(*(record.origin for record in back), strict=True)
    attempts, digests = [record.attempt - 1 for record in back], [digest(record) for record in back]
    rows = await pool.fetch(QUERIES.ordered_replays, topics, partitions, offsets, attempts, digests)
    ordered = {(row["topic"], row["partition"], row["record_offset"]) for row in rows}
    return {lies for lies, record in came.items() if record.origin not in ordered}


async def carried_out(connection: Connection, orders: Sequence[int], deadline_s: float) -> dict[int, bool]:
    """Wait until the service has carried out these dismissals; those it has, and whether there was one to settle."""
    until = time.monotonic() + deadline_s
    while True:
        rows = await connection.fetch(QUERIES.dismissal_outcomes, orders)
        if len(rows) == len(orders) or time.monotonic() > until:
            return {row["order_id"]: row["settled"] for row in rows}
        await asyncio.sleep(_POLL_S)


def dismissals(service: str) -> ClockStep:
    """The step in which a service settles what operators have given up."""
    held = HeldTable(service)

    async def carry_out(step: Step, limit: int) -> int:
        if not await step.connection.fetchval(QUERIES.lock_dismissals):
            return 0
        rows = await step.connection.fetch(QUERIES.open_dismissals, list(step.set_aside), limit)
        for row in rows:
            step.working_on([str(row["order_id"])])
            settled = await held.dismiss(step, [(row["topic"], row["partition"], row["record_offset"])])
            await step.connection.execute(QUERIES.add_dismissal_outcome, row["order_id"], step.now, settled > 0)
        return len(rows)

    return ClockStep("dismissals", carry_out, _count)


async def _count(connection: Connection, _: datetime) -> int:
    return int(await connection.fetchval(QUERIES.count_dismissals))


def _columns(letters: Sequence[Letter]) -> tuple[list[str], list[int], list[int], list[int]]:
    topics, partitions, offsets = zip(*(letter.origin for letter in letters), strict=True)
    return list(topics), list(partitions), list(offsets), [letter.attempt for letter in letters]
