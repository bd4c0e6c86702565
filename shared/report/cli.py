"""`ee report ...`: what an institution must report, from published messages alone."""

import asyncio
from enum import StrEnum
from typing import Annotated

import orjson
import typer
from aiokafka.errors import KafkaError

from shared.contracts.rounds import Round
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.report.categories import FIRST_YEAR, report
from shared.report.display import lines
from shared.rules.catalogue import Language

app = typer.Typer(no_args_is_help=True, help="Reports from what was published.")


class Form(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


@app.callback()
def group() -> None:
    """A group of commands, also while there is one."""


@app.command()
def categories(
    year: Annotated[int, typer.Argument(min=FIRST_YEAR, max=9998, help="In which the fiscal year begins, on 1 April.")],
    *,
    lang: Annotated[Language, typer.Option(help="Language of the report.")] = Language.EN,
    form: Annotated[Form, typer.Option("--format", help="Text for people or JSON for programs.")] = Form.TEXT,
) -> None:
    """Categories, criteria, rounds and invitations of a fiscal year, for the report to Parliament (A10.5(3))."""
    try:
        found = report(asyncio.run(_rounds(KafkaSettings())), year)
    except KafkaError as error:
        typer.echo(f"topic round can't be read ({type(error).__name__}): see EE_KAFKA_BOOTSTRAP", err=True)
        raise typer.Exit(1) from None
    if form is Form.JSON:
        typer.echo(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    else:
        typer.echo("\n".join(lines(found, lang.value)))


async def _rounds(settings: KafkaSettings) -> list[Round]:
    return [Round.read(one.value) async for one in read_to_end(settings, ["round"]) if one.value is not None]
