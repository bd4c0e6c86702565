"""Operators' commands on invitations: extend a period for an incident, cancel what was issued in error.

A command is a row that an operator writes under a login of their own; here it is carried out, once, in order. It
becomes an input of each case that it touches, stored like any other.
"""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from services.decisions import store
from services.decisions.cases import refold
from services.decisions.inputs import CANCELLED, EXTENDED, Cancellation, Extension
from services.decisions.store import QUERIES, File, NewInput
from shared.contracts.base import Message
from shared.contracts.cloudevents import source_of
from shared.rules.periods import end_of
from shared.worker.step import Step

_SOURCE = source_of("operators")
_LONGEST = timedelta(days=366)
_LAST_DAY = date(2199, 12, 31)
"""The day after it exists in every calendar that a later day would leave."""


async def obey(step: Step, _: int) -> int:
    """Carry out the next command. One that fails does not keep those behind it waiting.

    One a transaction: so the files of its profiles are all locked at once and in order, as everywhere else.
    """
    if not await step.connection.fetchval(QUERIES.lock_commands):
        return 0
    command = await step.connection.fetchrow(QUERIES.next_command, list(step.set_aside))
    if command is None:
        return 0
    step.working_on([f"command {command['command_id']}"])
    await (_extend if command["kind"] == "extend" else _confirm)(step, command)
    return 1


async def _extend(step: Step, command: Any) -> None:
    deadline = end_of(min(command["until"], _LAST_DAY))
    if not step.now < deadline < step.now + _LONGEST:
        await _answer(step, command, 0, "until: give a day that is not over, and no more than a year from now")
        return
    files, found = await _named(step, command)
    named = [one for one in found if step.now < one["deadline"] < deadline]

    def body(one: Any) -> Message:
        return Extension(
            profile_id=one["profile_id"],
            invitation_id=one["invitation_id"],
            deadline=deadline,
            reason=command["reason"],
            by=command["given_by"],
        )

    await _store(step, command, files, [(one, EXTENDED, body(one)) for one in named])
    await _answer(step, command, len(named), None if named else "no open invitation with an earlier deadline is named")


async def _confirm(step: Step, command: Any) -> None:
    ordered = await step.connection.fetchrow(QUERIES.cancellation, command["confirms"])
    if ordered is None:
        await _answer(step, command, 0, "confirms: no cancellation of this number waits for a confirmation")
        return
    if ordered["given_by"] == command["given_by"]:
        await _answer(step, command, 0, "a cancellation needs two operators: let another one confirm it")
        return
    files, found = await _named(step, ordered)
    named = [one for one in found if step.now < one["deadline"] and one["application_state"] is None]

    def body(one: Any) -> Message:
        return Cancellation(
            profile_id=one["profile_id"],
            invitation_id=one["invitation_id"],
            reason=ordered["reason"],
            by=ordered["given_by"],
            confirmed_by=command["given_by"],
        )

    await _store(step, command, files, [(one, CANCELLED, body(one)) for one in named])
    refused = None if named else "no open invitation without an application is named"
    await _answer(step, ordered, len(named), refused)
    await _answer(step, command, len(named), refused)


async def _named(step: Step, command: Any) -> tuple[dict[str, File], list[Any]]:
    """The files, locked, and the invitations that a command names as they stand since then."""
    named = command["invitations"], command["round_id"]
    before = await step.connection.fetch(QUERIES.named_invitations, *named)
    files = await store.lock(step.connection, {one["profile_id"] for one in before})
    now = await step.connection.fetch(QUERIES.named_invitations, *named)
    return files, [one for one in now if one["profile_id"] in files]


async def _store(step: Step, command: Any, files: dict[str, File], orders: list[tuple[Any, str, Message]]) -> None:
    inputs = [_input(command["command_id"], one, kind, body, step.now) for one, kind, body in orders]
    await store.add_inputs(step.connection, inputs, step.now)
    await refold(step, {one["profile_id"]: files[one["profile_id"]] for one, _, _ in orders})


def _input(number: int, one: Any, kind: str, body: Message, now: datetime) -> NewInput:
    text = body.json_bytes()
    name = f"command:{number}:{one['invitation_id']}"
    return NewInput(_SOURCE, name, one["profile_id"], kind, now, hashlib.sha256(text).digest(), text.decode())


async def _answer(step: Step, command: Any, changed: int, refused: str | None) -> None:
    await step.connection.execute(QUERIES.add_command_outcome, command["command_id"], step.now, changed, refused)
