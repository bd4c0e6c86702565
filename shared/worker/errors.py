"""One classification of everything that can go wrong in a step (design: transient, poison, bug)."""

import asyncio
import errno

import asyncpg
from aiokafka.errors import KafkaError

_TRANSIENT_SQLSTATES = ("08", "40", "53", "57", "58")
"""Connection, rollback (serialization, deadlock), resources (disk full), operator intervention, system error."""

_TRANSIENT_CODES = {"55P03", "25006", "25P03"}
"""Lock not available, read-only after a fail-over, idle transaction ended."""


def is_slow(error: BaseException) -> bool:
    """True where the database ended a statement for its time limit: a smaller transaction may pass."""
    return isinstance(error, asyncpg.QueryCanceledError)


def is_transient(error: BaseException) -> bool:
    """True where the same batch will succeed later, once the database or the broker is back."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state[:2] in _TRANSIENT_SQLSTATES or state in _TRANSIENT_CODES
    if isinstance(error, asyncpg.InternalClientError):  # the protocol of a connection that broke half way
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error) or "pool" in str(error)
    if isinstance(error, OSError):
        return error.errno != errno.ENOENT
    return isinstance(error, KafkaError | asyncio.TimeoutError)
