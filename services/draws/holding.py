"""Holding a round: one transaction that ranks, invites and says so, whole or not at all (A10.2, A10.3(1)(i)).

Ingest stands still only for the look on which the round ranks. Why that is enough: each batch shares the pool's lock
from before it takes its change number until it is committed, and the round takes its own number and opens its ranking
while it alone has that lock. So every change with a lower number is committed and seen, every later batch has a higher
number and is not: the round is of the pool just before its number, as if all of it had happened in that instant. Before
the lock is given back `last_ranked` says the number, and from then on every statement that supersedes an older row
keeps it. What is written afterwards (invitations, outbox) depends on the ranked rows alone, never on the pool as it has
become: who changes meanwhile, or leaves, was invited before that. The marks are set after the commit (`marks.py`), as
each would hold up the batches about its profile until then. Another round ranks when all of them are set: it looks for
unset ones under a lock that each round holds until it commits, whoever dies or wakes up.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from asyncpg.cursor import Cursor

from services.draws import round_store, store
from services.draws.grouping import grouping_of
from services.draws.invitations import drafts, invitation_id
from services.draws.marks import mark_invited
from services.draws.offenders import count_held, offenders
from services.draws.preview import cut_off_moved
from services.draws.round_store import RoundRow
from services.draws.steps import SERVICE_ITSELF
from services.draws.store import CHUNK, QUERIES
from services.draws.waiting import RoundRefused
from shared.contracts.base import Reason
from shared.rules.periods import utc_day
from shared.worker.failpoints import failpoint
from shared.worker.runtime import Runtime
from shared.worker.step import Connection, FactDraft, Step

_PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """`held`: the round is over, one way or another. Otherwise `found` sends it back to its wait."""

    held: bool
    found: Sequence[Reason] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """The pool just before `change`. `ranking` reads of it, whatever is committed before it is read."""

    row: RoundRow
    change: int
    bits: Mapping[str, int]
    ranking: Cursor
    result: dict[str, Any]


async def hold(runtime: Runtime, due: RoundRow) -> Attempt:
    """Hold the round if it is still the one that waited and nothing has come in between.

    Raises `RoundRefused`, with nothing written, where the approved preview no longer holds.
    """
    await mark_invited(runtime)
    async with runtime.pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES.be_patient)
        await connection.execute(QUERIES.one_at_a_time, timeout=_PATIENCE_S)
        if await connection.fetch(QUERIES.unmarked):
            return Attempt(held=False)
        row = await round_store.lock(connection, due.round_id)
        if row is None or row.state != "approved" or row.content_hash != due.content_hash:
            return Attempt(held=True)
        if utc_day(runtime.clock.now()) > utc_day(row.instruction.instant):
            return Attempt(held=False)
        step = runtime.step(connection, by_clock=True)
        async with _ingest_stands_still(connection):
            found = await offenders(connection, row.instruction)
            if found:
                return Attempt(held=False, found=found)
            failpoint("round_before_selection")
            look = await _look(step, row)
        await _invite(step, look)
        failpoint("round_before_commit")
    failpoint("round_after_commit")
    return Attempt(held=True)


@asynccontextmanager
async def _ingest_stands_still(connection: Connection) -> AsyncIterator[None]:
    """The pool's lock for this connection alone. After an error the connection's reset gives it back."""
    await connection.execute(QUERIES.own_pool, timeout=_PATIENCE_S)
    yield
    await connection.execute(QUERIES.leave_pool)


async def _look(step: Step, row: RoundRow) -> Look:
    """Look at the pool under a change number of the round's own, from which on what was seen is kept."""
    connection = step.connection
    key = grouping_of(row.instruction)
    bits = await store.grouping_bits(connection, {key})
    change = await store.begin_change(connection, step.now)
    await connection.execute(QUERIES.stand_on, change)
    # The mask is written into the statement, since only a constant finds the grouping's own index.
    ranking = QUERIES.rank_grouping.format(mask=1 << bits[key])
    ordered = row.instruction
    return Look(
        row,
        change,
        bits,
        await connection.cursor(ranking, ordered.instant, ordered.invitations),
        await _result(connection),
    )


async def _result(connection: Connection) -> dict[str, Any]:
    """What is true of the look and could not be found again from kept rows."""
    offsets: dict[str, dict[str, int]] = {}
    for row in await connection.fetch(QUERIES.handled_offsets):
        offsets.setdefault(row["topic"], {})[str(row["partition"])] = row["next_offset"]
    return {"offsets": offsets, "held_entries": await count_held(connection)}


async def _invite(step: Step, look: Look) -> None:
    """Invite the first of the grouping: by score, then instant of submission, then profile number."""
    row, connection = look.row, step.connection
    chosen = await look.ranking.fetch(max(row.instruction.invitations, 1))
    moved = cut_off_moved(chosen[-1]["total"] if chosen else None, row.instruction, row.preview)
    if moved:
        raise RoundRefused(moved)
    result = {"invited": len(chosen), **look.result}
    await connection.execute(QUERIES.put_held_round, row.round_id, look.change, result)
    await round_store.add_step(step, row, "held", SERVICE_ITSELF)
    if not chosen:
        return
    invited = await drafts(connection, row.instruction, chosen, look.bits)
    for first in range(0, len(invited), CHUNK):
        await _issue(step, row.round_id, first + 1, invited[first : first + CHUNK])


async def _issue(step: Step, round_id: str, first_rank: int, invited: Sequence[FactDraft]) -> None:
    """Write the invitations from a rank on."""
    profiles = [draft.key for draft in invited]
    facts = await step.add(invited)
    failpoint("round_before_invitations")
    await step.connection.execute(
        QUERIES.add_invitations,
        round_id,
        [invitation_id(round_id, profile_id) for profile_id in profiles],
        profiles,
        list(range(first_rank, first_rank + len(profiles))),
        [fact.body for fact in facts],
    )
