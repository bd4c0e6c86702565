"""Migrations: twice changes nothing, two at once queue, and what was applied may not be rewritten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from shared.db.migrate import MigrationChangedError, apply
from shared.db.settings import DatabaseSettings
from shared.stack.stack import Stack
from tests.conftest import with_database


@pytest.fixture
async def empty(stack: Stack) -> AsyncIterator[str]:
    """The administrator's DSN of a database in which nothing was migrated."""
    admin = await asyncpg.connect(stack.backend.admin_dsn)
    await admin.execute("CREATE DATABASE ee_empty")
    yield with_database(stack.backend.admin_dsn, "ee_empty")
    await admin.execute("DROP DATABASE ee_empty WITH (FORCE)")
    await admin.close()


async def test_two_at_once_apply_each_migration_once(empty: str) -> None:
    settings = DatabaseSettings.model_validate({"admin_postgres_dsn": empty})
    first, second = await asyncio.gather(apply(settings), apply(settings))
    done = first + second
    assert "scoring: shared.worker/0001_worker.pre.sql" in done
    assert len(done) == len(set(done))
    assert await apply(settings) == []


async def test_a_step_applies_its_own_files_only(empty: str) -> None:
    settings = DatabaseSettings.model_validate({"admin_postgres_dsn": empty})
    assert all(name.endswith(".pre.sql") for name in await apply(settings, step="pre"))
    assert all(name.endswith(".post.sql") for name in await apply(settings, step="post"))


async def test_an_applied_migration_that_was_rewritten_is_refused(empty: str) -> None:
    settings = DatabaseSettings.model_validate({"admin_postgres_dsn": empty})
    await apply(settings, ["scoring"])
    admin = await asyncpg.connect(empty)
    await admin.execute("UPDATE scoring.migration SET sha256 = 'other' WHERE name LIKE 'shared.worker/0001%'")
    await admin.close()
    with pytest.raises(MigrationChangedError, match=r"0001_worker\.pre\.sql was applied to scoring with other content"):
        await apply(settings, ["scoring"])


@pytest.fixture
async def mixed(empty: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Intake's own rights while processes of two releases run: the pre steps are done, the post steps are not."""
    await apply(DatabaseSettings.model_validate({"admin_postgres_dsn": empty}), ["intake"], step="pre")
    connection = await asyncpg.connect(empty)
    await connection.execute("SET ROLE intake_app; SET search_path = intake")
    await connection.execute("INSERT INTO person (person) VALUES ('a'), ('b')")
    yield connection
    await connection.close()


async def test_a_bar_that_the_release_before_writes_or_lifts_is_a_row(
    mixed: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """Migration 0005 of intake."""
    write = """UPDATE person SET profile_id = 'E2', barred_by = $1, barred_since = $2, barred_until = $3,
        bar_section = $4 WHERE person = 'a'"""
    bar = date(2026, 3, 1), date(2031, 3, 1), "A40(2)(a)"
    await mixed.execute(write, "E1", *bar)
    await mixed.execute(write, "E1", *bar)  # it writes the whole row whatever changed
    assert [tuple(row) for row in await mixed.fetch("SELECT * FROM bar")] == [(b"a", "E1", *bar)]
    await mixed.execute(write, "E1", bar[0], None, bar[2])
    assert await mixed.fetchval("SELECT until FROM bar") is None
    await mixed.execute(write, None, None, None, None)
    assert await mixed.fetch("SELECT * FROM bar") == []


async def test_the_release_before_sees_the_longest_of_the_bars_that_the_new_one_writes(
    mixed: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """Migration 0005 of intake."""

    async def seen(*by_until: object) -> bool:
        row = await mixed.fetchrow("SELECT barred_by, barred_until FROM person WHERE person = 'a'")
        assert row is not None
        return tuple(row) == by_until

    add = "INSERT INTO bar (person, profile_id, since, until, section) VALUES ('a', $1, '2026-03-01', $2, 'A40(2)(a)')"
    await mixed.execute(add, "E1", date(2031, 3, 1))
    assert await seen("E1", date(2031, 3, 1))
    await mixed.execute(add, "E2", None)
    assert await seen("E2", None)
    await mixed.execute("DELETE FROM bar WHERE profile_id = 'E2'")
    assert await seen("E1", date(2031, 3, 1))
    lift = "UPDATE person SET barred_by = NULL, barred_since = NULL, barred_until = NULL, bar_section = NULL"
    await mixed.execute(lift)
    assert await seen(None, None)
    assert await mixed.fetch("SELECT * FROM bar") == []
    await mixed.execute(add, "E1", date(2031, 3, 1))
    await mixed.execute("DELETE FROM person WHERE person = 'a'")
    assert await mixed.fetch("SELECT * FROM bar") == []
