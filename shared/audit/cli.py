"""`ee audit`: what operators did, and whether the log is whole."""

from typing import Annotated

import typer
from asyncpg.pool import PoolConnectionProxy

from shared.audit import chain
from shared.audit.chain import BrokenChainError, Head
from shared.db.operator_cli import OrderFailedError, as_operator
from shared.kafka.topics import SERVICES

app = typer.Typer(no_args_is_help=True, help="The logs of what operators did, one in each service.")


@app.command()
def verify(
    services: Annotated[list[str] | None, typer.Argument(metavar="[SERVICE]...", help="Default: all four.")] = None,
    *,
    noted: Annotated[
        list[str] | None,
        typer.Option(metavar="SERVICE:NUMBER:HASH", help="A line of an earlier run: the log must still pass there."),
    ] = None,
) -> None:
    """Check that nothing was changed or removed; says where a log breaks, and exits with status 1.

    Prints where each log ends. Kept elsewhere, that line also shows later that the end was cut off (`--noted`).
    """
    heads = {head.service: head for head in map(_head, noted or ())}
    for service in [_service(one) for one in services or SERVICES]:

        async def read(connection: PoolConnectionProxy, service: str = service) -> Head:
            try:
                return await chain.verify(connection, service, heads.get(service))
            except BrokenChainError as error:
                raise OrderFailedError(str(error)) from None

        typer.echo(as_operator(service, read, right="audit"))


@app.command()
def show(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose log.")],
    *,
    newest: Annotated[int, typer.Option(min=1, help="How many entries.")] = 20,
) -> None:
    """Show the newest entries, a JSON object a line: when, who, what."""
    for entry in as_operator(_service(service), lambda connection: chain.newest(connection, newest), right="audit"):
        typer.echo(entry)


def _service(name: str) -> str:
    if name not in SERVICES:
        raise typer.BadParameter(f"use one of {', '.join(SERVICES)}")
    return name


def _head(text: str) -> Head:
    try:
        head = Head.parse(text)
    except ValueError:
        raise typer.BadParameter("give SERVICE:NUMBER:HASH as `ee audit verify` prints it") from None
    _service(head.service)
    return head
