"""No service can read another service's tables, and none can change its own schema (promise 7)."""

from itertools import permutations

import asyncpg
import pytest

from shared.db.operators import create_operator, operator_dsn
from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack
from tests.conftest import Connect


@pytest.mark.parametrize(("reader", "owner"), list(permutations(SERVICES, 2)))
async def test_a_service_cannot_read_the_tables_of_another(connect: Connect, reader: str, owner: str) -> None:
    connection = await connect(reader)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch(f"SELECT * FROM {owner}.outbox")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_change_its_schema(connect: Connect, service: str) -> None:
    connection = await connect(service)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE TABLE mine (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DROP TABLE outbox")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE TABLE public.mine (id int)")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_can_work_with_its_own_tables(connect: Connect, service: str) -> None:
    connection = await connect(service)
    await connection.execute("INSERT INTO outbox (topic, key) VALUES ('held', 'x')")
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 1
    await connection.execute("DELETE FROM outbox")


@pytest.mark.parametrize("service", SERVICES)
async def test_no_wait_of_a_service_is_without_an_end(
    stack: Stack, database: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = f"EE_{service.upper()}_POSTGRES_PASSWORD"
    monkeypatch.setenv(password, stack.environment[password])
    settings = DatabaseSettings.model_validate({"postgres_dsn": database})
    pool = await open_pool(settings, service, application_name="test")
    found = await pool.fetch(
        "SELECT name, setting::int AS value FROM pg_settings WHERE name LIKE '%timeout' AND setting::int > 0"
    )
    waits = {row["name"]: row["value"] for row in found}
    assert waits["statement_timeout"] == 10_000
    assert waits["lock_timeout"] == 3_000
    assert waits["idle_in_transaction_session_timeout"] == 30_000
    await pool.close()


@pytest.mark.parametrize(("mine", "other"), list(permutations(SERVICES, 2)))
async def test_an_operator_of_one_service_is_nobody_in_another(database: str, mine: str, other: str) -> None:
    await create_operator(database, f"only_{mine}", "secret", [mine])
    connection = await asyncpg.connect(operator_dsn(database, f"only_{mine}", "secret"))
    forbidden = (f"SELECT * FROM {other}.outbox", f"SELECT * FROM {other}.audit", f"SET ROLE {other}_app")
    for statement in (*forbidden, f"SET ROLE {mine}_app", f"SET ROLE {mine}_owner"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()
