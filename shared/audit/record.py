"""Recording an act of an operator that is no row of an order: it is in the log before it is done."""

from typing import Any

from asyncpg.pool import PoolConnectionProxy

_APPEND = "SELECT audit_append($1, $2)"


async def record(connection: PoolConnectionProxy, action: str, **details: Any) -> int:
    """Put the act in the log under the login of the session (`shared.db.operators.session`); returns its number.

    Details are numbers, codes and places, never what a candidate declared. Raises `asyncpg.PostgresError`.
    """
    return int(await connection.fetchval(_APPEND, action, details))
