"""Operators: each a login of their own at the database, a member of the groups of what they may do.

Who acts is the login of the session; no command says it, and no column lets anybody write it.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.db.pool import CONNECT_TIMEOUT_S, SERVER_SETTINGS, prepare, tls
from shared.db.settings import AUDITOR, DatabaseSettings, OperatorSettings, operator_role
from shared.kafka.topics import SERVICES

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_OF_SERVICES = ("_app", "_owner", "_operator", AUDITOR)
_ITERATIONS = 4096
_POLL_S = 0.05
_PATIENCE_S = 60.0
"""How long one statement of an operator may take, seconds: a preview reads a whole grouping."""

_CREATE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name} LOGIN; END IF;
END $$;
GRANT {groups} TO {name};
ALTER ROLE {name} PASSWORD '{verifier}';
"""
_LIST = """
SELECT member.rolname AS name, array_agg(grouped.rolname::text ORDER BY grouped.rolname) AS groups
FROM pg_auth_members AS m
INNER JOIN pg_roles AS grouped ON grouped.oid = m.roleid
INNER JOIN pg_roles AS member ON member.oid = m.member
WHERE grouped.rolname = ANY($1::text []) AND member.rolcanlogin
GROUP BY member.rolname ORDER BY member.rolname
"""

GROUPS = {**{service: operator_role(service) for service in SERVICES}, "audit": AUDITOR}
"""What an operator may be allowed: to act in a service, or to read the logs of what operators did."""


async def create_operator(admin_dsn: str, name: str, password: str, may: Collection[str]) -> None:
    """Make the login of an operator, or set its password and add to what it may do; it is in the logs of the services
    in which it may act (an auditor: of all), under the administrator's login.

    Raises `ValueError` for a name that can't be a login, a password that is not ASCII, or an unknown permission.
    """
    if not _NAME.fullmatch(name) or name.endswith(_OF_SERVICES):
        raise ValueError(f"{name!r} can't be an operator's login: use a letter, then letters, digits or underscores")
    if unknown := set(may) - GROUPS.keys() or (set() if may else {"nothing"}):
        raise ValueError(f"an operator may {', '.join(sorted(unknown))}: choose from {', '.join(GROUPS)}")
    groups = ", ".join(GROUPS[one] for one in sorted(may))
    connection = await asyncpg.connect(admin_dsn, ssl=tls(DatabaseSettings()))
    try:
        async with connection.transaction():
            await connection.execute(_CREATE.format(name=name, groups=groups, verifier=scram_verifier(password)))
            for service in SERVICES if AUDITOR in map(GROUPS.get, may) else may:
                entry = json.dumps({"name": name, "may": sorted(may)})
                await connection.execute(f"SELECT {service}.audit_append($1, $2)", "operator", entry)
    finally:
        await connection.close()


async def list_operators(admin_dsn: str) -> list[tuple[str, list[str]]]:
    """Every login with what it may do, by name."""
    words = {group: word for word, group in GROUPS.items()}
    connection = await asyncpg.connect(admin_dsn, ssl=tls(DatabaseSettings()))
    try:
        rows = await connection.fetch(_LIST, list(words))
    finally:
        await connection.close()
    return [(row["name"], [words[group] for group in row["groups"]]) for row in rows]


def new_password() -> str:
    """A password that nobody has to think of."""
    return secrets.token_urlsafe(24)


def operator_dsn(admin_dsn: str, name: str, password: str) -> str:
    """The same server and database, as this operator."""
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{quote(password, safe='')}@{host}"))


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that no statement, hence no log, ever holds the password.

    Raises `ValueError` where it is not ASCII: the rules of preparation (RFC 4013) are left to others.
    """
    if not password.isascii():
        raise ValueError("a password of a role must be ASCII")
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{text[0]}${text[1]}:{text[2]}"


@asynccontextmanager
async def session(service: str, dsn: str | None = None) -> AsyncIterator[PoolConnectionProxy]:
    """A session of an operator in the schema of a service, every wait bounded; default: their own setting.

    Raises `ValueError` naming a missing setting, `asyncpg.PostgresError` and `OSError`.
    """
    async with (
        asyncpg.create_pool(
            dsn or OperatorSettings().dsn(),
            ssl=tls(DatabaseSettings()),
            min_size=1,
            max_size=1,
            command_timeout=_PATIENCE_S,
            timeout=CONNECT_TIMEOUT_S,
            init=prepare,
            server_settings={**SERVER_SETTINGS, "statement_timeout": f"{_PATIENCE_S:.0f}s", "search_path": service},
        ) as pool,
        pool.acquire() as connection,
    ):
        yield connection


async def answer(connection: PoolConnectionProxy, query: str, number: int, patience_s: float) -> Any:
    """The row that says what became of a command, as `query` finds it by number; None if there is none in time."""
    until = time.monotonic() + patience_s
    while True:
        row = await connection.fetchrow(query, number)
        if row is not None or time.monotonic() > until:
            return row
        await asyncio.sleep(_POLL_S)
