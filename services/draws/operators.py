"""Operators: each a login of their own at the database, a member of `draws_operator`, who gives commands.

Who acts is the login of the session (`command.given_by`); no command says it, and no column lets them write it.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from services.draws.preview import Preview
from services.draws.reasons import from_json
from shared.contracts.base import Reason
from shared.db.pool import prepare
from shared.db.settings import operator_role
from shared.worker.step import Connection

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_OF_SERVICES = ("_app", "_owner", "_operator")
_POLL_S = 0.05

_CREATE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name} LOGIN; END IF;
END $$;
GRANT {group} TO {name};
ALTER ROLE {name} PASSWORD {password};
"""
_GIVE = """
INSERT INTO command (kind, round_id, instruction, content_hash, preview) VALUES ($1, $2, $3, $4, $5)
RETURNING command_id
"""
_OUTCOME = "SELECT reasons FROM command_outcome WHERE command_id = $1"


async def create_operator(admin_dsn: str, name: str, password: str) -> None:
    """Make the login of an operator, or set its password. Raises `ValueError` for a name that can't be one."""
    if not _NAME.fullmatch(name) or name.endswith(_OF_SERVICES):
        raise ValueError(f"{name!r} can't be an operator's login: use a letter, then letters, digits or underscores")
    connection = await asyncpg.connect(admin_dsn)
    try:
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        await connection.execute(_CREATE.format(name=name, group=operator_role("draws"), password=quoted))
    finally:
        await connection.close()


@asynccontextmanager
async def connect(dsn: str) -> AsyncIterator[Connection]:
    """A session of an operator. Raises `asyncpg.PostgresError` and `OSError`."""
    settings = {"search_path": "draws", "timezone": "UTC", "jit": "off"}
    async with (
        asyncpg.create_pool(dsn, min_size=1, max_size=1, init=prepare, server_settings=settings) as pool,
        pool.acquire() as connection,
    ):
        yield connection


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
    until = time.monotonic() + deadline_s
    while True:
        stored = await connection.fetchval(_OUTCOME, command_id)
        if stored is not None:
            return from_json(stored)
        if time.monotonic() > until:
            return None
        await asyncio.sleep(_POLL_S)
