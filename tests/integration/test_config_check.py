"""`ee config check` on real servers."""

import asyncio

import asyncpg
import pytest
from typer.testing import CliRunner

from services.cli import app
from shared.stack.stack import Stack
from tests.conftest import with_database


@pytest.fixture
def environment(stack: Stack, database: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable, value in stack.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(
        "EE_POSTGRES_DSN", with_database(stack.environment["EE_POSTGRES_DSN"], database.rpartition("/")[2])
    )
    return monkeypatch


def check(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["config", "check", *words])
    return result.exit_code, result.output


def test_an_installation_that_is_ready_is_told_so(environment: pytest.MonkeyPatch) -> None:
    status, output = check()
    assert output.splitlines()[-1] == "everything is as it should be"
    assert status == 0
    assert "WRONG" not in output


def test_what_is_not_there_is_told_with_what_makes_it(environment: pytest.MonkeyPatch, database: str) -> None:
    asyncio.run(_execute(database, "DELETE FROM scoring.migration WHERE name LIKE '%0001_scoring.pre.sql'"))
    asyncio.run(_execute(database, "UPDATE draws.migration SET sha256 = 'x' WHERE name LIKE '%0001_draws.pre.sql'"))
    environment.setenv("EE_KAFKA_PARTITIONS", "13")
    environment.setenv("EE_DECISIONS_POSTGRES_PASSWORD", "another")
    status, output = check()
    assert status == 1
    assert (
        "WRONG  migrations of scoring: services.scoring/0001_scoring.pre.sql: not applied; run `ee migrate --step pre`"
    ) in output
    assert "WRONG  migrations of draws: services.draws/0001_draws.pre.sql: applied with other content" in output
    assert "ok     migrations of intake" in output
    assert "WRONG  topic: submission: partitions is 12, expected 13" in output
    assert "WRONG  database of decisions: refuses the role decisions_app: run `ee migrate`" in output


def test_a_database_without_schemas_is_told_to_be_migrated(environment: pytest.MonkeyPatch, stack: Stack) -> None:
    environment.setenv("EE_POSTGRES_DSN", with_database(stack.environment["EE_POSTGRES_DSN"], "no_such_database"))
    _, output = check("--service", "draws")
    assert "WRONG  database of draws: the server has no database of that name" in output


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
