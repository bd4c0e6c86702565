"""`ee dev clock show|advance`: the business clock of a development stack (`EE_CLOCK=topic`)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.worker.advance import ClockGoesBackError, Mover, current
from shared.worker.clock import SystemClock
from shared.worker.quiet import NotQuietError, Quiet
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings


def commands(services: Sequence[Service]) -> typer.Typer:
    """The commands, for an installation of these services."""
    app = typer.Typer(no_args_is_help=True, help="The business clock of a development stack.")
    app.command()(show)

    @app.command()
    def advance(
        to: Annotated[str, typer.Option(help="the instant to reach, UTC: 2026-08-17 or 2026-08-17T15:00:00Z")],
        stop_at: Annotated[list[str] | None, typer.Option(help="an instant at which to stop on the way")] = None,
    ) -> None:
        """Move from one 00:00 UTC to the next, and to the instants named; return when all is quiet at the last."""
        try:
            asyncio.run(_advance(services, instant(to), [instant(stop) for stop in stop_at or ()]))
        except (ClockGoesBackError, NotQuietError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None

    return app


def show() -> None:
    """Print the instant that the clock shows."""
    instant = asyncio.run(current(KafkaSettings()))
    typer.echo(instant.isoformat() if instant else "the clock has no instant yet: ee dev clock advance --to INSTANT")


async def business_now() -> datetime:
    """The instant of the business clock, whichever is in use. Raises `typer.Exit` where it was never set."""
    if WorkerSettings().clock == "system":
        return SystemClock().now()
    shown = await current(KafkaSettings())
    if shown is None:
        typer.echo("the clock has no instant yet: ee dev clock advance --to INSTANT", err=True)
        raise typer.Exit(1)
    return shown


async def _advance(services: Sequence[Service], to: datetime, stops: list[datetime]) -> None:
    kafka = KafkaSettings()
    producer = Producer(kafka)
    await producer.start()
    try:
        async with Quiet(services) as quiet:
            await Mover(quiet, producer, kafka).advance(to, stops, lambda at: typer.echo(at.isoformat()))
    finally:
        await producer.stop()


def instant(text: str) -> datetime:
    """An instant as people write it; without an offset it is UTC. Raises `typer.BadParameter`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write an instant as 2026-08-17 or 2026-08-17T15:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
