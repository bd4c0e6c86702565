"""Reconciliation: what the topics say, held against what the tables say. Nothing lost, nothing twice.

Reads whole topics to the ends at its start and the current rows, changes nothing (but `repair`), and can run under
load: what has moved on meanwhile is looked at again before it is called a difference.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from shared.contracts.cloudevents import NotAnEvent, attributes
from shared.kafka.reader import Raw, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS, dlq_name
from shared.worker.dead_letters import taken_apart
from shared.worker.decode import decode
from shared.worker.record import Message, Origin, Poison, Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service, StateQueries
from shared.worker.tally import Tally, digest

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
    tallies: dict[tuple[str, int, str], Tally] = field(default_factory=dict)
    """By topic, partition, and where: `topic` or `table`."""

    def tally(self, topic: str, partition: int, where: str) -> Tally:
        return self.tallies.setdefault((topic, partition, where), Tally())

    def recount(self, topic: str) -> None:
        """Count this topic anew: it is looked at again."""
        self.tallies = {place: tally for place, tally in self.tallies.items() if place[0] != topic}

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
    report.recount(topic)
    published: dict[bytes, tuple[int, bytes]] = {}
    async for raw in read_to_end(kafka, [topic]):
        published[raw.key or b""] = raw.partition, digest(raw.value)
    for key, (partition, content) in published.items():
        report.tally(topic, partition, "topic").add(key, content)
    differing, after = [], ""
    async with runtime.pool.acquire() as connection:
        while keys := [row["key"] for row in await connection.fetch(state.keys, after, PAGE)]:
            for row in await connection.fetch(state.current, keys):
                if row["topic"] == topic:
                    key, content = row["key"].encode(), digest(row["body"] and row["body"].encode())
                    partition, last = published.get(key, (-1, b""))
                    report.tally(topic, partition, "table").add(key, content)
                    if last != content:
                        differing.append(row["key"])
            after = keys[-1]
    tallies = report.tallies.items()
    report.counts[f"{topic}: keys"] = sum(t.count for (of, _, where), t in tallies if (of, where) == (topic, "table"))
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
            report.tally(topic, raw.partition, "topic").add(raw.offset.to_bytes(8), digest(raw.value))
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
    contents: dict[bytes, bytes] = {}
    numbers: dict[tuple[str, bytes], Span] = {}
    aged: dict[int, bool] = {}
    async for raw in read_to_end(kafka, [topic]):
        aged.setdefault(raw.partition, raw.offset > 0)
        try:
            event = attributes(tuple(raw.headers))
        except NotAnEvent as error:
            report.differences.append(f"{topic}: a record of ours is no event ({error.code})")
            continue
        name, content = digest(f"{event.source} {event.id}".encode()), digest(raw.value)
        if name not in contents:
            report.tally(topic, raw.partition, "topic").add(name, content)
            span = numbers.setdefault((event.source, raw.key or b""), Span(aged=aged[raw.partition]))
            span.add(int(event.id.rpartition(":")[2]))
        if contents.setdefault(name, content) != content:
            report.differences.append(f"{topic}: {event.id} was published with two contents")
    for (source, key), span in numbers.items():
        if not span.dense:
            report.differences.append(f"{topic}: the numbers of {key.decode()} from {source} have a gap")
    report.counts[f"{topic}: facts"] = len(contents)


@dataclass(slots=True)
class Span:
    """Different numbers of one key. Where the oldest records are no longer kept, they need not begin with 1."""

    aged: bool
    count: int = 0
    first: int = 0
    last: int = 0

    def add(self, number: int) -> None:
        self.first = min(self.first or number, number)
        self.last = max(self.last, number)
        self.count += 1

    @property
    def dense(self) -> bool:
        return self.last - self.first + 1 == self.count and (self.aged or self.first == 1)


async def _stages(kafka: KafkaSettings, report: Report) -> None:
    """The stages agree: the newest profile is the one that was scored, and both halves of a result are one."""
    for look in range(LOOKS):
        apart = await _apart(kafka)
        if not apart or look == LOOKS - 1:
            break
        await asyncio.sleep(PAUSE_S)
    report.differences += apart[:10]


async def _apart(kafka: KafkaSettings) -> list[str]:
    profile, scored, eligible = [await _last_sequences(kafka, topic) for topic in ("profile", "scored", "eligible")]
    apart = []
    for key, (sequence, _) in profile.items():
        result, other = scored.get(key, (0, 0)), eligible.get(key, (0, 0))
        if result[1] != sequence or result != other:
            name = (key or b"").decode()
            apart.append(f"{name}: profile {sequence}, scored {result[1]}, results {result[0]} and {other[0]}")
    return apart


async def _last_sequences(kafka: KafkaSettings, topic: str) -> dict[bytes | None, tuple[int, int]]:
    """Of every key that was not erased: what its last record says."""
    found: dict[bytes | None, tuple[int, int]] = {}
    async for record in read_to_end(kafka, [topic]):
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = _sequences(record)
    return found


def _sequences(record: Raw) -> tuple[int, int]:
    body = orjson.loads(record.value or b"{}")
    return body["sequence"], body.get("profile_sequence", 0)


def _record(raw: Raw) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)


def _place(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def lines(report: Report, *, partitions: bool = False) -> Iterable[str]:
    """The report for people; with `partitions` also count and checksum of each."""
    if partitions:
        ordered = sorted(report.tallies.items())
        yield from (f"{tally}  {topic}/{partition} {where}" for (topic, partition, where), tally in ordered)
    yield from (f"{count:>10}  {name}" for name, count in sorted(report.counts.items()))
    yield from (f"DIFFERS   {words}" for words in report.differences)
    yield "nothing lost, nothing twice" if report.clean else f"{len(report.differences)} differences"
