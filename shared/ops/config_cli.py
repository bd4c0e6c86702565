"""`ee config check`: what is wrong, before anything starts."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated

import typer

from shared.ops.config import Finding, check
from shared.settings import Settings


def commands(classes: Mapping[str, type[Settings]], services: Sequence[str]) -> typer.Typer:
    """`ee config`, for these classes of settings by who reads them, and these services."""
    app = typer.Typer(no_args_is_help=True, help="The settings, and what they lead to.")

    @app.callback()
    def config() -> None: ...

    @app.command("check")
    def command(
        service: Annotated[
            list[str] | None, typer.Option(help="only what this service needs; can be given again; default: all")
        ] = None,
    ) -> None:
        """Say what is wrong before anything starts: settings, databases, migrations, Kafka, topics. Changes nothing.

        Exit status 1 if anything is wrong, each with what mends it.
        """
        chosen = service or list(services)
        if unknown := set(chosen) - set(services):
            raise typer.BadParameter(f"no service {', '.join(sorted(unknown))}: use {', '.join(services)}")
        wrong = asyncio.run(_told(check(classes, services, chosen)))
        raise typer.Exit(1 if wrong else 0)

    return app


async def _told(findings: AsyncIterator[Finding]) -> int:
    wrong = 0
    async for finding in findings:
        typer.echo(line(finding))
        wrong += finding.problem is not None
    typer.echo(f"{wrong} to mend" if wrong else "everything is as it should be")
    return wrong


def line(finding: Finding) -> str:
    """A finding for people."""
    return f"WRONG  {finding.subject}: {finding.problem}" if finding.problem else f"ok     {finding.subject}"
