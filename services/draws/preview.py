"""A round rehearsed: what it would come to now, and whether that is still what was approved."""

from typing import Any

from services.draws import store
from services.draws.grouping import grouping_of
from services.draws.reasons import reason
from services.draws.store import QUERIES
from shared.contracts.base import Message, Reason
from shared.contracts.rounds import Instruction, TieBreak
from shared.worker.step import Connection


class Preview(Message):
    """What an operator sees before approving: how many are eligible, how many would be invited, down to where."""

    eligible: int
    invited: int
    cut_off: int | None = None
    tie_break: TieBreak | None = None


async def preview(connection: Connection, instruction: Instruction) -> Preview:
    """The round on the pool as it is now, by the ranking that holds it. Nothing is written, no lock is taken."""
    mask = await mask_of_round(connection, instruction)
    eligible = await _count(connection, instruction, mask)
    wanted = min(eligible, instruction.invitations)
    if wanted == 0:
        return Preview(eligible=eligible, invited=0)
    (last,) = await places(connection, instruction, wanted - 1, 1) or (None,)
    if last is None:  # the pool has shrunk between the two looks
        return await preview(connection, instruction)
    tie_break = TieBreak(submitted_at=last["submitted_at"], profile_id=last["profile_id"])
    return Preview(eligible=eligible, invited=wanted, cut_off=last["total"], tie_break=tie_break)


async def places(connection: Connection, instruction: Instruction, first: int, count: int) -> list[Any]:
    """Who stands at so many places of the round's grouping, from `first` (0: the best)."""
    query = QUERIES.places_in_grouping.format(mask=await mask_of_round(connection, instruction))
    return list(await connection.fetch(query, instruction.instant, first, count))


async def eligible_moved(connection: Connection, instruction: Instruction, seen: Preview | None) -> list[Reason]:
    """Whether the number eligible has moved by more than the instruction allows since it was approved."""
    allowed = instruction.max_eligible_change
    if allowed is None or seen is None:
        return []
    now = await _count(connection, instruction, await mask_of_round(connection, instruction))
    if abs(now - seen.eligible) <= allowed:
        return []
    return [reason("eligible_moved", field="max_eligible_change", seen=seen.eligible, now=now, allowed=allowed)]


def cut_off_moved(cut_off: int | None, instruction: Instruction, seen: Preview | None) -> list[Reason]:
    """Whether the cut-off has moved by more than the instruction allows since it was approved."""
    allowed = instruction.max_cut_off_change
    if allowed is None or seen is None or cut_off == seen.cut_off:
        return []
    if cut_off is not None and seen.cut_off is not None and abs(cut_off - seen.cut_off) <= allowed:
        return []
    shown = {"seen": _shown(seen.cut_off), "now": _shown(cut_off)}
    return [reason("cut_off_moved", field="max_cut_off_change", allowed=allowed, **shown)]


def needs_preview(instruction: Instruction) -> bool:
    """Whether the instruction limits what may move between the approval and the round."""
    return instruction.max_eligible_change is not None or instruction.max_cut_off_change is not None


async def mask_of_round(connection: Connection, instruction: Instruction) -> int:
    """The bit of the grouping; 0 where nobody was ever in it."""
    bits = await store.grouping_bits(connection)
    key = grouping_of(instruction)
    return 1 << bits[key] if key in bits else 0


async def _count(connection: Connection, instruction: Instruction, mask: int) -> int:
    return int(await connection.fetchval(QUERIES.count_grouping.format(mask=mask), instruction.instant))


def _shown(cut_off: int | None) -> str:
    return "-" if cut_off is None else str(cut_off)
