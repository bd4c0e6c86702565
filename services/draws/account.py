"""For reconciliation: which decisions and instructions have left no trace, and which results the pool has."""

from collections.abc import Sequence

from services.draws.store import QUERIES
from shared.worker.record import Message
from shared.worker.step import Connection


async def decided(connection: Connection, messages: Sequence[Message]) -> Sequence[Message]:
    """Those whose invitation is not known, or not as new."""
    rows = await connection.fetch(QUERIES.read_decided, [m.body.invitation.invitation_id for m in messages])
    known = {row["invitation_id"]: row["decided_sequence"] for row in rows}
    return [m for m in messages if known.get(m.body.invitation.invitation_id, -1) < m.body.sequence]


async def instructions(connection: Connection, messages: Sequence[Message]) -> Sequence[Message]:
    """Those of which no draft is kept."""
    sources, numbers = [m.event.source for m in messages], [m.event.id for m in messages]
    rows = await connection.fetch(QUERIES.read_drafts, sources, numbers)
    known = {(row["source"], row["source_id"]) for row in rows}
    return [m for m in messages if (m.event.source, m.event.id) not in known]


UNACCOUNTED = {"decided": decided, "instruction": instructions}

SEEN = {"scored": QUERIES.seen_scored, "eligible": QUERIES.seen_eligible}
