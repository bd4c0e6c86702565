"""Topics of facts: one `ce_id` is one content, and the numbers of a key are dense up to the last that was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.cloudevents import NotAnEvent, attributes, source_of
from shared.kafka.partition import partition_of
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS
from shared.worker.reconcile.report import PAGE, Report
from shared.worker.runtime import Runtime
from shared.worker.step import QUERIES
from shared.worker.tally import digest

Numbers = Mapping[tuple[str, bytes], int]
"""By source and key: the last number that was given, of keys of which nothing waits in the outbox."""


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


async def check_facts(runtimes: Sequence[Runtime], topic: str, kafka: KafkaSettings, report: Report) -> None:
    """No fact is missing, also not the last, and none is two."""
    given = await _given(runtimes, topic)  # before the topic is read: what has left the outbox is in it
    contents: dict[bytes, bytes] = {}
    spans: dict[tuple[str, bytes], Span] = {}
    aged: dict[int, bool] = {}
    async for raw in read_to_end(kafka, [topic]):
        aged.setdefault(raw.partition, raw.offset > 0)
        try:
            event = attributes(tuple(raw.headers))
            number = int(event.id.rpartition(":")[2])
        except (NotAnEvent, ValueError):
            report.differences.append(f"{topic}/{raw.partition}/{raw.offset}: no fact of ours")
            continue
        name, content = digest(f"{event.source} {event.id}".encode()), digest(raw.value)
        if name not in contents:
            report.tally(topic, raw.partition, "topic").add(name, content)
            span = spans.setdefault((event.source, raw.key or b""), Span(aged=aged[raw.partition]))
            span.add(number)
        if contents.setdefault(name, content) != content:
            report.differences.append(f"{topic}: {event.id} was published with two contents")
    for (source, key), span in spans.items():
        if not span.dense:
            report.differences.append(f"{topic}: the numbers of {_text(key)} from {source} have a gap")
    await _ends(runtimes, topic, given, spans, report)
    report.counts[f"{topic}: facts"] = len(contents)


async def _given(runtimes: Sequence[Runtime], topic: str) -> dict[tuple[str, bytes], int]:
    found: dict[tuple[str, bytes], int] = {}
    for runtime in runtimes:
        if runtime.service.name not in TOPICS[topic].writers:
            continue
        after, source = "", source_of(runtime.service.name)
        async with runtime.pool.acquire() as connection:
            while rows := await connection.fetch(QUERIES.numbers_published, topic, after, PAGE):
                found |= {(source, row["key"].encode()): row["last"] for row in rows}
                after = rows[-1]["key"]
    return found


async def _ends(
    runtimes: Sequence[Runtime],
    topic: str,
    given: Numbers,
    spans: Mapping[tuple[str, bytes], Span],
    report: Report,
) -> None:
    """The last number of a key is in the topic, or so old that nothing of the key is kept any more."""
    short = [(owner, last) for owner, last in given.items() if owner not in spans or spans[owner].last < last]
    if not short:
        return
    beginnings = await runtimes[0].offsets.beginnings([topic])
    aged = {partition.partition for partition, offset in beginnings.items() if offset > 0}
    for (source, key), last in short:
        span = spans.get((source, key))
        if span is None and partition_of(key, len(beginnings)) in aged:
            continue
        words = f"its last number is {span.last if span else 0}, and {last} was given"
        report.differences.append(f"{topic}: a fact of {_text(key)} from {source} is missing: {words}")


def _text(key: bytes) -> str:
    return key.decode(errors="backslashreplace")
