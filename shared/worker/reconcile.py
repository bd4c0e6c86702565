"""Reconciliation: what the topics say, held against what the tables say. Nothing lost, nothing twice.

Reads whole topics to the ends at its start and the current rows, changes nothing (but `repair`), and can run under
load: what has moved on meanwhile is looked at again before it is called a difference.
"""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from shared.contracts.cloudevents import NotAnEvent, attributes
from shared.kafka.reader import Raw, latest, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS, dlq_name
from shared.worker.dead_letters import taken_apart
from shared.worker.decode import decode
from shared.worker.record import Message, Origin, Poison, Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service, StateQueries

PAGE = 1000
LOOKS = 20
PAUSE_S = 0.25
"""A difference that is still there after so many looks at this distance is one (5 s)."""


@dataclass(slots=True)
class Report:
    """Counts by name, and the differences in words. `clean` when there is none."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    behind: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Service to the keys whose last record is not the current row."""

    @property
    def clean(self) -> bool:
        return not self.differences


async def reconcile(runtimes: Sequence[Runtime], kafka: KafkaSettings) -> Report:
    """Look at everything once."""
    report = Report()
    for runtime in runtimes:
        if runtime.service.state:
            await _states(runtime, kafka, report)
    for runtime in runtimes:
        await _inputs(runtime, kafka, report)
    for topic, spec in TOPICS.items():
        if spec.kind == "fact":
            await _facts(topic, kafka, report)
    await _stages(kafka, report)
    return report


async def repair(runtimes: Sequence[Runtime], report: Report) -> int:
    """Publish the current row of every key whose last record differs; returns how many."""
    for runtime in runtimes:
        if keys := report.behind.get(runtime.service.name):
            await runtime.producer.start()
            await runtime.publisher.after_messages(keys, [])
    return sum(map(len, report.behind.values()))


async def _states(runtime: Runtime, kafka: KafkaSettings, report: Report) -> None:
    """The last record of each key of a state topic is the current row, byte for byte."""
    state = runtime.service.state
    assert state is not None
    for topic in state.topics:
        for look in range(LOOKS):
            differing = await _differing(runtime, kafka, state, topic, report)
            if not differing or look == LOOKS - 1:
                break
            await asyncio.sleep(PAUSE_S)
        if differing:
            report.behind[runtime.service.name] += differing
            words = f"{topic}: the last record of {len(differing)} keys is not the current row, first {differing[0]}"
            report.differences.append(words)


async def _differing(
    runtime: Runtime, kafka: KafkaSettings, state: StateQueries, topic: str, report: Report
) -> list[str]:
    published = {
        (key or b"").decode(): record.value.decode() if record.value is not None else None
        for key, record in (await latest(kafka, topic)).items()
    }
    differing, seen, after = [], 0, ""
    async with runtime.pool.acquire() as connection:
        while keys := [row["key"] for row in await connection.fetch(state.keys, after, PAGE)]:
            rows = await connection.fetch(state.current, keys)
            mine = {row["key"]: row["body"] for row in rows if row["topic"] == topic}
            differing += [key for key, body in mine.items() if published.get(key, "") != body]
            seen += len(mine)
            after = keys[-1]
    report.counts[f"{topic}: keys"] = seen
    return differing


async def _inputs(runtime: Runtime, kafka: KafkaSettings, report: Report) -> None:
    """Every record of an input topic has its outcome, or is in the dead letters."""
    service = runtime.service
    for topic in service.decoders:
        if TOPICS[topic].kind != "input" or service.unaccounted is None:
            continue
        dead = await _dead_letters(kafka, topic, service.name)
        report.counts[f"{dlq_name(topic, service.name)}: records"] = len(dead)
        waiting: list[Message] = []
        async for raw in read_to_end(kafka, [topic]):
            report.counts[f"{topic}: records"] += 1
            message = _read(service, _record(raw), dead, report)
            if message is not None:
                waiting.append(message)
            if len(waiting) >= PAGE:
                await _account(runtime, waiting, dead, report)
                waiting = []
        await _account(runtime, waiting, dead, report)


def _read(service: Service, record: Record, dead: set[Origin], report: Report) -> Message | None:
    try:
        return decode(service, record)
    except Poison as poison:
        if record.origin not in dead:
            report.differences.append(f"{_place(record)}: {poison.code}, and not in the dead letters")
        return None


async def _account(runtime: Runtime, messages: Sequence[Message], dead: set[Origin], report: Report) -> None:
    if not messages or runtime.service.unaccounted is None:
        return
    async with runtime.pool.acquire() as connection:
        missing = await runtime.service.unaccounted(connection, messages)
    lost = [message.record for message in missing if message.record.origin not in dead]
    report.differences += [f"{_place(record)}: no outcome and not in the dead letters" for record in lost]


async def _dead_letters(kafka: KafkaSettings, topic: str, service: str) -> set[Origin]:
    found = set()
    async for raw in read_to_end(kafka, [dlq_name(topic, service)]):
        _, added = taken_apart(tuple(raw.headers))
        found.add((topic, int(added["dlq-partition"]), int(added["dlq-offset"])))
    return found


async def _facts(topic: str, kafka: KafkaSettings, report: Report) -> None:
    """One `ce_id` is one content, and the numbers of a key are dense: no fact is missing, none is two."""
    contents: dict[tuple[str, str], bytes] = {}
    numbers: dict[tuple[str, bytes], set[int]] = defaultdict(set)
    async for raw in read_to_end(kafka, [topic]):
        try:
            event = attributes(tuple(raw.headers))
        except NotAnEvent as error:
            report.differences.append(f"{topic}: a record of ours is no event ({error.code})")
            continue
        digest = hashlib.sha256(raw.value or b"").digest()
        if contents.setdefault((event.source, event.id), digest) != digest:
            report.differences.append(f"{topic}: {event.id} was published with two contents")
        numbers[event.source, raw.key or b""].add(int(event.id.rpartition(":")[2]))
    for (source, key), found in numbers.items():
        if found != set(range(1, len(found) + 1)):
            report.differences.append(f"{topic}: the numbers of {key.decode()} from {source} have a gap")
    report.counts[f"{topic}: facts"] = len(contents)


async def _stages(kafka: KafkaSettings, report: Report) -> None:
    """The stages agree: the newest profile is the one that was scored, and both halves of a result are one."""
    for look in range(LOOKS):
        apart = await _apart(kafka)
        if not apart or look == LOOKS - 1:
            break
        await asyncio.sleep(PAUSE_S)
    report.differences += apart[:10]


async def _apart(kafka: KafkaSettings) -> list[str]:
    profile, scored, eligible = [
        {key: _sequences(record) for key, record in (await latest(kafka, topic)).items() if record.value is not None}
        for topic in ("profile", "scored", "eligible")
    ]
    apart = []
    for key, (sequence, _) in profile.items():
        result, other = scored.get(key, (0, 0)), eligible.get(key, (0, 0))
        if result[1] != sequence or result != other:
            name = (key or b"").decode()
            apart.append(f"{name}: profile {sequence}, scored {result[1]}, results {result[0]} and {other[0]}")
    return apart


def _sequences(record: Raw) -> tuple[int, int]:
    body = orjson.loads(record.value or b"{}")
    return body["sequence"], body.get("profile_sequence", 0)


def _record(raw: Raw) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)


def _place(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def lines(report: Report) -> Iterable[str]:
    """The report for people."""
    yield from (f"{count:>10}  {name}" for name, count in sorted(report.counts.items()))
    yield from (f"DIFFERS   {words}" for words in report.differences)
    yield "nothing lost, nothing twice" if report.clean else f"{len(report.differences)} differences"
