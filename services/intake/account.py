"""For reconciliation: which submissions have no stored outcome, which steps of invitations are not known."""

from collections.abc import Sequence

from services.intake.received import Received
from services.intake.store import QUERIES
from shared.contracts.decided import Decided
from shared.worker.record import Message
from shared.worker.step import Connection


async def steps(connection: Connection, messages: Sequence[Message]) -> Sequence[Message]:
    """Those of `invited` or `decided` of whose invitation nothing is kept, or only what came before."""
    rows = await connection.fetch(QUERIES.read_invitations, sorted({message.key for message in messages}))
    known = {(row["profile_id"], row["invitation_id"]): row["sequence"] for row in rows}
    return [message for message in messages if known.get((message.key, _invitation(message)), -1) < _number(message)]


def _invitation(message: Message) -> str:
    body = message.body
    return str(body.invitation.invitation_id if isinstance(body, Decided) else body.invitation_id)


def _number(message: Message) -> int:
    """As it is kept: an invitation begins with 0."""
    return message.body.sequence if isinstance(message.body, Decided) else 0


async def submissions(connection: Connection, messages: Sequence[Message]) -> Sequence[Message]:
    """Those without an outcome: by number and version, or by event where no version could be read."""
    versions = [(m.key, _received(m).withdrawal, _received(m).version) for m in messages]
    stored = {
        (row["profile_id"], row["withdrawal"], row["version"])
        for row in await connection.fetch(QUERIES.read_outcomes, *_columns(versions))
    }
    events = [(m.event.source, m.event.id, m.key) for m in messages]
    by_event = {
        (row["ce_source"], row["ce_id"], row["profile_id"])
        for row in await connection.fetch(QUERIES.read_event_outcomes, *_columns(events))
    }
    return [
        message
        for message, version, event in zip(messages, versions, events, strict=True)
        if version not in stored and event not in by_event
    ]


def _received(message: Message) -> Received:
    body: Received = message.body
    return body


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


UNACCOUNTED = {"submission": submissions, "invited": steps, "decided": steps}
