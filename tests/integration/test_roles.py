"""No service can read another service's tables, and none can change its own schema (promise 7)."""

from itertools import permutations

import asyncpg
import pytest

from shared.kafka.topics import SERVICES
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
