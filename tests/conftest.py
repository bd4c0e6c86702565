"""Fixtures on real servers: one Kafka and one PostgreSQL for the whole run, a database of its own for each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from shared.db.migrate import apply
from shared.db.pool import prepare
from shared.db.settings import DatabaseSettings, app_role
from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack

TEMPLATE = "ee_template"
_numbers = count(1)

Connect = Callable[[str], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


class SideBySide(LoadScopeScheduling):
    """`pytest -n 2`: the faults beside all other tests, and either in its order, on servers of its own."""

    def _split_scope(self, nodeid: str) -> str:
        return "faults" if nodeid.startswith("tests/faults/") else "others"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Called by pytest-xdist."""
    return SideBySide(config, log)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Kafka and PostgreSQL, ready: topics applied, migrations run. Started once (about 6 s), no services."""
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def template(stack: Stack) -> str:
    """A migrated database that nobody connects to; copying it takes a tenth of migrating."""
    asyncio.run(_execute(stack.backend.admin_dsn, f"CREATE DATABASE {TEMPLATE}"))
    dsn = with_database(stack.backend.admin_dsn, TEMPLATE)
    settings = DatabaseSettings.model_validate({"admin_postgres_dsn": dsn})
    asyncio.run(apply(settings))
    return TEMPLATE


@pytest.fixture
async def database(stack: Stack, template: str) -> AsyncIterator[str]:
    """The DSN, as the superuser, of a fresh migrated database; dropped afterwards."""
    name = f"ee_test_{next(_numbers)}"
    admin = stack.backend.admin_dsn
    await _execute(admin, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield with_database(admin, name)
    await _execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connect(stack: Stack, database: str) -> AsyncIterator[Connect]:
    """`await connect("intake")`: a connection to the test's database as that service's role."""
    opened: list[asyncpg.Connection[asyncpg.Record]] = []

    async def open_connection(service: str) -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(
            service_dsn(stack, database, service), server_settings={"search_path": service, "timezone": "UTC"}
        )
        await prepare(connection)
        opened.append(connection)
        return connection

    yield open_connection
    for connection in opened:
        await connection.close()


def service_dsn(stack: Stack, database: str, service: str) -> str:
    """The DSN of a service's role in the test's database."""
    assert service in SERVICES
    password = stack.environment[f"EE_{service.upper()}_POSTGRES_PASSWORD"]
    parts = urlsplit(database)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{app_role(service)}:{password}@{host}"))


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]
