"""Reconciliation: what the topics say, held against what the tables say. Nothing lost, nothing twice.

Reads whole topics to the ends at its start and the current rows, changes nothing (but `repair`), and can run under
load: what has moved on meanwhile is looked at again before it is called a difference, and what a service has not yet
read is only counted.
"""

import asyncio
import time
from collections.abc import Sequence

from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS
from shared.worker.reconcile.facts import check_facts
from shared.worker.reconcile.records import check_records
from shared.worker.reconcile.report import PAUSE_S, Report, lines
from shared.worker.reconcile.states import check_stages, check_states
from shared.worker.runtime import Runtime
from shared.worker.step import QUERIES

__all__ = ["Report", "lines", "reconcile", "repair"]


async def reconcile(runtimes: Sequence[Runtime], kafka: KafkaSettings) -> Report:
    """Look at everything once."""
    report = Report()
    for runtime in runtimes:
        await check_states(runtime, kafka, report)
    for runtime in runtimes:
        await check_records(runtime, kafka, report)
    for topic, spec in TOPICS.items():
        if spec.kind == "fact":
            await check_facts(runtimes, topic, kafka, report)
    await check_stages(runtimes, kafka, report)
    return report


async def repair(runtimes: Sequence[Runtime], report: Report, patience_s: float) -> list[str]:
    """Have the owner publish the current row of every key whose last record differs: its relay, by outbox rows.

    Waits until they are published, at most `patience_s`; returns the services of which rows still wait.
    """
    keys: dict[str, set[str]] = {}
    for runtime in runtimes:
        name = runtime.service.name
        for (service, topic), behind in report.behind.items():
            if service == name:
                await runtime.pool.execute(QUERIES.add_outbox_states, topic, behind)
                keys.setdefault(name, set()).update(behind)
    until = time.monotonic() + patience_s
    waiting = {runtime.service.name: runtime for runtime in runtimes if runtime.service.name in keys}
    while waiting:
        for name, runtime in list(waiting.items()):
            if not await runtime.pool.fetch(QUERIES.outbox_of_keys, sorted(keys[name])):
                del waiting[name]
        if time.monotonic() > until:
            break
        await asyncio.sleep(PAUSE_S)
    return sorted(waiting)
