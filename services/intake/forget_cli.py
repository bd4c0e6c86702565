"""`ee forget PERSON`: one operator orders it, another confirms it; intake carries it out."""

from datetime import date
from typing import Annotated, Any

import typer

from services.intake.store import QUERIES
from shared.db.operator_cli import OrderFailedError, as_operator, stop
from shared.db.operators import answer
from shared.worker.step import Connection

_CONFIRM = "ee forget {} --confirm {}"
_REFUSED = {
    "unknown": "intake keeps nothing of this person, or has forgotten them already: check the number",
    "live": "a profile is live or an invitation is open",
    "in_process": "an application is in process: it may be done two years after its decision, or with recorded consent",
    "retained": "two years since the last decision have not passed, and no consent is recorded (--consent)",
    "nothing_to_confirm": "no order of this number waits for a confirmation",
    "same_operator": "forgetting a person needs two operators: let another one confirm it",
}


def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The number of any profile of theirs.")],
    *,
    consent: Annotated[
        str | None, typer.Option(metavar="WHERE", help="Where their consent is recorded; no personal data.")
    ] = None,
    confirm: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Confirm the order of another operator.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait for intake, in seconds.")] = 30.0,
) -> None:
    """Order that a person be forgotten; done when another operator confirms it. Says from when, where it is too early.

    Identity and facts go from every service, the keyed hash when no bar runs; what rounds are verified by stays.
    """
    if confirm is not None and consent is not None:
        stop("consent belongs to the order, not to its confirmation")

    async def give(connection: Connection) -> tuple[int, Any]:
        if confirm is None:
            number = await connection.fetchval(QUERIES.add_command, "forget", person, consent, None)
        else:
            if await connection.fetchval(QUERIES.ordered_person, confirm) != person:
                raise OrderFailedError(f"order {confirm} is not about {person}: check both numbers")
            number = await connection.fetchval(QUERIES.add_command, "confirm", None, None, confirm)
        return int(number), await answer(connection, QUERIES.command_outcome, number, timeout)

    number, outcome = as_operator("intake", give)
    if outcome is None:
        stop(f"command {number} is stored; intake has not yet carried it out: is it running?")
    if outcome["refused"]:
        stop(f"refused: {_REFUSED[outcome['refused']]}{_from(outcome['may_from'])}")
    if confirm is None:
        typer.echo(f"ordered under number {number}; another operator confirms it: {_CONFIRM.format(person, number)}")
    else:
        typer.echo(f"forgotten: {outcome['forgotten']} profiles")


def _from(day: date | None) -> str:
    return f"; it may be done from {day}" if day else ""
