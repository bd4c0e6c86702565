"""`ee topics apply|check|rights`."""

from typing import Annotated

import typer

from shared.kafka.admin import DriftRefused, KafkaUnreachable, apply_topics, check_topics
from shared.kafka.rights import apply_rights, describe, rights
from shared.kafka.settings import KafkaSettings

app = typer.Typer(no_args_is_help=True, help="The topics, their configuration, and who may read and write them.")


@app.command()
def apply(
    *,
    alter: Annotated[
        bool, typer.Option("--alter", help="Also correct the configuration of topics that exist.")
    ] = False,
) -> None:
    """Create missing topics; on a secured cluster also users and rights. Refuses what differs."""
    settings = KafkaSettings()
    try:
        done = apply_topics(settings, alter=alter)
        if settings.is_secured:
            done += apply_rights(settings)
    except (DriftRefused, KafkaUnreachable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo("\n".join(done or ["nothing to do"]))


@app.command()
def check() -> None:
    """Compare the cluster with the table; exit status 1 if anything differs."""
    settings = KafkaSettings()
    try:
        found = [str(drift) for drift in check_topics(settings)]
    except KafkaUnreachable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if settings.is_secured:
        wanted, existing = rights(), describe(settings)
        found += [f"missing: {r}" for r in sorted(wanted - existing)]
        found += [f"too much: {r}" for r in sorted(existing - wanted)]
    typer.echo("\n".join(found or ["everything is as it should be"]))
    raise typer.Exit(1 if found else 0)


@app.command("rights")
def show_rights() -> None:
    """Print who may do what, as the table says; asks no cluster."""
    for right in sorted(rights()):
        typer.echo(str(right))
