"""What scoring does with a batch, and with the passing of time, top to bottom.

1. Of each profile only the newest state counts. One that is not newer than its row changes nothing; its current
   row is published all the same.
2. The newer ones are evaluated on the day: programs, score and categories in one go.
3. The result replaces the row, and is kept for good beside the facts that it stands on.
4. What no message causes, the clock does: rows whose day has come are evaluated on that day, rows under rule sets
   that are no longer in force on the present one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from services.scoring import store
from services.scoring.evaluation import Result, result_of, subject_of
from services.scoring.provisional import Alarm
from services.scoring.rescore import Span, outdated
from services.scoring.store import QUERIES, Declared, Stored, declared_by
from shared.contracts.profile import ProfileState
from shared.contracts.types import MODELS
from shared.rules.periods import utc_day
from shared.worker.decode import reader
from shared.worker.record import Message
from shared.worker.service import ClockStep, Service, StateQueries
from shared.worker.step import Connection, Step

NAME = "scoring"

SLICE = 50
"""Evaluations in a row before the event loop gets its turn: some 20 ms."""

_alarm = Alarm(NAME)
_Item = TypeVar("_Item")


async def handle(step: Step, messages: Sequence[Message]) -> None:
    """Apply a batch inside the step's transaction."""
    newest, erased = fold(messages)
    step.touch([*newest, *erased])
    rows = await store.lock(step.connection, sorted({*newest, *erased}))  # all at once, so that no two batches cross
    await store.erase(step.connection, sorted(erased), step.now)
    while newest:
        newest = {key: state for key, state in newest.items() if is_newer(state, rows.get(key))}
        for key in await _evaluate(step, newest, rows):
            del newest[key]
        if newest:  # a second time for profiles that another worker has brought in meanwhile
            rows = await store.lock(step.connection, sorted(newest))


def fold(messages: Iterable[Message]) -> tuple[dict[str, ProfileState], set[str]]:
    """The newest state of each profile of a batch, and the profiles that are to be erased: nothing follows that."""
    newest: dict[str, ProfileState] = {}
    erased: set[str] = set()
    for message in messages:
        state: ProfileState | None = message.body
        if state is None:
            erased.add(message.key)
        elif message.key not in newest or state.sequence > newest[message.key].sequence:
            newest[message.key] = state
    return {key: state for key, state in newest.items() if key not in erased}, erased


def is_newer(state: ProfileState, row: Stored | None) -> bool:
    """Whether the state moves its row on. An erased profile stays erased."""
    return row is None or (not row.erased and row.profile_sequence < state.sequence)


async def _evaluate(step: Step, states: dict[str, ProfileState], rows: dict[str, Stored]) -> set[str]:
    """Evaluate states that are newer than their rows and put the results in force; returns whose were."""
    results: list[Result] = []
    new_facts: dict[str, Declared] = {}
    async for key in _in_slices(sorted(states)):
        state, row = states[key], rows.get(key)
        on, sequence, facts_sequence = max(utc_day(step.now), state.on), 1, state.sequence
        declared = declared_by(state)
        if row is not None:
            on, sequence = max(on, row.evaluated_on), row.sequence + 1
        if row is not None and row.declared == declared:
            facts_sequence = row.facts_sequence
        else:
            new_facts[key] = declared
        results.append(result_of(subject_of(state, facts_sequence), sequence, on, step.now))
    written = await _put_in_force(step.connection, results)
    kept = [(key, states[key].sequence, declared) for key, declared in new_facts.items() if key in written]
    await store.keep_facts(step.connection, kept)
    return written


async def reevaluate(step: Step, limit: int) -> int:
    """Evaluate rows whose day has come, each on that day: also where no point moves, `on` and what follows do."""
    taken = await store.take_due(step.connection, step.now, step.set_aside, limit)
    step.working_on(row.subject.profile_id for row in taken)
    results = []
    async for row in _in_slices(taken):
        at = row.due_at or step.now
        results.append(result_of(row.subject, row.sequence + 1, utc_day(at), at))
    step.touch(await _put_in_force(step.connection, results))
    return len(taken)


async def rescore(step: Step, limit: int) -> int:
    """Evaluate rows of the pool that stand under rule sets which are no longer in force for them.

    Where it stands is in the rows themselves: it can be stopped and resumed at any row, by anybody.
    """
    spans = await _outdated(step.connection, step.now)
    if not spans:
        return 0
    taken = await store.take_outdated(step.connection, spans, step.now, step.set_aside, limit)
    step.working_on(row.subject.profile_id for row in taken)
    today = utc_day(step.now)
    results = [result_of(row.subject, row.sequence + 1, today, step.now) async for row in _in_slices(taken)]
    step.touch(await _put_in_force(step.connection, results))
    return len(taken)


async def count_outdated(connection: Connection, now: datetime) -> int:
    """How many rows `rescore` has before it; none while it is stopped."""
    spans = await _outdated(connection, now)
    return await store.count_outdated(connection, spans, now) if spans else 0


async def _outdated(connection: Connection, now: datetime) -> list[Span]:
    return outdated(await store.standings(connection), utc_day(now))


async def _put_in_force(connection: Connection, results: Sequence[Result]) -> set[str]:
    _alarm.hear(results)
    return await store.put_in_force(connection, results)


async def _in_slices(items: Iterable[_Item]) -> AsyncIterator[_Item]:
    """The items, giving way to the event loop after each slice: a batch must not silence the heartbeats."""
    for number, item in enumerate(items, 1):
        yield item
        if number % SLICE == 0:
            await asyncio.sleep(0)


SERVICE = Service(
    name=NAME,
    decoders={"profile": reader(MODELS["profile"])},
    handle=handle,
    state=StateQueries(
        topics=("scored", "eligible"), current=QUERIES.current, sequences=QUERIES.sequences, keys=QUERIES.keys
    ),
    steps=lambda _: (
        ClockStep("reevaluate", reevaluate, store.count_due),
        ClockStep("rescore", rescore, count_outdated),
    ),
)
