"""`ee topics apply|check|rights`."""

import asyncio
from collections.abc import Coroutine
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
    done = _run(_apply(KafkaSettings(), alter))
    typer.echo("\n".join(done or ["nothing to do"]))


@app.command()
def check() -> None:
    """Compare the cluster with the table; exit status 1 if anything differs."""
    found = _run(_check(KafkaSettings()))
    typer.echo("\n".join(found or ["everything is as it should be"]))
    raise typer.Exit(1 if found else 0)


@app.command("rights")
def show_rights() -> None:
    """Print who may do what, as the table says; asks no cluster."""
    for right in sorted(rights()):
        typer.echo(str(right))


async def _apply(settings: KafkaSettings, alter: bool) -> list[str]:
    done = await apply_topics(settings, alter=alter)
    return done + (await apply_rights(settings) if settings.is_secured else [])


async def _check(settings: KafkaSettings) -> list[str]:
    found = [str(drift) for drift in await check_topics(settings)]
    if settings.is_secured:
        wanted, existing = rights(), await describe(settings)
        if not existing:  # Kafka tells nothing to who may not look
            return [*found, "rights: none can be seen; ask as the principal that applies the topics"]
        found += [f"missing: {r}" for r in sorted(wanted - existing)]
        found += [f"too much: {r}" for r in sorted(existing - wanted)]
    return found


def _run(work: Coroutine[None, None, list[str]]) -> list[str]:
    try:
        return asyncio.run(work)
    except (DriftRefused, KafkaUnreachable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
