"""For reconciliation: which messages on `application` and `invited` are not stored."""

from collections.abc import Sequence

from services.decisions.store import QUERIES
from shared.worker.record import Message
from shared.worker.step import Connection


async def unaccounted(connection: Connection, messages: Sequence[Message]) -> Sequence[Message]:
    """Those of which nothing is stored under their source and id; every input is kept, a rejected one too."""
    events = [(message.event.source, message.event.id) for message in messages]
    sources, ids = [source for source, _ in events], [number for _, number in events]
    rows = await connection.fetch(QUERIES.contents, sources, ids)
    stored = {(row["source"], row["source_id"]) for row in rows}
    return [message for message, event in zip(messages, events, strict=True) if event not in stored]


UNACCOUNTED = {"application": unaccounted, "invited": unaccounted}
