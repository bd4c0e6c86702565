"""What decisions does with a batch, top to bottom.

1. Everything is stored as received: `application` and `invited` as inputs, the facts of each `profile` sequence, a
   withdrawal of a profile as an input too. A number that comes again with other content is a dead letter.
2. The cases of the profiles that got something new are folded again: a case is a function of the set of its inputs
   and of the deadlines that the clock acted on, so order and repetition make no difference.
3. What the fold newly says is published, what it no longer says is withdrawn. Nothing lapses here: only the clock
   step acts on a deadline (`steps.py`).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from services.decisions import store
from services.decisions.account import UNACCOUNTED
from services.decisions.cases import refold
from services.decisions.inputs import ISSUED, PROFILE_WITHDRAWN, Closing
from services.decisions.received import Received, decode
from services.decisions.settings import DecisionsSettings
from services.decisions.steps import clock_steps, watch_cases
from services.decisions.store import File, NewInput
from services.decisions.words import reason
from shared.contracts.cloudevents import source_of
from shared.contracts.profile import ProfileState, Status
from shared.contracts.types import MODELS
from shared.worker.decode import reader
from shared.worker.record import Message
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings
from shared.worker.step import Step

NAME = "decisions"


class Decisions:
    """The service, under its settings."""

    def __init__(self, settings: DecisionsSettings, tolerance: timedelta) -> None:
        self._automatic = settings.auto_approve
        self._tolerance = tolerance

    async def handle(self, step: Step, messages: Sequence[Message]) -> None:
        """Apply a batch inside the step's transaction."""
        keys = [message.key for message in messages]
        files = await store.lock(step.connection, keys)
        profiles = [message for message in messages if message.topic == "profile"]
        states = [message.body for message in profiles if message.body is not None]
        if states:
            await store.add_profiles(step.connection, [one for one in states if not files[one.profile_id].erased])
        changed = await self._store_inputs(step, messages, states, files)
        changed |= {one.profile_id for one in states if files[one.profile_id].waiting}
        await refold(step, {key: files[key] for key in sorted(changed)})
        erased = {message.key for message in profiles if message.body is None}
        if erased:
            await store.erase(step.connection, erased)
        step.announce(keys)

    async def _store_inputs(
        self, step: Step, messages: Sequence[Message], states: Sequence[ProfileState], files: dict[str, File]
    ) -> set[str]:
        """Store what is new; returns the profiles whose case may have changed."""
        named = [
            (message, self._input(message, files[message.key], step.now))
            for message in messages
            if message.topic in ("application", "invited")
        ]
        inputs = [one for _, one in named] + [_closing(state) for state in states if state.status is Status.WITHDRAWN]
        if not inputs:
            return set()
        changed = await store.add_inputs(step.connection, inputs, step.now)
        stored = await store.contents(step.connection, [one for _, one in named])
        for message, one in named:
            if stored[one.source, one.id] != (one.profile_id, one.content):
                step.poison(message, "id_reused")
        return changed

    def _input(self, message: Message, file: File, now: datetime) -> NewInput:
        if message.topic == "invited":
            return _invited(message, file)
        received: Received = message.body
        reasons, at = received.reasons, received.at or now
        if not reasons and file.erased:
            reasons = (reason("profile_erased"),)
        elif not reasons and at > now + self._tolerance:
            reasons, at = (reason("received_in_future"),), now
        return NewInput(
            message.event.source,
            message.event.id,
            message.key,
            received.kind,
            at,
            received.content,
            None if file.erased else received.text,
            reasons,
            self._automatic and received.kind == "application.submitted",
        )


def _invited(message: Message, file: File) -> NewInput:
    invited, value = message.body, message.record.value or b""
    return NewInput(
        message.event.source,
        message.event.id,
        message.key,
        ISSUED,
        invited.invited_at,
        hashlib.sha256(value).digest(),
        None if file.erased else value.decode(),
        profile_sequence=invited.profile_sequence,
    )


def _closing(state: ProfileState) -> NewInput:
    """The withdrawal of a profile, under one number however often it is read."""
    withdrawn_at = state.withdrawn_at or state.closed_at
    assert withdrawn_at is not None
    body = Closing(profile_id=state.profile_id, withdrawn_at=withdrawn_at).json_bytes()
    number = f"{PROFILE_WITHDRAWN}:{state.profile_id}"
    content = hashlib.sha256(body).digest()
    return NewInput(
        source_of("intake"), number, state.profile_id, PROFILE_WITHDRAWN, withdrawn_at, content, body.decode()
    )


@cache
def decisions() -> Decisions:
    """The service under the settings of this process."""
    return Decisions(DecisionsSettings(), timedelta(seconds=WorkerSettings().receipt_tolerance_s))


async def handle(step: Step, messages: Sequence[Message]) -> None:
    """The handler of the process."""
    await decisions().handle(step, messages)


SERVICE = Service(
    name=NAME,
    decoders={
        "invited": reader(MODELS["invited"]),
        "application": decode,
        "profile": reader(MODELS["profile"]),
    },
    handle=handle,
    steps=clock_steps,
    tasks={"cases": watch_cases},
    unaccounted=UNACCOUNTED,
)
