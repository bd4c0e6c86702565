"""What the commands of draws share: their words, the operator's session, how they speak."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, TypeVar

import typer

from services.draws import round_store
from services.draws.round_store import RoundRow
from shared.db.operator_cli import OrderFailedError, as_operator
from shared.rules.catalogue import Language
from shared.worker.step import Connection

Result = TypeVar("Result")


RoundId = Annotated[str, typer.Argument(metavar="ID", help="Number of the round, for example 436 or 91a.")]
Lang = Annotated[Language, typer.Option(help="Language of the answer.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
ENGLISH = Language.EN


def as_draws_operator(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Do this under the operator's own login at the database of draws."""
    return as_operator("draws", work)


async def the_round(connection: Connection, round_id: str) -> RoundRow:
    """A round as it stands. Raises `OrderFailedError` where there is none."""
    row = await round_store.show(connection, round_id)
    if row is None:
        raise OrderFailedError(f"there is no round {round_id}: see `ee round list`")
    return row


def say(lines: Iterable[str]) -> None:
    """Lines on stdout."""
    typer.echo("\n".join(lines))
