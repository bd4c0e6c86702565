"""A round of invitations at scale: `python -m benchmarks.invitations [CANDIDATES]` (1,000,000).

A pool of that size with ten categories, on a PostgreSQL of its own: how long a general round of 5,000 takes beside a
bare UPDATE of 5,000 indexed rows, a category of 1 in 500, the curves of all groupings, and how fast scores are taken
in while a round is held. Prints the plan of every statement of a round's transaction that reads the pool; exits 1
where one of them scans it whole, and marks limits that are broken.
"""

import asyncio
import re
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, cast

import asyncpg

from benchmarks.invitations_ingest import Ingest, ingest
from benchmarks.invitations_pool import INSTANT, RARE, fill
from services.draws import round_store
from services.draws.certificate import certify, differences
from services.draws.curve import curves
from services.draws.handler import SERVICE
from services.draws.holding import hold
from services.draws.marks import mark_invited
from services.draws.offenders import offenders
from services.draws.round_store import RoundRow
from services.draws.settings import DrawsSettings
from shared.contracts.rounds import Instruction
from shared.db.migrate import apply
from shared.db.pool import prepare
from shared.db.settings import DatabaseSettings
from shared.stack.postgres import Postgres
from shared.worker.clock import Clock, FixedClock
from shared.worker.runtime import Runtime

INVITATIONS = 5_000
REPEATS = 3
ROUNDS_BESIDE = 10
WARM_S = 5.0
PATIENCE = DrawsSettings(batch_timeout_s=1800.0)
BEST = """
SELECT profile_id FROM pool WHERE (groupings & 1) <> 0 AND status = 'in_pool' AND NOT has_invitation
ORDER BY total DESC, submitted_at, profile_id LIMIT $1
"""
MARK = "UPDATE pool SET has_invitation = NOT has_invitation WHERE profile_id = ANY($1::text [])"
EXPLAIN = "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET client_min_messages = log"
AT_INSTANT = FixedClock(INSTANT)
_numbers = count(1)


@asynccontextmanager
async def pool_of(dsn: str, *, explain: list[str] | None = None, clock: Clock = AT_INSTANT) -> AsyncIterator[Runtime]:
    """A process of draws without its loops; with `explain`, the plans of what it runs are put there."""
    settings = {"search_path": "draws", "timezone": "UTC", "jit": "off"}

    async def init(connection: Any) -> None:
        await prepare(connection)

    async def setup(connection: Any) -> None:
        if explain is not None:  # each time, since a pool resets what it lends
            await connection.execute(EXPLAIN)
            connection.add_log_listener(lambda _, message: explain.append(message.message))

    nobody = cast("Any", None)
    async with asyncpg.create_pool(
        dsn, min_size=1, max_size=2, init=init, setup=setup, server_settings=settings
    ) as pool:
        yield Runtime(SERVICE, nobody, nobody, pool, nobody, nobody, nobody, clock)


async def approved(runtime: Runtime, **changes: Any) -> RoundRow:
    """An approved round of the day."""
    fields: dict[str, Any] = {
        "round_id": str(next(_numbers)),
        "kind": "general",
        "invitations": INVITATIONS,
        "instant": INSTANT,
        "period_from": INSTANT.date(),
        "period_to": INSTANT.date(),
        "legal_base": "A10.3(1)(h.1)(i)",
        **changes,
    }
    async with runtime.pool.acquire() as connection, connection.transaction():
        step = runtime.step(connection, by_clock=True)
        row = await round_store.put_draft(step, Instruction.model_validate(fields), "a", "draft")
        await round_store.approve(step, row, "b", None)
    return await shown(runtime, row.round_id)


