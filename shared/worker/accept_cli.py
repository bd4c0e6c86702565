"""`ee topics accept`: an operator says that a group goes on with a topic that is not what it was."""

from typing import Annotated

import typer
from asyncpg.pool import PoolConnectionProxy

from shared.db.operator_cli import OrderFailedError, as_operator
from shared.kafka.offsets import Offsets
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import SERVICES, topics_of
from shared.worker.sources import standing
from shared.worker.step import QUERIES


def accept(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="The topic.")],
    *,
    service: Annotated[str, typer.Option(help="The service that refuses to read on.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is wrong; do nothing.")] = False,
) -> None:
    """Let a service go on with a topic that was made again, lost records, or got partitions.

    It begins anew with the first record that each such partition has; what it has seen of it changes nothing.
    """
    if service not in SERVICES or topic not in topics_of(service):
        raise typer.BadParameter(f"{service} does not read {topic}")

    async def order(connection: PoolConnectionProxy) -> list[str]:
        return await _order(connection, service, topic, reason, dry_run=dry_run)

    for line in as_operator(service, order):
        typer.echo(line)


async def _order(connection: PoolConnectionProxy, service: str, topic: str, reason: str, *, dry_run: bool) -> list[str]:
    offsets = Offsets(KafkaSettings())
    try:
        seen = await standing(connection, offsets, service, [topic])
    finally:
        await offsets.close()
    faults = [fault for fault in seen.faults if fault.order is None]
    if not faults:
        raise OrderFailedError(f"nothing is wrong with {topic} as {service} reads it, or it is accepted already")
    lines = [f"{topic}/{fault.partition.partition}: {fault.words}; goes on at {fault.start}" for fault in faults]
    if dry_run:
        return lines
    ordered = sorted(seen.found)
    starts = [seen.found[partition].beginning for partition in ordered]
    await connection.fetchval(QUERIES.add_source_order, topic, seen.found[ordered[0]].topic_id, starts, reason)
    return [*lines, f"accepted: {service} goes on by itself"]
