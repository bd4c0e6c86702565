"""Draws on a real PostgreSQL, with a broker that says what the test wants."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import asyncpg
import orjson
from aiokafka.structs import TopicPartition

from services.draws.handler import SERVICE, handle, passed
from services.draws.instruction import content_hash
from services.draws.rounds import one_round
from services.draws.settings import DrawsSettings
from services.draws.steps import obey
from shared.contracts.base import Message as Body
from shared.contracts.rounds import Instruction, Invited, Round
from shared.db.pool import prepare
from shared.kafka.offsets import Offsets
from shared.worker.clock import FixedClock
from shared.worker.record import Message
from shared.worker.runtime import Runtime
from shared.worker.step import Step
from tests.unit.draws.samples import INSTANT, message


@dataclass
class FakeOffsets:
    """Ends of topics, and who lags: nobody, unless the test says so. `asked` is the order of the questions."""

    end: dict[TopicPartition, int] = field(default_factory=dict)
    lag: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        named = tuple(sorted(topics))
        self.asked.append(("ends", named))
        return {p: end for p, end in self.end.items() if p.topic in named} | {
            TopicPartition(topic, 0): 0 for topic in named if TopicPartition(topic, 0) not in self.end
        }

    async def beginnings(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        return {TopicPartition(topic, 0): 0 for topic in topics}

    async def behind(self, group: str, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        self.asked.append((group, tuple(sorted({p.topic for p in ends}))))
        lag = self.lag.get(group, 0)
        return {next(iter(ends)): lag} if lag else {}


class Bench:
    """One process of draws, without its loops: each test turns them itself."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", database: str) -> None:
        self.pool = pool
        self._database = database
        self.offsets = FakeOffsets()
        self.published: list[tuple[str, bytes]] = []
        self.settings = DrawsSettings(round_time_limit_s=60.0, round_poll_ms=5)
        self.runtime = Runtime(
            SERVICE,
            cast("Any", None),
            cast("Any", None),
            pool,
            cast("Any", None),
            cast("Any", None),
            cast("Offsets", self.offsets),
            FixedClock(INSTANT),
        )

    def at(self, instant: datetime) -> None:
        """Set the business clock."""
        self.runtime.clock = FixedClock(instant)

    def impatient(self) -> None:
        """Rounds that have to wait refuse almost at once."""
        self.settings = DrawsSettings(round_time_limit_s=0.01, round_poll_ms=5)

    async def waits(self, round_id: str = "436") -> None:
        """Return when the round says that it waits for something."""
        for _ in range(6000):
            if await self.pool.fetchval("SELECT waits_for <> '[]' FROM round WHERE round_id = $1", round_id):
                return
            await asyncio.sleep(0.005)
        raise AssertionError("the round does not wait")

    async def read(self, *messages: Message | Body) -> Step:
        """A batch: one transaction. What it puts into the outbox counts as published."""
        taken = [one if isinstance(one, Message) else message(one) for one in messages]
        async with self.pool.acquire() as connection, connection.transaction():
            step = self.runtime.step(connection, by_clock=False)
            await handle(step, taken)
            await passed(step, [one.record for one in taken])
        return step

    async def command(self, kind: str, round_id: str, by: str, **columns: Any) -> list[str]:
        """An operator's command, carried out; returns the codes of the reasons against it."""
        names = ["kind", "round_id", "given_by", *columns]
        values = [kind, round_id, by, *columns.values()]
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        statement = f"INSERT INTO command ({', '.join(names)}) VALUES ({places}) RETURNING command_id"
        # Only an administrator can give a command in a name of others; what operators can is in test_draws_orders.
        admin = await asyncpg.connect(self._database, server_settings={"search_path": "draws"})
        await prepare(admin)
        command_id = await admin.fetchval(statement, *values)
        await admin.close()
        await self.obey()
        reasons = await self.pool.fetchval("SELECT reasons FROM command_outcome WHERE command_id = $1", command_id)
        return [reason["code"] for reason in reasons]

    async def obey(self) -> int:
        """Turn the clock step of the commands once."""
        async with self.pool.acquire() as connection, connection.transaction():
            return await obey(self.runtime.step(connection, by_clock=True), 100)

    async def approved(self, instruction: Instruction) -> None:
        """A round that one operator drafted and another approved."""
        body = instruction.json_bytes().decode()
        assert await self.command("draft", instruction.round_id, "anna", instruction=body) == []
        hashed = content_hash(instruction)
        assert await self.command("approve", instruction.round_id, "benoit", content_hash=hashed) == []
        await self.relay()

    async def turn(self) -> bool:
        """The task once: holds a round, or certifies one."""
        return await one_round(self.runtime, self.settings, {})

    async def finish(self) -> None:
        """The task until it has nothing to do, with a relay beside it."""
        await self.relay()
        while await self.turn():
            await self.relay()

    async def hold(self, instruction: Instruction) -> Round:
        """Draft, approve, hold, certify; returns the last fact of the round."""
        await self.approved(instruction)
        await self.finish()
        return (await self.rounds(instruction.round_id))[-1]

    async def relay(self) -> None:
        """Publish the outbox."""
        rows = await self.pool.fetch("DELETE FROM outbox RETURNING id, topic, body")
        self.published += [(row["topic"], row["body"].encode()) for row in sorted(rows, key=lambda row: row["id"])]

    async def invited(self, round_id: str = "436") -> list[Invited]:
        """The facts `invited` of a round, by rank."""
        await self.relay()
        facts = [Invited.read(body) for topic, body in self.published if topic == "invited"]
        return sorted((one for one in facts if one.round_id == round_id), key=lambda one: one.rank)

    async def rounds(self, round_id: str = "436") -> list[Round]:
        """The facts about a round, in order."""
        await self.relay()
        facts = [Round.read(body) for topic, body in self.published if topic == "round"]
        return [one for one in facts if one.round_id == round_id]

    async def one(self, query: str) -> tuple[Any, ...]:
        """The one row of a query."""
        (row,) = await self.pool.fetch(query)
        return tuple(row)

    async def row(self, profile_id: str) -> dict[str, Any]:
        """The pool row of a profile."""
        return dict(await self.pool.fetchrow("SELECT * FROM pool WHERE profile_id = $1", profile_id) or {})

    async def everything(self, *tables: str) -> dict[str, list[bytes]]:
        """The content of tables, to compare."""
        return {
            table: sorted(
                orjson.dumps(dict(row), default=str) for row in await self.pool.fetch(f"SELECT * FROM {table}")
            )
            for table in tables
        }


@asynccontextmanager
async def bench(dsn: str, database: str) -> AsyncIterator[Bench]:
    """A bench on the database of this DSN, as the role of draws; `database`: the same as the administrator."""
    async with asyncpg.create_pool(
        dsn, min_size=1, max_size=6, init=prepare, server_settings={"search_path": "draws", "timezone": "UTC"}
    ) as pool:
        yield Bench(pool, database)
