"""Holding a round: one transaction that ranks, invites and says so, whole or not at all (A10.2, A10.3(1)(i))."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.draws import round_store, store
from services.draws.grouping import grouping_of
from services.draws.invitations import drafts, invitation_id
from services.draws.offenders import count_held, offenders
from services.draws.preview import cut_off_moved
from services.draws.round_store import RoundRow
from services.draws.steps import SERVICE_ITSELF
from services.draws.store import QUERIES
from services.draws.waiting import RoundRefused
from shared.contracts.base import Reason
from shared.contracts.rounds import Instruction
from shared.rules.periods import utc_day
from shared.worker.failpoints import failpoint
from shared.worker.runtime import Runtime
from shared.worker.step import Connection, FactDraft, Step

_PATIENCE_S = 90.0
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """`held`: the round is over, one way or another. Otherwise `found` sends it back to its wait."""

    held: bool
    found: Sequence[Reason] = ()


async def hold(runtime: Runtime, due: RoundRow) -> Attempt:
    """Hold the round if it is still the one that waited and nothing has come in between.

    Raises `RoundRefused`, with nothing written, where the approved preview no longer holds.
    """
    async with runtime.pool.acquire() as connection, connection.transaction():
        await connection.execute(QUERIES.be_patient)
        await connection.execute(QUERIES.own_pool, timeout=_PATIENCE_S)
        row = await round_store.lock(connection, due.round_id)
        if row is None or row.state != "approved" or row.content_hash != due.content_hash:
            return Attempt(held=True)
        if utc_day(runtime.clock.now()) > utc_day(row.instruction.instant):
            return Attempt(held=False)
        found = await offenders(connection, row.instruction)
        if found:
            return Attempt(held=False, found=found)
        failpoint("round_before_selection")
        await _invite(runtime.step(connection, by_clock=True), row)
        failpoint("round_before_commit")
    failpoint("round_after_commit")
    return Attempt(held=True)


async def _invite(step: Step, row: RoundRow) -> None:
    connection, instruction = step.connection, row.instruction
    bits = await store.grouping_bits(connection, {grouping_of(instruction)})
    chosen = await _rank(connection, instruction, 1 << bits[grouping_of(instruction)])
    moved = cut_off_moved(chosen[-1]["total"] if chosen else None, instruction, row.preview)
    if moved:
        raise RoundRefused(moved)
    change = await store.begin_change(connection, step.now)
    await connection.execute(QUERIES.put_held_round, row.round_id, change, await _result(connection, chosen))
    await round_store.add_step(step, row, "held", SERVICE_ITSELF)
    if not chosen:
        return
    invited = await drafts(connection, instruction, chosen, bits)
    for first in range(0, len(invited), _CHUNK):
        await _issue(step, row.round_id, change, first + 1, invited[first : first + _CHUNK])


async def _issue(step: Step, round_id: str, change: int, first_rank: int, invited: Sequence[FactDraft]) -> None:
    """Write the invitations from a rank on: a statement for some thousands is short however large the round is."""
    profiles = [draft.key for draft in invited]
    await store.keep_rows(step.connection, profiles, change)
    await store.turn_invitations(step.connection, profiles, change)
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


async def _rank(connection: Connection, instruction: Instruction, mask: int) -> list[Any]:
    """The first of the grouping: score, then instant of submission, then profile number."""
    # The mask is written into the statement, since only a constant finds the grouping's own index.
    ranking = QUERIES.rank_grouping.format(mask=int(mask))
    return list(await connection.fetch(ranking, instruction.instant, instruction.invitations))


async def _result(connection: Connection, chosen: Sequence[Any]) -> dict[str, Any]:
    """What is known of the round in its transaction and could not be found again from kept rows."""
    offsets: dict[str, dict[str, int]] = {}
    for row in await connection.fetch(QUERIES.handled_offsets):
        offsets.setdefault(row["topic"], {})[str(row["partition"])] = row["next_offset"]
    return {"invited": len(chosen), "offsets": offsets, "held_entries": await count_held(connection)}
