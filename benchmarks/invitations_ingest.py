"""Scores taken into the pool by a process of its own, as fast as it can, while rounds are held beside it."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any, cast

import asyncpg

from benchmarks.invitations_pool import DAY, FIRST, INSTANT
from services.draws.handler import SERVICE, handle
from shared.contracts import base, types
from shared.contracts.cloudevents import Attributes
from shared.contracts.profile import ProgramVerdict, Status
from shared.contracts.scored import Eligible, Scored
from shared.db.pool import prepare
from shared.rules import rule_sets_in_force
from shared.worker.clock import FixedClock
from shared.worker.record import Message, Record
from shared.worker.runtime import Runtime

BATCH = 200


class Ingest:
    """How many profiles the other process has taken in so far."""

    def __init__(self, taken: Any) -> None:
        self._taken = taken

    @property
    def taken(self) -> int:
        return int(self._taken.value)

    async def begun(self) -> None:
        """Return when the first batch was taken in."""
        while not self.taken:  # noqa: ASYNC110 - the other process can't set an event of ours
            await asyncio.sleep(0.05)


@contextmanager
def ingest(dsn: str, candidates: int) -> Iterator[Ingest]:
    """New scores of profiles of the pool, one batch after the other, until the end of the block."""
    spawn = get_context("spawn")
    taken, stop = spawn.Value("q", 0), spawn.Event()
    process = spawn.Process(target=_run, args=(dsn, candidates, taken, stop), daemon=True)
    process.start()
    try:
        yield Ingest(taken)
    finally:
        stop.set()
        process.join(60)
        assert process.exitcode == 0


def _run(dsn: str, candidates: int, taken: Any, stop: Any) -> None:
    asyncio.run(_take_in(dsn, candidates, taken, stop))


async def _take_in(dsn: str, candidates: int, taken: Any, stop: Any) -> None:
    chance, sequence = random.Random(1), 1  # noqa: S311
    nobody = cast("Any", None)
    settings = {"search_path": "draws", "timezone": "UTC", "jit": "off"}
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1, init=prepare, server_settings=settings) as pool:
        runtime = Runtime(SERVICE, nobody, nobody, pool, nobody, nobody, nobody, FixedClock(INSTANT))
        while not stop.is_set():
            sequence += 1
            batch = [*_batch(chance, candidates, sequence)]
            async with pool.acquire() as connection, connection.transaction():
                await handle(runtime.step(connection, by_clock=False), batch)
            taken.value += BATCH


def _batch(chance: random.Random, candidates: int, sequence: int) -> Iterator[Message]:
    for number in chance.sample(range(1, candidates + 1), BATCH):
        common = _evaluated(f"B{number:09}", sequence, INSTANT - timedelta(days=1 + number % 150))
        total = chance.randrange(300, 560)
        yield _message("scored", Scored(**common, total=total, factors={"core": {"age": total}}, lines=[]))
        met = {name: ProgramVerdict(met=name == "CEC") for name in ("CEC", "FSW", "FST", "PNP")}
        yield _message("eligible", Eligible(**common, programs=met, nominee=False, categories={}))


def _evaluated(profile_id: str, sequence: int, submitted_at: datetime) -> dict[str, Any]:
    return {
        "profile_id": profile_id,
        "sequence": sequence,
        "profile_sequence": sequence,
        "status": Status.IN_POOL,
        "submitted_at": submitted_at,
        "expires_at": submitted_at + timedelta(days=365),
        "on": DAY,
        "rule_sets": list(rule_sets_in_force(DAY, submitted_on=FIRST)),
        "provisional": False,
        "next_change": base.NextChange(on=DAY + timedelta(days=100), reason="birthday"),
    }


def _message(topic: str, body: Scored | Eligible) -> Message:
    record = Record(topic, 0, 0, body.profile_id.encode(), b"", (), 0)
    return Message(
        record, Attributes(types.SCORED if topic == "scored" else types.ELIGIBLE, "/b", "1"), body.profile_id, body
    )
