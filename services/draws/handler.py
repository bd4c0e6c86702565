"""What a batch of messages does to the pool: the story of draws between two rounds."""

from collections.abc import Sequence

from services.draws import store
from services.draws.account import SEEN, UNACCOUNTED
from services.draws.gauges import watch_pool
from services.draws.inflow import Inflow, collapse
from services.draws.rounds import hold_rounds
from services.draws.steps import clock_steps, draft_from_topic
from shared.contracts import types
from shared.worker.decode import reader
from shared.worker.record import Message, Record
from shared.worker.service import Service
from shared.worker.step import Connection, Step


async def handle(step: Step, messages: Sequence[Message]) -> None:
    """Take the newest of each source into the pool's rows; keep drafts of rounds; note what is held elsewhere."""
    inflow = collapse(messages)
    for message in inflow.drafts:  # first, since a round too is locked before the pool
        await draft_from_topic(step, message)
    if inflow.profiles:
        await _take_in(step, inflow)
    if inflow.held or inflow.settled:
        await store.put_held(step.connection, inflow.held, inflow.settled)


async def passed(step: Step, records: Sequence[Record]) -> None:
    """A round waits until these offsets are behind us: dead letters too, or it would wait for ever."""
    await store.pass_offsets(step.connection, records)


async def begun_anew(connection: Connection, topic: str, partition: int) -> None:
    """The offsets of a topic that was made again would let a round go before its messages."""
    await connection.execute(store.QUERIES.forget_offset, topic, partition)


async def _take_in(step: Step, inflow: Inflow) -> None:
    """Each source under its own guard; what is not newer changes nothing and takes no change number."""
    connection = step.connection
    known = await store.lock_profiles(connection, inflow.profiles)
    unread = store.Guards(None, None)
    scored = [s for key, s in inflow.scored.items() if s.sequence > (known.get(key, unread).scored or 0)]
    eligible = [e for key, e in inflow.eligible.items() if e.sequence > (known.get(key, unread).eligible or 0)]
    turned = await _take_decided(step, inflow)
    if scored or eligible or turned or inflow.erased:
        change = await store.begin_change(connection, step.now)
        await store.put_scored(connection, change, scored)
        await store.put_traits(connection, scored)
        await store.put_eligible(connection, change, eligible)
        await store.turn_invitations(connection, turned, change)
        if inflow.erased:
            await store.forget(connection, change, inflow.erased)


async def _take_decided(step: Step, inflow: Inflow) -> list[str]:
    """Returns the profiles whose invitation has come out of the way, or back into it."""
    if not inflow.decided:
        return []
    unknown = await store.unknown_invitations(step.connection, inflow.decided)
    for invitation_id in unknown:
        step.poison(inflow.decided[invitation_id], "unknown_invitation")
    ours = [message.body for key, message in inflow.decided.items() if key not in unknown]
    return await store.put_decided(step.connection, ours)


SERVICE = Service(
    name="draws",
    decoders={
        "scored": reader(types.MODELS["scored"]),
        "eligible": reader(types.MODELS["eligible"]),
        "decided": reader(types.MODELS["decided"]),
        "instruction": reader(types.MODELS["instruction"], "round_id"),
        "held": reader(types.MODELS["held"], key_field=None),
    },
    handle=handle,
    passed=passed,
    begun_anew=begun_anew,
    steps=clock_steps,
    tasks={"rounds": hold_rounds, "pool": watch_pool},
    unaccounted=UNACCOUNTED,
    seen=SEEN,
)
