"""The rounds' rows: one function per statement, each step of a round with its fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.draws.instruction import content_hash
from services.draws.preview import Preview
from services.draws.reasons import as_json, both, from_json
from services.draws.store import QUERIES
from shared.contracts import types
from shared.contracts.base import Reason
from shared.contracts.rounds import Certificate, Instruction, Round, RoundState
from shared.worker.step import Connection, FactDraft, Step


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round as it stands. `state`: draft, refused, approved, cancelled, held."""

    round_id: str
    state: str
    instruction: Instruction
    content_hash: str
    drafted_by: str
    approved_by: str | None
    preview: Preview | None
    waits_for: list[Reason]
    change_number: int | None
    result: dict[str, Any] | None
    certificate: Certificate | None


async def lock(connection: Connection, round_id: str) -> RoundRow | None:
    """The round, for this transaction alone, also while it does not exist yet."""
    await connection.execute(QUERIES.lock_round, round_id)
    row = await connection.fetchrow(QUERIES.round_row, round_id)
    return _read(row) if row else None


async def show(connection: Connection, round_id: str) -> RoundRow | None:
    """The round as it stands."""
    row = await connection.fetchrow(QUERIES.show_round, round_id)
    return _read(row) if row else None


async def every(connection: Connection) -> list[RoundRow]:
    """All rounds, the newest first."""
    return [_read(row) for row in await connection.fetch(QUERIES.list_rounds)]


async def next_due(connection: Connection, now: datetime) -> RoundRow | None:
    """The round to go on with: one that is held but not certified, or an approved one whose instant has come."""
    round_id = await connection.fetchval(QUERIES.next_round, now)
    return await show(connection, round_id) if round_id else None


async def is_new_draft(step: Step, source: str, source_id: str, instruction: Instruction) -> bool:
    """Store a draft as it came; False if it came before."""
    found = await step.connection.fetchval(
        QUERIES.add_draft,
        source,
        source_id,
        instruction.round_id,
        content_hash(instruction),
        instruction.json_bytes().decode(),
        step.now,
    )
    return found is not None


async def put_draft(step: Step, instruction: Instruction, drafted_by: str, state: str) -> RoundRow:
    """The newest draft of a round, `draft` or `refused`; the caller has locked the round."""
    await step.connection.execute(
        QUERIES.put_draft,
        instruction.round_id,
        state,
        instruction.json_bytes().decode(),
        content_hash(instruction),
        instruction.instant,
        drafted_by,
    )
    row = await show(step.connection, instruction.round_id)
    assert row is not None
    return row


async def approve(step: Step, row: RoundRow, by: str, seen: Any) -> None:
    """Approve the round with the preview that the operator saw: the row, the step in its life, the fact."""
    approved = RoundState.APPROVED
    await step.connection.execute(QUERIES.put_round_state, row.round_id, approved.value, by, seen)
    await add_step(step, row, approved.value, by)
    await add_fact(step, row, approved, approved_by=by)


async def put_state(step: Step, row: RoundRow, state: RoundState, by: str, reasons: Sequence[Reason] = ()) -> None:
    """Refuse or cancel: the row, the step in its life, the fact."""
    await step.connection.execute(QUERIES.put_round_state, row.round_id, state.value, None, None)
    await add_step(step, row, state.value, by, reasons)
    await add_fact(step, row, state, approved_by=row.approved_by, reasons=reasons)


async def add_step(step: Step, row: RoundRow, name: str, by: str, reasons: Sequence[Reason] = ()) -> None:
    """A step in the life of the round: who, when, of what content."""
    await step.connection.execute(
        QUERIES.add_round_step, row.round_id, name, by, step.now, row.content_hash, as_json(reasons)
    )


async def add_fact(
    step: Step,
    row: RoundRow,
    state: RoundState,
    *,
    approved_by: str | None,
    certificate: Certificate | None = None,
    reasons: Sequence[Reason] = (),
) -> None:
    """What happened to the round, for `round`. A held one happened at its instant, everything else when it was done."""
    at = row.instruction.instant if state is RoundState.HELD else step.now
    said = both(
        f"round.state.{state.value}", round_id=row.round_id, **({"invited": certificate.invited} if certificate else {})
    )

    def build(sequence: int) -> Round:
        return Round(
            round_id=row.round_id,
            sequence=sequence,
            state=state,
            at=at,
            instruction=row.instruction,
            drafted_by=row.drafted_by,
            approved_by=approved_by,
            certificate=certificate,
            reasons=list(reasons),
            text=said,
        )

    await step.add([FactDraft("round", row.round_id, types.ROUND, at, build)])


def _read(row: Any) -> RoundRow:
    certificate = row["certificate"]
    return RoundRow(
        round_id=row["round_id"],
        state=row["state"],
        instruction=Instruction.read(row["instruction"].encode()),
        content_hash=row["content_hash"],
        drafted_by=row["drafted_by"],
        approved_by=row["approved_by"],
        preview=Preview.model_validate(row["preview"]) if row["preview"] else None,
        waits_for=from_json(row["waits_for"]),
        change_number=row["change_number"],
        result=row["result"],
        certificate=Certificate.read(certificate.encode()) if certificate else None,
    )
