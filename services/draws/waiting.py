"""The wait of a round: for everything that was published before it began, stage by stage, by offsets.

Offsets, never timestamps: a record that is late by any clock is still before the end that was read. Rounds are
serialised and `invited` has no other source, so the stages follow the flow of messages and have no cycle.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from services.draws.offenders import offenders
from services.draws.reasons import as_json, reason
from services.draws.round_store import RoundRow, show
from services.draws.settings import DrawsSettings
from services.draws.store import QUERIES
from shared.contracts.base import Reason
from shared.ops.log import log
from shared.rules.periods import utc_day
from shared.worker.failpoints import failpoint
from shared.worker.runtime import Runtime

Ends = Mapping[TopicPartition, int]
Look = Callable[[], Awaitable[list[Reason]]]


class RoundRefused(Exception):
    """The round can't be held; `reasons` say what it still waited for."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__([one.code for one in reasons])
        self.reasons = reasons


class RoundWithdrawn(Exception):
    """The round is no longer approved, or no longer what was approved."""


class Wait:
    """One wait of one approved round. Holds no transaction open. `until`: when patience ends (monotonic, seconds)."""

    def __init__(self, runtime: Runtime, settings: DrawsSettings, due: RoundRow, until: float) -> None:
        self._runtime = runtime
        self._offsets = runtime.offsets
        self._poll_s = settings.round_poll_ms / 1000
        self._due = due
        self._until = until
        self._told: list[Reason] | None = None

    async def nothing_in_flight(self) -> None:
        """Return when everything that was published before this call is in our tables.

        Raises `RoundRefused` and `RoundWithdrawn`.
        """
        await self._wait(self._outbox)
        inputs = await self._ends("submission", "application", "invited", "profile")
        failpoint("round_stage_1")
        await self._wait(self._past("decisions", inputs, "application", "invited", "profile"))
        decided = await self._ends("decided")
        failpoint("round_stage_2")
        await self._wait(self._past("intake", {**inputs, **decided}, "submission", "invited", "decided"))
        profile = await self._ends("profile")
        failpoint("round_stage_3")
        await self._wait(self._past("scoring", profile, "profile"))
        evaluated = await self._ends("scored", "eligible", "held")
        failpoint("round_stage_4")
        await self._wait(self._behind_us({**evaluated, **decided}))
        failpoint("round_stage_5")

    async def no_offenders(self) -> None:
        """Return when the evaluations in our tables are those of the day. Raises as `nothing_in_flight`."""
        await self._wait(self._offenders)

    async def _wait(self, look: Look) -> None:
        while found := await self._look(look):
            await self._still_waiting(found)
            await asyncio.sleep(self._poll_s)
        await self._still_waiting([])

    async def _look(self, look: Look) -> list[Reason]:
        try:
            return await look()
        except KafkaError:
            return [reason("wait_kafka")]

    async def _still_waiting(self, found: list[Reason]) -> None:
        """Say what is waited for; give up when the day is over, patience ends, or nobody wants the round any more."""
        if found and found != self._told:
            log.info("round_waits", round_id=self._due.round_id, waits_for=[one.code for one in found])
        async with self._runtime.pool.acquire() as connection:
            row = await show(connection, self._due.round_id)
            if row is None or row.state != "approved" or row.content_hash != self._due.content_hash:
                raise RoundWithdrawn
            if found != self._told:
                await connection.execute(QUERIES.put_waits_for, self._due.round_id, as_json(found))
        self._told = found
        day = utc_day(self._due.instruction.instant)
        if utc_day(self._runtime.clock.now()) > day:
            raise RoundRefused([reason("day_over", field="instant", on=day.isoformat()), *found])
        if found and time.monotonic() > self._until:
            raise RoundRefused(found)

    async def _ends(self, *topics: str) -> Ends:
        """Read once the broker answers; an end that is read later is only further on."""
        while True:
            try:
                return await self._offsets.ends(topics)
            except KafkaError:
                await self._still_waiting([reason("wait_kafka")])
                await asyncio.sleep(self._poll_s)

    async def _outbox(self) -> list[Reason]:
        async with self._runtime.pool.acquire() as connection:
            count = await connection.fetchval("SELECT count(*) FROM outbox")
        return [reason("wait_outbox", count=count)] if count else []

    def _past(self, group: str, ends: Ends, *topics: str) -> Look:
        """Whether a group has committed past these ends."""
        wanted = {p: end for p, end in ends.items() if p.topic in topics}

        async def look() -> list[Reason]:
            return _lag(group, await self._offsets.behind(group, wanted))

        return look

    def _behind_us(self, ends: Ends) -> Look:
        """Whether our own transactions have handled everything before these ends, dead letters included."""

        async def look() -> list[Reason]:
            async with self._runtime.pool.acquire() as connection:
                rows = await connection.fetch(QUERIES.handled_offsets)
            done = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            ahead = {p: end for p, end in ends.items() if done.get(p, 0) < end}
            if not ahead:
                return []
            # What was deleted before we came to it (retention) is not waited for.
            first = await self._offsets.beginnings({p.topic for p in ahead})
            return _lag("draws", {p: end - max(done.get(p, 0), first.get(p, 0)) for p, end in ahead.items()})

        return look

    async def _offenders(self) -> list[Reason]:
        async with self._runtime.pool.acquire() as connection:
            return await offenders(connection, self._due.instruction)


def _lag(group: str, behind: Mapping[TopicPartition, int]) -> list[Reason]:
    open_partitions = {p: count for p, count in behind.items() if count > 0}
    if not open_partitions:
        return []
    topics = ", ".join(_topics(open_partitions))
    return [reason("wait_lag", service=group, topics=topics, count=sum(open_partitions.values()))]


def _topics(partitions: Iterable[TopicPartition]) -> list[str]:
    return sorted({partition.topic for partition in partitions})
