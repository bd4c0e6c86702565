"""`ee publish` and `ee reconcile`: for an installation of some services."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from shared.audit.record import record
from shared.db.operator_cli import as_operator
from shared.kafka.producer import Producer, Record
from shared.kafka.settings import KafkaSettings
from shared.worker import publish as publishing
from shared.worker.errors import is_transient
from shared.worker.quiet import Quiet
from shared.worker.reconcile import Report, lines, reconcile, repair
from shared.worker.service import Service

PATIENCE_S, RETRY_S = 60.0, 1.0


def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="Submissions, one JSON object a line.")],
    source: Annotated[str, typer.Option(help="ce_source: who publishes")] = "/upstream/ee-publish",
) -> None:
    """Publish submissions from a file of JSON Lines."""
    stream = sys.stdin if str(file) == "-" else file.open(encoding="utf-8")
    try:
        with stream:
            sent = asyncio.run(_publish(publishing.records(source, stream)))
    except publishing.NotASubmissionError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{sent} submissions published")


async def _publish(records: Iterator[Record]) -> int:
    producer = Producer(KafkaSettings())
    await producer.start()
    try:
        return await publishing.publish(producer, records)
    finally:
        await producer.stop()


def add_reconcile(app: typer.Typer, services: Sequence[Service]) -> None:
    """`ee reconcile`, for these services."""

    @app.command("reconcile")
    def command(
        repair: Annotated[
            bool, typer.Option("--repair", help="have the current row published where the last differs")
        ] = False,
        partitions: Annotated[
            bool, typer.Option("--partitions", help="also count and checksum of each partition, topic and table")
        ] = False,
    ) -> None:
        """Compare topics with tables: nothing lost, nothing twice. Exit status 1 if anything differs.

        A repair is recorded in every service, under the operator's own login.
        """
        if repair:
            for service in services:
                as_operator(service.name, lambda connection: record(connection, "reconcile_repair"))
        report = asyncio.run(look(services, mend=repair))
        typer.echo("\n".join(lines(report, partitions=partitions)))
        raise typer.Exit(0 if report.clean else 1)


async def look(services: Sequence[Service], *, mend: bool = False, patience_s: float = PATIENCE_S) -> Report:
    """Reconcile; with `mend`, have the services publish what was behind and reconcile again.

    While the broker or the database comes back it is tried again, for `patience_s`.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return await _look(services, mend, patience_s)
        except Exception as error:
            if not is_transient(error) or time.monotonic() > until:
                raise
        await asyncio.sleep(RETRY_S)


async def _look(services: Sequence[Service], mend: bool, patience_s: float) -> Report:
    kafka = KafkaSettings()
    async with AsyncExitStack() as stack:
        quiet = await stack.enter_async_context(Quiet(services))
        report = await reconcile(quiet.runtimes, kafka)
        if mend and report.behind:
            waiting = await repair(quiet.runtimes, report, patience_s)
            report = await reconcile(quiet.runtimes, kafka)
            report.differences += [
                f"{service}: what it is to publish waits in its outbox: is it running?" for service in waiting
            ]
        return report
