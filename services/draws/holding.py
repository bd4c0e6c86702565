"""Holding a round: one transaction that ranks, invites and says so, whole or not at all (A10.2, A10.3(1)(i))."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.draws import round_store, store
from services.draws.grouping import grouping_of, groupings_in, program_named
from services.draws.instruction import category_version
from services.draws.offenders import count_held, offenders
from services.draws.preview import cut_off_moved
from services.draws.round_store import RoundRow
from services.draws.steps import SERVICE_ITSELF
from services.draws.store import QUERIES
from services.draws.waiting import RoundRefused
from shared.contracts import types
from shared.contracts.base import Reason
from shared.contracts.rounds import Instruction, Invited
from shared.rules.periods import deadline, period_to_apply, utc_day
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


def invitation_id(round_id: str, profile_id: str) -> str:
    """The number of an invitation: a profile is invited at most once in a round."""
    return f"{round_id}-{profile_id}"


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
    drafts = await _drafts(connection, instruction, chosen, bits)
    for first in range(0, len(chosen), _CHUNK):
        await _issue(step, row.round_id, change, first + 1, drafts[first : first + _CHUNK])


async def _issue(step: Step, round_id: str, change: int, first_rank: int, drafts: Sequence[FactDraft]) -> None:
    """Write the invitations from a rank on: a statement for some thousands is short however large the round is."""
    profiles = [draft.key for draft in drafts]
    await store.keep_rows(step.connection, profiles, change)
    await store.turn_invitations(step.connection, profiles, change)
    facts = await step.add(drafts)
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


async def _drafts(
    connection: Connection, instruction: Instruction, chosen: Sequence[Any], bits: Mapping[str, int]
) -> list[FactDraft]:
    ids = sorted({one["rule_sets_id"] for one in chosen})
    names = {row["id"]: row["names"].split(",") for row in await connection.fetch(QUERIES.rule_sets_names, ids)}
    common = _common(instruction, chosen[-1])
    return [
        _draft(instruction, common, rank, one, groupings_in(one["groupings"], bits), names[one["rule_sets_id"]])
        for rank, one in enumerate(chosen, 1)
    ]


def _common(instruction: Instruction, last: Any) -> dict[str, Any]:
    """What all invitations of the round say alike."""
    at = instruction.instant
    return {
        "round_id": instruction.round_id,
        "kind": instruction.kind,
        "category": instruction.category,
        "category_version": category_version(instruction),
        "cut_off": last["total"],
        "tie_break": last["submitted_at"],
        "invited_at": at,
        "period_days": period_to_apply(utc_day(at)).days,
        "deadline": deadline(at),
    }


def _draft(
    instruction: Instruction,
    common: dict[str, Any],
    rank: int,
    one: Any,
    groupings: frozenset[str],
    rule_sets: list[str],
) -> FactDraft:
    profile_id = one["profile_id"]

    def build(sequence: int) -> Invited:
        return Invited(
            **common,
            profile_id=profile_id,
            sequence=sequence,
            invitation_id=invitation_id(instruction.round_id, profile_id),
            program=program_named(groupings, instruction.program),
            rank=rank,
            total=one["total"],
            factors=one["factors"],
            submitted_at=one["submitted_at"],
            expires_at=one["expires_at"],
            profile_sequence=one["profile_sequence"],
            scored_sequence=one["scored_sequence"],
            on=one["evaluated_on"],
            rule_sets=rule_sets,
            provisional=one["provisional"],
            correspondence_language=one["correspondence_language"] or "en",
        )

    return FactDraft("invited", profile_id, types.INVITED, instruction.instant, build)
