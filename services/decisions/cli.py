"""`ee case` and `ee invitation ...`: what an operator looks at and orders."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from services.decisions import display
from services.decisions.store import QUERIES
from shared.db.operator_cli import OrderFailedError, Yes, agree, as_operator, stop
from shared.db.operators import answer
from shared.rules.catalogue import Language

app = typer.Typer(no_args_is_help=True, help="Invitations: extend a period, cancel what was issued in error.")

Result = TypeVar("Result")


Numbers = Annotated[list[str] | None, typer.Argument(metavar="[INVITATION_ID]...", help="Numbers of invitations.")]
Round = Annotated[str | None, typer.Option("--round", help="Every open invitation of this round.")]
Why = Annotated[str, typer.Option(help="Why, for the candidate and for the record.")]
Patience = Annotated[float, typer.Option(min=0, help="How long to wait until it is carried out, in seconds.")]
ENGLISH = Language.EN


def case(
    profile_id: Annotated[str, typer.Argument(metavar="PROFILE_ID", help="The number of the profile.")],
    *,
    lang: Annotated[Language, typer.Option(help="Language of the answer.")] = ENGLISH,
) -> None:
    """Show a case: invitations, everything received and said, what waits and what is due next."""

    async def look(connection: Any) -> list[str]:
        file = await connection.fetchrow(QUERIES.file_story, profile_id)
        if file is None:
            return []
        statements = (QUERIES.invitation_story, QUERIES.input_story, QUERIES.acted_story, QUERIES.said_story)
        story = [await connection.fetch(statement, profile_id) for statement in statements]
        return list(display.case(file, *story, lang=lang.value))

    lines = _run(look)
    if not lines:
        stop(f"decisions knows no profile {profile_id}: check the number")
    typer.echo("\n".join(lines))


@app.command()
def extend(
    invitations: Numbers = None,
    *,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The new last day, counted whole.")],
    reason: Why,
    round_: Round = None,
    timeout: Patience = 30.0,
) -> None:
    """Give open invitations a later last day, for an incident. Those with a later one already keep it."""
    _order("extend", _named(invitations, round_), round_, timeout, until=until.date(), reason=reason)


@app.command()
def cancel(
    invitations: Numbers = None,
    *,
    reason: Why,
    round_: Round = None,
) -> None:
    """Order that invitations issued in error be cancelled. It is done when another operator confirms it."""
    _order("cancel", _named(invitations, round_), round_, None, reason=reason)


@app.command()
def confirm(
    command_id: Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the cancellation.")],
    *,
    yes: Yes = False,
    timeout: Patience = 30.0,
) -> None:
    """Confirm the cancellation that another operator ordered. Shows it and asks first."""

    async def look(connection: Any) -> list[str]:
        ordered = await connection.fetchrow(QUERIES.cancellation, command_id)
        if ordered is None:
            raise OrderFailedError(f"no cancellation {command_id} waits to be confirmed: see `ee invitation commands`")
        named = await connection.fetch(QUERIES.named_invitations, ordered["invitations"], ordered["round_id"])
        return list(display.cancellation(ordered, named))

    typer.echo("\n".join(_run(look)))
    agree("Cancel exactly these?", given=yes)
    _order("confirm", [], None, timeout, confirms=command_id)


@app.command("commands")
def list_commands(*, newest: Annotated[int, typer.Option(min=1, help="How many.")] = 20) -> None:
    """List the newest commands: who gave them, why, and what became of them."""
    for row in _run(lambda connection: connection.fetch(QUERIES.command_story, newest)):
        typer.echo(display.command(row))


def _named(invitations: Sequence[str] | None, round_: str | None) -> list[str]:
    if not invitations and round_ is None:
        raise typer.BadParameter("name invitations, or a round with --round")
    return list(invitations or ())


def _order(
    kind: str,
    invitations: list[str],
    round_id: str | None,
    timeout: float | None,
    *,
    until: Any = None,
    reason: str | None = None,
    confirms: int | None = None,
) -> None:
    """Give a command and, unless it waits for a second operator, wait until it is carried out."""

    async def give(connection: Any) -> tuple[int, Any]:
        columns = (kind, invitations, round_id, until, reason, confirms)
        number = int(await connection.fetchval(QUERIES.add_command, *columns))
        return number, None if timeout is None else await answer(connection, QUERIES.command_outcome, number, timeout)

    number, outcome = _run(give)
    if timeout is None:
        typer.echo(f"ordered under number {number}; another operator confirms it: ee invitation confirm {number}")
    elif outcome is None:
        stop(f"command {number} is stored; decisions has not yet carried it out: is it running?")
    elif outcome["refused"]:
        stop(f"command {number} was refused: {outcome['refused']}")
    else:
        typer.echo(f"command {number}: {outcome['changed']} invitations changed")


def _run(act: Callable[[Any], Awaitable[Result]]) -> Result:
    return as_operator("decisions", act)
