"""Migrations: twice changes nothing, two at once queue, and what was applied may not be rewritten."""

import asyncio
from collections.abc import AsyncIterator

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
