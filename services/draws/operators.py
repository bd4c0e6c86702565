"""What operators order of draws. Who orders is the login of the session; no command says it."""

from services.draws.preview import Preview
from services.draws.reasons import from_json
from shared.contracts.base import Reason
from shared.db.operators import answer
from shared.worker.step import Connection

_GIVE = """
INSERT INTO command (kind, round_id, instruction, content_hash, preview) VALUES ($1, $2, $3, $4, $5)
RETURNING command_id
"""
_OUTCOME = "SELECT reasons FROM command_outcome WHERE command_id = $1"


async def draft(connection: Connection, round_id: str, instruction: str) -> int:
    """Order a draft from an instruction as JSON; returns the number of the command. Draws carries it out."""
    return int(await connection.fetchval(_GIVE, "draft", round_id, instruction, None, None))


async def approve(connection: Connection, round_id: str, content_hash: str, seen: Preview | None = None) -> int:
    """Order the approval of exactly this content and preview; returns the number of the command."""
    preview = seen.model_dump(mode="json") if seen else None
    return int(await connection.fetchval(_GIVE, "approve", round_id, None, content_hash, preview))


async def cancel(connection: Connection, round_id: str) -> int:
    """Order a cancellation; returns the number of the command."""
    return int(await connection.fetchval(_GIVE, "cancel", round_id, None, None, None))


async def outcome(connection: Connection, command_id: int, deadline_s: float) -> list[Reason] | None:
    """The reasons against a command, none if it was carried out; None if draws has not come to it in time."""
    row = await answer(connection, _OUTCOME, command_id, deadline_s)
    return None if row is None else from_json(row["reasons"])
