"""State topics against the rows behind them, and the stages against each other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.worker.held import HELD, HeldTable
from shared.worker.reconcile.report import LOOKS, PAGE, PAUSE_S, Report
from shared.worker.runtime import Runtime
from shared.worker.service import StateQueries
from shared.worker.step import Connection
from shared.worker.tally import digest

Published = dict[bytes, tuple[int, bytes, bool]]
"""Of each key its partition, the hash of its last value, and whether that is null."""


class Table(Protocol):
    """The rows behind a state topic."""

    def owns(self, key: bytes, /) -> bool: ...
    def pages(self, connection: Connection, /) -> AsyncIterator[Sequence[str]]: ...
    async def current(self, connection: Connection, keys: Sequence[str], /) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """The state of a service."""

    queries: StateQueries

    def owns(self, _: bytes) -> bool:
        return True

    async def pages(self, connection: Connection) -> AsyncIterator[Sequence[str]]:
        after = ""
        while keys := [row["key"] for row in await connection.fetch(self.queries.keys, after, PAGE)]:
            yield keys
            after = keys[-1]

    async def current(self, connection: Connection, keys: Sequence[str]) -> Sequence[Any]:
        return await connection.fetch(self.queries.current, keys)


async def check_states(runtime: Runtime, kafka: KafkaSettings, report: Report) -> None:
    """The last record of each key of a state topic is the current row, byte for byte, and no key has no row."""
    state = runtime.service.state
    for topic in state.topics if state else ():
        await _compare(runtime, kafka, report, topic, Rows(state))  # type: ignore[arg-type]  # topics, so queries
    await _compare(runtime, kafka, report, HELD, HeldTable(runtime.service.name))


async def _compare(runtime: Runtime, kafka: KafkaSettings, report: Report, topic: str, table: Table) -> None:
    for look in range(LOOKS):
        published = await _published(kafka, topic, table)
        differing, rowless = await _differing(runtime, table, topic, published, report)
        if not differing or look == LOOKS - 1:
            break
        await asyncio.sleep(PAUSE_S)
    if differing:
        report.behind[runtime.service.name, topic] += differing
        words = f"{topic}: the last record of {len(differing)} keys is not the current row, first {differing[0]}"
        report.differences.append(words)
    if rowless:
        first = rowless[0].decode(errors="backslashreplace")
        words = f"{topic}: {len(rowless)} keys have a record but no row in {runtime.service.name}, first {first}"
        report.differences.append(words)


async def _published(kafka: KafkaSettings, topic: str, table: Table) -> Published:
    found: Published = {}
    async for raw in read_to_end(kafka, [topic]):
        if table.owns(key := raw.key or b""):
            found[key] = raw.partition, digest(raw.value), raw.value is None
    return found


async def _differing(
    runtime: Runtime, table: Table, topic: str, published: Published, report: Report
) -> tuple[list[str], list[bytes]]:
    """Keys whose row is another than their last record, and keys without a row. The rows are read after the topic."""
    whose = f"{topic} of {runtime.service.name}" if topic == HELD else topic
    report.recount(whose)
    for key, (partition, content, _) in published.items():
        report.tally(whose, partition, "topic").add(key, content)
    differing, rows = [], set()
    async with runtime.pool.acquire() as connection:
        async for keys in table.pages(connection):
            for row in await table.current(connection, keys):
                if row["topic"] == topic:
                    key, content = row["key"].encode(), digest(row["body"] and row["body"].encode())
                    partition, last, _ = published.get(key, (-1, b"", True))
                    report.tally(whose, partition, "table").add(key, content)
                    rows.add(key)
                    if last != content:
                        differing.append(row["key"])
    report.counts[f"{whose}: keys"] = len(rows)
    return differing, [key for key, (_, _, null) in published.items() if key not in rows and not null]


@dataclass(frozen=True, slots=True)
class Last:
    """What the last record of a key says, and where it lies."""

    sequence: int = 0
    profile_sequence: int = 0
    partition: int = -1
    offset: int = -1


async def check_stages(runtimes: Sequence[Runtime], kafka: KafkaSettings, report: Report) -> None:
    """The stages agree: the newest profile was scored, both halves of a result are one, and draws has taken them in."""
    for look in range(LOOKS):
        committed = {
            runtime.service.name: await runtime.offsets.committed(runtime.service.name) for runtime in runtimes
        }
        last = {topic: await _last(kafka, topic) for topic in ("profile", "scored", "eligible")}
        apart = _apart(**last)
        if not apart or look == LOOKS - 1:
            break
        await asyncio.sleep(PAUSE_S)
    report.differences += apart[:10]
    for runtime in runtimes:
        for topic, query in runtime.service.seen.items():
            ends = {p.partition: end for p, end in committed[runtime.service.name].items() if p.topic == topic}
            read = {key: one.sequence for key, one in last[topic].items() if one.offset < ends.get(one.partition, 0)}
            await _seen(runtime, topic, query, read, report)


async def _seen(runtime: Runtime, topic: str, query: str, read: dict[str, int], report: Report) -> None:
    """What a service has read of a state topic is in its rows: what it saw of each key is not older."""
    keys, name = sorted(read), runtime.service.name
    seen: dict[str, int] = {}
    for start in range(0, len(keys), PAGE):
        rows = await runtime.pool.fetch(query, keys[start : start + PAGE])
        seen |= {row["key"]: row["sequence"] for row in rows}
    older = [key for key in keys if seen.get(key, 0) < read[key]]
    if older:
        report.differences.append(f"{topic}: {name} has read {len(older)} keys and not kept them, first {older[0]}")


def _apart(profile: dict[str, Last], scored: dict[str, Last], eligible: dict[str, Last]) -> list[str]:
    apart = []
    for key in sorted({*profile, *scored, *eligible}):
        newest, result, other = (found.get(key, Last()) for found in (profile, scored, eligible))
        same = (result.sequence, result.profile_sequence) == (other.sequence, other.profile_sequence)
        if result.profile_sequence != newest.sequence or not same:
            results = f"results {result.sequence} and {other.sequence}"
            apart.append(f"{key}: profile {newest.sequence}, scored {result.profile_sequence}, {results}")
    return apart


async def _last(kafka: KafkaSettings, topic: str) -> dict[str, Last]:
    """Of every key that was not erased: what its last record says."""
    found: dict[str, Last] = {}
    async for record in read_to_end(kafka, [topic]):
        key = (record.key or b"").decode(errors="backslashreplace")
        found.pop(key, None)
        if record.value is not None:
            with suppress(ValueError, KeyError, TypeError):  # that it is no row of ours is said of its topic
                body = orjson.loads(record.value)
                found[key] = Last(body["sequence"], body.get("profile_sequence", 0), record.partition, record.offset)
    return found
