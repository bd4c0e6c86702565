"""`ee top`."""

import asyncio
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from shared.kafka.settings import KafkaSettings
from shared.top.frame import Frames, table
from shared.top.look import Observer


def top(
    every: Annotated[float, typer.Option(min=0.2, help="seconds between two looks")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="print one frame, of two looks, and end")] = False,
) -> None:
    """Watch the stages: workers, records a second, lag, dead letters. Asks Kafka alone; Ctrl-C ends it."""
    console = Console()
    try:
        asyncio.run(_once(console, every) if once else _watch(console, every))
    except KeyboardInterrupt:
        return
    except KafkaError as error:
        typer.echo(f"{error}; `ee config check` says more", err=True)
        raise typer.Exit(1) from None


async def _once(console: Console, every: float) -> None:
    frames, observer = Frames(), Observer(KafkaSettings())
    try:
        frames.take(await observer.look())
        await asyncio.sleep(every)
        console.print(table(frames.take(await observer.look())))
    finally:
        await observer.close()


async def _watch(console: Console, every: float) -> None:
    """Until Ctrl-C; while the broker is away the last frame stays, with what is missing below it."""
    frames, observer = Frames(), Observer(KafkaSettings())
    shown = table(())
    try:
        with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
            while True:
                trouble = ""
                try:
                    shown = table(frames.take(await observer.look()))
                except KafkaError as error:
                    trouble = str(error)
                live.update(Group(shown, Text(trouble, style="bold red")), refresh=True)
                await asyncio.sleep(every)
    finally:
        await observer.close()
