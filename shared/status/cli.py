"""`ee status`: where a candidate stands, from published messages alone."""

import asyncio
from datetime import date, datetime
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from shared.kafka.settings import KafkaSettings
from shared.rules import catalogue
from shared.rules.catalogue import Language
from shared.rules.periods import utc_day
from shared.status.page import page
from shared.status.published import Published, read
from shared.status.standing import standing
from shared.worker.advance import current
from shared.worker.clock import SystemClock
from shared.worker.settings import WorkerSettings


def status(
    profile_id: Annotated[str, typer.Argument(metavar="PROFILE_ID", help="The profile number.")],
    lang: Annotated[Language, typer.Option(help="Language of the answer.")] = Language.EN,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of this day; without it today.")] = None,
) -> None:
    """Show where a candidate stands among the eight steps: dates, reasons, what comes next, what may be done."""
    try:
        found, today = asyncio.run(_read(profile_id))
    except KafkaError as error:
        raise _refused(f"the broker does not answer ({type(error).__name__}): check EE_KAFKA_BOOTSTRAP") from None
    if found.nothing:
        raise _refused(f"nothing was published about profile {profile_id}: check the number")
    if found.erased:
        typer.echo(catalogue.text("status.erased", lang))
        return
    for line in page(standing(found, on.date() if on else today), lang):
        typer.echo(line)


async def _read(profile_id: str) -> tuple[Published, date]:
    kafka = KafkaSettings()
    shown = None if WorkerSettings().clock == "system" else await current(kafka)
    return await read(kafka, profile_id), utc_day(shown or SystemClock().now())


def _refused(line: str) -> typer.Exit:
    typer.echo(line, err=True)
    return typer.Exit(1)