async def seconds(work: Awaitable[Any]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    await work
    return time.perf_counter() - begin


async def shown(runtime: Runtime, round_id: str) -> RoundRow:
    """The round as it stands."""
    async with runtime.pool.acquire() as connection:
        row = await round_store.show(connection, round_id)
    assert row is not None
    return row


async def held(runtime: Runtime, **changes: Any) -> tuple[RoundRow, float, float]:
    """A round held: how long its transaction took, and how long the marks in the pool took afterwards."""
    row = await approved(runtime, **changes)
    taken = await seconds(hold(runtime, row))
    marks = await seconds(mark_invited(runtime))
    row = await shown(runtime, row.round_id)
    assert row.state == "held"
    return row, taken, marks


async def bare_update(runtime: Runtime) -> float:
    """The least that a round does: 5,000 rows of the pool, marked."""
    async with runtime.pool.acquire() as connection:
        chosen = [row["profile_id"] for row in await connection.fetch(BEST, INVITATIONS)]
        taken = await seconds(connection.execute(MARK, chosen))
        await connection.execute(MARK, chosen)
    return taken


def read_plans(raw: list[str]) -> list[str]:
    """The plans of statements that read the pool, as the database ran them."""
    return [brief(plan) for plan in raw if re.search(r" on pool\b", plan)]


def brief(plan: str) -> str:
    """A plan without the values of its parameters, of which there are thousands."""
    return re.sub(r"^Query Parameters: .*\n|(?<=ANY \('\{)[^}]{60,}", "", plan, flags=re.MULTILINE)


async def plans(dsn: str) -> list[str]:
    """A general round, each statement of its transaction explained."""
    raw: list[str] = []
    warnings.simplefilter("ignore", asyncpg.InterfaceWarning)  # the listener stays for as long as the connection
    async with pool_of(dsn, explain=raw) as runtime:
        row = await approved(runtime)
        raw.clear()
        await hold(runtime, row)
    return read_plans(raw)


async def taken_in(dsn: str, candidates: int, runtime: Runtime) -> tuple[float, float]:
    """Profiles taken in a second: while nothing else happens, and from the start of a round to its certificate.

    Turn and turn about, since a pool that was just filled and one that has its history are not equally fast.
    """
    alone, beside = Rate(), Rate()

    async def a_round(row: RoundRow) -> None:
        async with runtime.pool.acquire() as connection:
            assert await offenders(connection, row.instruction) == []  # as the wait before each round does
        await hold(runtime, row)
        await certify(runtime, PATIENCE, await shown(runtime, row.round_id))

    with ingest(dsn, candidates) as other:
        await other.begun()
        await asyncio.sleep(WARM_S)
        for _ in range(ROUNDS_BESIDE):
            await beside.meanwhile(other, a_round(await approved(runtime)))
            await alone.meanwhile(other, asyncio.sleep(beside.seconds - alone.seconds))
    return alone.per_s, beside.per_s


class Rate:
    """How fast the other process takes in, over stretches of time."""

    def __init__(self) -> None:
        self.seconds, self._taken = 0.0, 0

    async def meanwhile(self, other: Ingest, work: Awaitable[Any]) -> None:
        """A stretch more: as long as this work takes."""
        before = other.taken
        self.seconds += await seconds(work)
        self._taken += other.taken - before

    @property
    def per_s(self) -> float:
        return self._taken / self.seconds


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and its limit."""

    name: str
    value: float
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def kept(self) -> bool:
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        limits = (("at most", self.at_most), ("at least", self.at_least))
        shown = "".join(f"  {word} {limit:,.2f}" for word, limit in limits if limit is not None)
        return f"{self.name:45} {self.value:10,.2f} {self.unit:3}{shown}{'' if self.kept else '  BROKEN'}"


async def measure(dsn: str, candidates: int) -> list[Figure]:
    """All figures, of one pool and one run."""
    async with pool_of(dsn) as runtime:
        bare = median([await bare_update(runtime) for _ in range(REPEATS)])
        general, marks = map(median, zip(*[(await held(runtime))[1:] for _ in range(REPEATS)], strict=True))
        rare, rare_s, _ = await held(runtime, kind="category", category=RARE, economic_goal="g")
        async with runtime.pool.acquire() as connection:
            curves_s = await seconds(curves(connection, INSTANT))
        certify_s = await seconds(certify(runtime, PATIENCE, rare))
        async with runtime.pool.acquire() as connection:
            assert await differences(connection, await shown(runtime, rare.round_id), PATIENCE.batch_timeout_s) == []
        alone, beside = await taken_in(dsn, candidates, runtime)
    assert rare.result is not None
    return [
        Figure("bare UPDATE of 5,000 rows of the pool", bare),
        Figure("a general round of 5,000", general, at_most=10 * bare),
        Figure("its marks in the pool, afterwards", marks),
        Figure(f"a round for 1 in 500, {rare.result['invited']:,} invited", rare_s, at_most=3 * general),
        Figure("the curves of all groupings", curves_s, at_most=10.0),
        Figure("a certificate", certify_s),
        Figure("profiles taken in, no round", alone, "/s"),
        Figure("profiles taken in during a round", beside, "/s", at_least=0.8 * alone),
    ]


async def measured(candidates: int) -> bool:
    """Measure and print; True where a statement of a round scans the whole pool."""
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            await apply(DatabaseSettings.model_validate({"admin_postgres_dsn": server.dsn}), ["draws"])
            admin = await asyncpg.connect(server.dsn, server_settings={"search_path": "draws", "jit": "off"})
            print(f"filled with {candidates:,} in {await seconds(fill(admin, candidates)):.0f} s", flush=True)
            await admin.close()
            shown_plans = await plans(server.dsn)
            print(*shown_plans, sep="\n\n", flush=True)
            figures = await measure(server.dsn, candidates)
        finally:
            server.stop()
    scans = [plan for plan in shown_plans if "Seq Scan on pool" in plan]
    print(*figures, f"{len(scans)} of {len(shown_plans)} statements on the pool scan it whole", sep="\n", flush=True)
    return bool(scans)


def measure_rounds(candidates: int) -> bool:
    """The same, for those who are not in an event loop."""
    return asyncio.run(measured(candidates))


if __name__ == "__main__":
    sys.exit(measure_rounds(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
