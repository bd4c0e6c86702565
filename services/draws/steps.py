"""Drafts, approvals and cancellations: who may order a round, and what becomes of the order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.draws import round_store
from services.draws.instruction import content_hash, objections
from services.draws.preview import Preview, needs_preview
from services.draws.reasons import as_json, reason
from services.draws.round_store import RoundRow
from services.draws.store import QUERIES
from shared.contracts.base import Reason
from shared.contracts.rounds import Instruction, RoundState
from shared.worker.record import Message
from shared.worker.runtime import Runtime
from shared.worker.service import ClockStep
from shared.worker.step import Connection, Step

SERVICE_ITSELF = "draws"
"""Who refuses a round that can't be held."""

COMMANDS = "commands"
"""`source` of the drafts that operators give as commands."""

OVER = ("held", "cancelled")


def clock_steps(_: Runtime) -> Sequence[ClockStep]:
    """Operators' commands, and the rounds, which a task of their own holds: here they only count as due."""
    return (ClockStep("commands", obey, _commands_due), ClockStep("rounds", _by_the_task, _rounds_due))


async def draft_from_topic(step: Step, message: Message) -> None:
    """An `instruction` is a draft, whatever it says of itself. Its drafter is the source that sent it."""
    reasons = await _draft(step, message.event.source, message.event.id, message.event.source, message.body)
    if reasons:
        step.poison(message, "round_over")


async def obey(step: Step, limit: int) -> int:
    """Carry out commands in their order, each once; returns how many."""
    if not await step.connection.fetchval(QUERIES.lock_commands):
        return 0
    commands = await step.connection.fetch(QUERIES.open_commands, list(step.set_aside), limit)
    step.working_on(command["round_id"] for command in commands)
    for command in commands:
        reasons = await _ORDERS[command["kind"]](step, command)
        await step.connection.execute(QUERIES.add_outcome, command["command_id"], step.now, as_json(reasons))
    return len(commands)


async def _draft_by_operator(step: Step, command: Any) -> list[Reason]:
    try:
        instruction = Instruction.read(command["instruction"].encode())
    except ValidationError as error:
        return [reason("unreadable", field=_place(error), problem=error.errors()[0]["type"])]
    if instruction.round_id != command["round_id"]:
        return [reason("unreadable", field="round_id", problem="round_id")]
    return await _draft(step, COMMANDS, str(command["command_id"]), command["given_by"], instruction)


async def _draft(step: Step, source: str, source_id: str, by: str, instruction: Instruction) -> list[Reason]:
    """Keep the draft; the newest one counts, unless the round is over. The same content again changes nothing."""
    row = await round_store.lock(step.connection, instruction.round_id)
    if not await round_store.is_new_draft(step, source, source_id, instruction):
        return []
    if row and row.state in OVER:
        return [reason("over", state=row.state)]
    if row and row.state != "refused" and row.content_hash == content_hash(instruction):
        return []
    if row and row.state == "approved":
        await _void(step, row, by)
    found = objections(instruction, step.now)
    new = await round_store.put_draft(step, instruction, by, "refused" if found else "draft")
    await round_store.add_step(step, new, "drafted", by)
    if found:
        await round_store.put_state(step, new, RoundState.REFUSED, SERVICE_ITSELF, found)
    return []


async def _void(step: Step, row: RoundRow, by: str) -> None:
    """Readers were told of an approval that no longer holds."""
    why = [reason("redrafted")]
    await round_store.add_step(step, row, "voided", by, why)
    await round_store.add_fact(step, row, RoundState.CANCELLED, approved_by=row.approved_by, reasons=why)


async def _approve(step: Step, command: Any) -> list[Reason]:
    row = await round_store.lock(step.connection, command["round_id"])
    against = _against_approval(row, command)
    if row is None or against:
        return against
    found = objections(row.instruction, step.now)
    if found:
        await round_store.put_state(step, row, RoundState.REFUSED, SERVICE_ITSELF, found)
        return found
    await round_store.approve(step, row, command["given_by"], command["preview"])
    return []


def _against_approval(row: RoundRow | None, command: Any) -> list[Reason]:
    if row is None:
        return [reason("unknown")]
    if row.state != "draft":
        return [reason("not_a_draft", state=row.state)]
    if is_same_operator(row.drafted_by, command["given_by"]):
        return [reason("same_operator")]
    if row.content_hash != command["content_hash"]:
        return [reason("content_changed")]
    return [] if _preview_is_sound(row, command["preview"]) else [reason("preview_missing")]


def _preview_is_sound(row: RoundRow, seen: Any) -> bool:
    """Limits on what may move need what the operator saw."""
    try:
        return Preview.model_validate(seen) is not None
    except ValidationError:
        return seen is None and not needs_preview(row.instruction)


def is_same_operator(drafted_by: str, approved_by: str) -> bool:
    """Whether a draft is the approver's own; a draft on the topic names its drafter at the end of its source."""
    return approved_by == drafted_by or drafted_by.endswith(f"/{approved_by}")


async def _cancel(step: Step, command: Any) -> list[Reason]:
    row = await round_store.lock(step.connection, command["round_id"])
    if row is None:
        return [reason("unknown")]
    if row.state in OVER:
        return [reason("over", state=row.state)]
    await round_store.put_state(step, row, RoundState.CANCELLED, command["given_by"])
    return []


_ORDERS = {"draft": _draft_by_operator, "approve": _approve, "cancel": _cancel}


def _place(error: ValidationError) -> str:
    return ".".join(map(str, error.errors()[0]["loc"])) or "instruction"


async def _commands_due(connection: Connection, _: datetime) -> int:
    return int(await connection.fetchval(QUERIES.count_open_commands))


async def _rounds_due(connection: Connection, instant: datetime) -> int:
    return int(await connection.fetchval(QUERIES.count_due_rounds, instant))


async def _by_the_task(_: Step, __: int) -> int:
    return 0
