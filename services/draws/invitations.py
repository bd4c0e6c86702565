"""The messages `invited` of a round, written as JSON directly.

A round of thousands holds the pool's lock while they are written; building the models takes three times as long. That
these are the same bytes as the model's is a test (`Invited.read(body).json_bytes() == body`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from services.draws.grouping import groupings_in, program_named
from services.draws.instruction import category_version
from services.draws.store import QUERIES
from shared.contracts import types
from shared.contracts.base import iso
from shared.contracts.rounds import Instruction
from shared.rules.periods import deadline, period_to_apply, utc_day
from shared.worker.step import Connection, FactDraft


@dataclass(frozen=True, slots=True)
class WrittenInvited:
    """One message `invited`: its fields in the order of the model, instants and days already text."""

    fields: Mapping[str, Any]

    def json_bytes(self) -> bytes:
        """The body."""
        return orjson.dumps(self.fields)


def invitation_id(round_id: str, profile_id: str) -> str:
    """The number of an invitation: a profile is invited at most once in a round."""
    return f"{round_id}-{profile_id}"


async def drafts(
    connection: Connection, instruction: Instruction, chosen: Sequence[Any], bits: Mapping[str, int]
) -> list[FactDraft]:
    """The invitations of a round, by rank; `chosen` are the rows of the pool, the best first."""
    ids = sorted({one["rule_sets_id"] for one in chosen})
    names = {row["id"]: row["names"].split(",") for row in await connection.fetch(QUERIES.rule_sets_names, ids)}
    common = _common(instruction, chosen[-1])

    @cache
    def program(mask: int) -> str:
        return program_named(groupings_in(mask, bits), instruction.program)

    return [
        FactDraft(
            "invited",
            one["profile_id"],
            types.INVITED,
            instruction.instant,
            _writer(common, rank, one, program(one["groupings"]), names[one["rule_sets_id"]]),
        )
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
        "tie_break": iso(last["submitted_at"]),
        "invited_at": iso(at),
        "period_days": period_to_apply(utc_day(at)).days,
        "deadline": iso(deadline(at)),
    }


def _writer(
    common: Mapping[str, Any], rank: int, one: Any, program: str, rule_sets: list[str]
) -> Callable[[int], WrittenInvited]:
    def write(sequence: int) -> WrittenInvited:
        return WrittenInvited(
            {
                "profile_id": one["profile_id"],
                "sequence": sequence,
                "invitation_id": invitation_id(common["round_id"], one["profile_id"]),
                "round_id": common["round_id"],
                "program": program,
                "kind": common["kind"],
                "category": common["category"],
                "category_version": common["category_version"],
                "rank": rank,
                "total": one["total"],
                "factors": one["factors"],
                "cut_off": common["cut_off"],
                "tie_break": common["tie_break"],
                "submitted_at": iso(one["submitted_at"]),
                "expires_at": iso(one["expires_at"]),
                "profile_sequence": one["profile_sequence"],
                "scored_sequence": one["scored_sequence"],
                "on": one["evaluated_on"],
                "rule_sets": rule_sets,
                "provisional": one["provisional"],
                "invited_at": common["invited_at"],
                "period_days": common["period_days"],
                "deadline": common["deadline"],
                "correspondence_language": one["correspondence_language"] or "en",
            }
        )

    return write
