"""Every record that a service has read has left its trace in the tables, or is in the dead letters."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from shared.kafka.reader import Raw, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import dlq_name, kind_of
from shared.worker.dead_letters import taken_apart
from shared.worker.decode import decode
from shared.worker.held import HeldTable
from shared.worker.reconcile.report import PAGE, Report
from shared.worker.record import Message, Origin, Poison, Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service
from shared.worker.tally import digest


async def check_records(runtime: Runtime, kafka: KafkaSettings, report: Report) -> None:
    """Of each topic of which the service can say so, up to the offsets that it has committed by now."""
    committed = await runtime.offsets.committed(runtime.service.name)
    for topic in runtime.service.unaccounted:
        await _handled(runtime, kafka, topic, committed, report)


async def _handled(
    runtime: Runtime, kafka: KafkaSettings, topic: str, committed: Mapping[TopicPartition, int], report: Report
) -> None:
    service, is_input = runtime.service, kind_of(topic) == "input"
    dead = await _dead_letters(kafka, topic, service.name)
    if is_input:
        report.counts[f"{dlq_name(topic, service.name)}: records"] = len(dead)
    else:
        async with runtime.pool.acquire() as connection:
            dead |= await HeldTable(service.name).origins(connection, topic)  # dead letters are kept for 30 days
    waiting: list[Message] = []
    async for raw in read_to_end(kafka, [topic]):
        if is_input:
            report.counts[f"{topic}: records"] += 1
            report.tally(topic, raw.partition, "topic").add(raw.offset.to_bytes(8), digest(raw.value))
        if raw.offset >= committed.get(TopicPartition(topic, raw.partition), 0):
            report.counts[f"{topic}: not yet read by {service.name}"] += 1
            continue
        message = _read(service, _record(raw), dead, report)
        if message is not None:
            waiting.append(message)
        if len(waiting) >= PAGE:
            await _account(runtime, topic, waiting, dead, report)
            waiting = []
    await _account(runtime, topic, waiting, dead, report)


def _read(service: Service, record: Record, dead: set[Origin], report: Report) -> Message | None:
    try:
        return decode(service, record)
    except Poison as poison:
        if record.origin not in dead:
            report.differences.append(f"{_place(record)}: {poison.code}, and not in the dead letters")
        return None


async def _account(
    runtime: Runtime, topic: str, messages: Sequence[Message], dead: set[Origin], report: Report
) -> None:
    if not messages:
        return
    async with runtime.pool.acquire() as connection:
        missing = await runtime.service.unaccounted[topic](connection, messages)
    lost = [message.record for message in missing if message.record.origin not in dead]
    told = f"no outcome in {runtime.service.name} and not in the dead letters"
    report.differences += [f"{_place(record)}: {told}" for record in lost]


async def _dead_letters(kafka: KafkaSettings, topic: str, service: str) -> set[Origin]:
    found = set()
    async for raw in read_to_end(kafka, [dlq_name(topic, service)]):
        _, added = taken_apart(tuple(raw.headers))
        found.add((topic, int(added.get("dlq-partition", -1)), int(added.get("dlq-offset", -1))))
    return found


def _record(raw: Raw) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)


def _place(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"
