"""What an arm asks of the servers, by their own counting: statements of SQL, and requests to Kafka by kind.

Counting costs time (the broker logs each request), so that nothing is timed on a stack that counts.
"""

import re
from collections import Counter
from pathlib import Path

import asyncpg

from shared.stack.backend import Embedded

KINDS = ("SQL", "PRODUCE", "FETCH", "OFFSET_COMMIT")
"""What is told: one kind of the database, three of Kafka. Heartbeats and metadata come with time alone."""

_STATEMENTS = "SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE 'SELECT count(*) AS so_far FROM %'"
_LOG_REQUESTS = "logger.requests.name=kafka.request.logger\nlogger.requests.level=debug\n"
_REQUEST = re.compile(rb'"requestApiKeyName":"(\w+)"')


async def switch_on(backend: Embedded) -> None:
    """Restart both servers so that they count."""
    connection = await asyncpg.connect(backend.admin_dsn)
    try:
        await connection.execute("CREATE EXTENSION pg_stat_statements")
        await connection.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    finally:
        await connection.close()
    backend.postgres.stop()
    backend.postgres.start()
    (node,) = backend.kafka.nodes
    with (node.folder / "log4j2.properties").open("a", encoding="utf-8") as file:
        file.write(_LOG_REQUESTS)
    node.process.stop()
    backend.kafka.restart(node)


async def so_far(backend: Embedded) -> Counter[str]:
    """All that was asked since they count, by kind; the counting of rows by `Bed.until` is left out."""
    connection = await asyncpg.connect(backend.admin_dsn)
    try:
        statements = await connection.fetchval(_STATEMENTS)
    finally:
        await connection.close()
    (node,) = backend.kafka.nodes
    return Counter({"SQL": int(statements), **_requests(node.process.log)})


def _requests(log: Path) -> Counter[str]:
    with log.open("rb") as lines:
        return Counter(found[1].decode() for found in map(_REQUEST.search, lines) if found)
