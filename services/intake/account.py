"""For reconciliation: which submissions have no stored outcome."""

from collections.abc import Sequence

from services.intake.received import Received
from services.intake.store import QUERIES
from shared.worker.record import Message
from shared.worker.step import Connection


async def unaccounted(connection: Connection, messages: Sequence[Message]) -> Sequence[Message]:
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
