"""`ee operator`: the logins of operators; and how every command that acts as an operator runs."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, NoReturn, TypeVar

import asyncpg
import typer
from asyncpg.pool import PoolConnectionProxy

from shared.db.operators import GROUPS, create_operator, list_operators, new_password, operator_dsn, session
from shared.db.settings import DatabaseSettings
from shared.kafka.topics import SERVICES

app = typer.Typer(no_args_is_help=True, help="Operators: each a login of their own at the database.")

Result = TypeVar("Result")
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class OrderFailedError(Exception):
    """What the operator is told; exit status 1."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The login: letters, digits, underscores.")],
    *,
    may: Annotated[list[str], typer.Option(metavar="WHAT", help=f"Again for more: {', '.join(GROUPS)}.")],
) -> None:
    """Make the login of an operator with a new password, or give a login a new one; prints its DSN, and only that.

    The operator sets it as EE_OPERATOR_POSTGRES_DSN.
    """

    async def make() -> str:
        server = DatabaseSettings().admin_dsn(next((one for one in may if one in SERVICES), SERVICES[0]))
        password = new_password()
        await create_operator(server, name, password, may)
        return operator_dsn(server, name, password)

    typer.echo(_as_administrator(make()))


@app.command("list")
def list_all() -> None:
    """List every login with what it may do."""

    async def look() -> list[tuple[str, list[str]]]:
        return await list_operators(DatabaseSettings().admin_dsn(SERVICES[0]))

    for name, may in _as_administrator(look()):
        typer.echo(f"{name}: {', '.join(may)}")


def as_operator(
    service: str, work: Callable[[PoolConnectionProxy], Awaitable[Result]], *, right: str | None = None
) -> Result:
    """Do this under the operator's own login at the database of a service; what fails ends the command.

    `right`: what the login must be allowed (`--may`); default: to act in the service.
    """

    async def run() -> Result:
        async with session(service) as connection:
            return await work(connection)

    try:
        return asyncio.run(run())
    except (OrderFailedError, ValueError) as error:
        stop(str(error))
    except (asyncpg.PostgresError, OSError) as error:
        stop(refusal(error, service, right or service))


def refusal(error: asyncpg.PostgresError | OSError, service: str, right: str) -> str:
    """Why the database of a service did not do what an operator asked, and what mends it."""
    match error:
        case asyncpg.InsufficientPrivilegeError() | asyncpg.UndefinedTableError():  # the latter: not even the schema
            return (
                f"your login may not do this in {service}: an administrator allows it, with a new password, by "
                f"`ee operator create NAME --may {right}`"
            )
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"the database of {service} does not know your login or its password: check EE_OPERATOR_POSTGRES_DSN"
    return f"the database of {service} fails or does not answer ({type(error).__name__}): see EE_OPERATOR_POSTGRES_DSN"


def agree(question: str, *, given: bool, instead: str = "") -> None:
    """Ask for agreement at a terminal, unless it was given; where nobody can be asked, silence is none.

    `instead`: the option beside --yes that gives it.
    """
    if given:
        return
    if not sys.stdin.isatty():
        stop(f"nobody can be asked here, and nothing was done: agree with {f'{instead} or ' if instead else ''}--yes")
    typer.confirm(question, abort=True)


def stop(line: str) -> NoReturn:
    """End the command: this line on stderr, exit status 1."""
    typer.echo(line, err=True)
    raise typer.Exit(1)


def _as_administrator(work: Coroutine[None, None, Result]) -> Result:
    try:
        return asyncio.run(work)
    except ValueError as error:
        stop(str(error))
    except (asyncpg.PostgresError, OSError) as error:
        stop(f"the database refuses or does not answer ({type(error).__name__}): check EE_ADMIN_POSTGRES_DSN")
