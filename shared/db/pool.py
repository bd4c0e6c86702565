"""A small pool of connections under one role, with every wait bounded."""

import asyncio
import ssl
from typing import Any

import asyncpg
import orjson

from shared.db.settings import DatabaseSettings, SslMode, app_role
from shared.ops.log import log

Pool = asyncpg.Pool
COMMAND_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 10.0
START_RETRY_S = 1.0

SERVER_SETTINGS = {
    "statement_timeout": "10s",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
    "timezone": "UTC",
    "jit": "off",  # every statement is short: compiling one takes longer than running it
}


async def open_pool(settings: DatabaseSettings, service: str, *, application_name: str) -> Pool:
    """A pool as the service's role, its schema first. Waits while the database is away; raises what is our fault."""
    while True:
        try:
            return await asyncpg.create_pool(**arguments(settings, service, application_name))
        except ssl.SSLError:
            raise  # a server that is there, and not the one that we trust: waiting does not help
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
            log.warning("database_away", service=service, error=type(error).__name__)
            await asyncio.sleep(START_RETRY_S)


def arguments(settings: DatabaseSettings, service: str, application_name: str) -> dict[str, Any]:
    """What asyncpg needs to open the pool. Holds the password: never log it."""
    return {
        "dsn": settings.dsn(service),
        **_credentials(settings, service),
        "ssl": tls(settings),
        "min_size": 1,
        "max_size": settings.postgres_pool_max,
        "command_timeout": COMMAND_TIMEOUT_S,
        "timeout": CONNECT_TIMEOUT_S,
        "init": prepare,
        "server_settings": {
            **SERVER_SETTINGS,
            "application_name": application_name,
            "search_path": service,
        },
    }


async def prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """jsonb as Python values, both ways."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode, decoder=orjson.loads, format="text")


def _encode(value: object) -> str:
    return orjson.dumps(value).decode()


def tls(settings: DatabaseSettings) -> ssl.SSLContext | SslMode | None:
    """`ssl` for asyncpg; None = what the DSN's own `sslmode` says, which must not be weakened here."""
    if settings.postgres_sslrootcert is None:
        return settings.postgres_ssl
    return ssl.create_default_context(cafile=settings.postgres_sslrootcert)


def _credentials(settings: DatabaseSettings, service: str) -> dict[str, str]:
    """The service's own role, whatever user the common DSN names: that one may be an administrator."""
    password = settings.password(service)
    if settings.names_user(service):
        return {"password": password} if password else {}
    return {"user": app_role(service), "password": password or ""}
