"""A rolling upgrade: every statement of the releases before runs on the schema of the new one.

`test_upgrade_processes.py` runs the code of the newest of them.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.db.migrate import apply
from shared.db.queries import parse
from shared.db.settings import DatabaseSettings, app_role
from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack
from tests.conftest import with_database
from tests.contract.release import RELEASES
from tests.integration.released import make_schema

Column = tuple[str, str, str]
"""Schema, table, name."""

_NUMBER = re.compile(r"\{\w+\}")
"""Where a statement is told a number before it is prepared: the planner is to see it."""

_COLUMNS = """
SELECT table_schema AS schema, table_name AS table, column_name AS name,
    is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER' AS required
FROM information_schema.columns WHERE table_schema = ANY($1::text [])
"""


@pytest.fixture
async def empty(stack: Stack) -> AsyncIterator[str]:
    """The administrator's DSN of a database in which nothing was migrated."""
    admin = await asyncpg.connect(stack.backend.admin_dsn)
    await admin.execute("CREATE DATABASE ee_upgrade")
    yield with_database(stack.backend.admin_dsn, "ee_upgrade")
    await admin.execute("DROP DATABASE ee_upgrade WITH (FORCE)")
    await admin.close()


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
async def test_every_statement_of_a_release_runs_on_the_schema_after_the_pre_step(empty: str, release: Path) -> None:
    old = await _released(empty, release)
    settings = DatabaseSettings.model_validate({"admin_postgres_dsn": empty})
    await apply(settings, step="pre")
    admin = await asyncpg.connect(empty)
    try:
        assert [problem async for problem in _refused(admin, release)] == []
        assert list(_newly_required(old, await _columns(admin))) == []
    finally:
        await admin.close()


async def test_what_would_break_a_process_of_the_release_is_found(empty: str) -> None:
    old = await _released(empty, RELEASES[-1])
    admin = await asyncpg.connect(empty)
    try:
        await admin.execute("ALTER TABLE scoring.score RENAME COLUMN due_at TO due")
        await admin.execute("ALTER TABLE draws.round ADD COLUMN budget integer NOT NULL")
        refused = [problem async for problem in _refused(admin, RELEASES[-1])]
        assert any(problem.startswith("scoring: ") and "due_at" in problem for problem in refused)
        assert list(_newly_required(old, await _columns(admin))) == [("draws", "round", "budget")]
    finally:
        await admin.close()


async def _released(dsn: str, release: Path) -> dict[Column, bool]:
    """Make the schema of the release; returns its columns."""
    await make_schema(DatabaseSettings.model_validate({"admin_postgres_dsn": dsn}), release)
    admin = await asyncpg.connect(dsn)
    try:
        return await _columns(admin)
    finally:
        await admin.close()


async def _columns(admin: "asyncpg.Connection[asyncpg.Record]") -> dict[Column, bool]:
    """Every column, and whether an INSERT has to name it."""
    rows: list[Any] = await admin.fetch(_COLUMNS, list(SERVICES))
    return {(row["schema"], row["table"], row["name"]): row["required"] for row in rows}


def _newly_required(old: dict[Column, bool], new: dict[Column, bool]) -> Iterator[Column]:
    """Columns that rows of the old release would have to fill, and do not, or not always."""
    tables = {column[:2] for column in old}
    return (column for column, required in new.items() if required and column[:2] in tables and not old.get(column))


async def _refused(admin: "asyncpg.Connection[asyncpg.Record]", release: Path) -> AsyncIterator[str]:
    """The statements of a release that PostgreSQL can't prepare any more, as each service."""
    for service in SERVICES:
        await admin.execute(f"SET ROLE {app_role(service)}; SET search_path = {service}")
        for package in ("shared.worker", f"services.{service}"):
            text = (release / "queries" / f"{package}.sql").read_text("utf-8")
            for name, statement in vars(parse(package, text)).items():
                if name != "package":
                    try:
                        await admin.prepare(_NUMBER.sub("1", statement))
                    except asyncpg.PostgresError as error:
                        yield f"{service}: {name}: {error}"
        await admin.execute("RESET ROLE")
