"""Submissions through intake, scoring and draws; scoring alone; latency at half load: each beside the other arms."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.bed import ALONE, PIPELINE, POOL, Bed, on_a_bed, submissions, why_not
from benchmarks.meter import Meter, Reading
from shared.demo.report import percentiles
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings

NAIVE_SHARE = 5
"""The naive arm gets a fifth of the profiles: its rate does not depend on how many there are."""

WARM_S = 10.0

SCORES = """
SELECT (s.profile_id, r.total, s.status, s.submitted_at)
FROM scoring.score AS s INNER JOIN scoring.result AS r USING (profile_id, sequence)
"""
RANKED = "SELECT (profile_id, total, submitted_at) FROM draws.pool"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one arm did in one run. `cpu_ms`: of a profile, by part; `asked`: of the servers for 1,000 profiles where
    they count, by kind; `checksum`: of the rows that it left.
    """

    arm: str
    profiles: int
    per_s: float
    cpu_ms: dict[str, float]
    asked: Mapping[str, float]
    memory_mib: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many profiles, and what they used: time, CPU, requests and statements."""

    done: int
    used: Reading
    asked: Counter[str]


async def _timed(on: Bed, meter: Meter, table: str, total: int) -> Stretch:
    """From the first rows, when the start is over, to the last."""
    first = await on.until(1, table)
    if first == total:
        raise RuntimeError(f"{total} rows of {table} came at once: measure more profiles")
    return await _until(on, meter, table, total, first)


async def _timed_at_once(on: Bed, meter: Meter, table: str, total: int) -> Stretch:
    """The batch, whose rows come all at once: from its connection to the database, when the start is over."""
    await on.until(1, "pg_stat_activity WHERE application_name = 'sql-scoring'")
    return await _until(on, meter, table, total, 0)


async def _until(on: Bed, meter: Meter, table: str, total: int, first: int) -> Stretch:
    asked, before = await on.asked(), meter.read()
    await on.until(total, table)
    used = meter.read().since(before)
    return Stretch(total - first, used, await on.asked() - asked)


def _figure(arm: str, meter: Meter, of: Stretch, checksum: str) -> Figure:
    cpu = {part: 1000 * seconds / of.done for part, seconds in of.used.cpu.items()}
    asked = {kind: 1000 * count / of.done for kind, count in of.asked.items()}
    return Figure(arm, of.done, of.done / of.used.at, cpu, asked, meter.largest_mib(arm), checksum)


def through_the_pool(profiles: int, arm: str, *, counting: bool = False) -> Figure:
    """All submissions wait; from the first row of the pool to the last."""
    some = profiles // NAIVE_SHARE
    sent = submissions(profiles)[: some if arm == "naive" else profiles]

    async def run(on: Bed) -> Figure:
        await on.publish(sent)
        meter = on.start(arm, PIPELINE)
        stretch = await _timed(on, meter, POOL, len(sent))
        checksum = await on.checksum(f"{RANKED} ORDER BY profile_id LIMIT {some}")
        return _figure(arm, meter, stretch, checksum)

    return on_a_bed(run, counting=counting)


def scoring_alone(profiles: int, rounds: int, *, counting: bool = False) -> list[Figure]:
    """The same profiles again and again, one arm after the other; two workers of ours last; who can run."""

    async def run(on: Bed) -> list[Figure]:
        await on.publish(submissions(profiles))
        on.start("ours", ("intake",))
        await on.until(profiles, "intake.profile")
        await on.until_published("profile", profiles)
        on.stop()
        arms = [*((arm, 1) for arm in ALONE if not why_not(arm)), ("ours", 2)]
        return [await _scored(on, arm, workers, profiles) for _ in range(rounds) for arm, workers in arms]

    return on_a_bed(run, counting=counting)


async def _scored(on: Bed, arm: str, workers: int, profiles: int) -> Figure:
    total = profiles // NAIVE_SHARE if arm == "naive" else profiles
    await on.forget_scores()
    meter = on.start(arm, ("scoring",), {"scoring": workers})
    if workers > 1:  # timed from when they share the partitions
        await asyncio.to_thread(on.wait_until_ready)
    timed = _timed_at_once if arm == "sql" else _timed
    stretch = await timed(on, meter, "scoring.score", total)
    found = _figure(arm, meter, stretch, await on.checksum(SCORES) if total == profiles else "")
    on.stop()
    return found if workers == 1 else replace(found, arm=f"{arm}, {workers} workers")


def latency(per_s: float, seconds: float) -> tuple[int, int, int]:
    """p50, p95 and p99 in ms from the broker's receipt of a submission to its `eligible`, at a given rate.

    The times of sending follow a schedule, so that a slow answer holds no later submission back. The first seconds
    are not counted: processes that were just started, the broker among them, are slower.
    """
    warm, sent = submissions(int(per_s * WARM_S), "W"), submissions(int(per_s * seconds))

    async def run(on: Bed) -> tuple[int, int, int]:
        on.start("ours", (*PIPELINE, "decisions"))
        await asyncio.to_thread(on.wait_until_ready)
        await _on_schedule([*warm, *sent], per_s)
        await on.until(len(warm) + len(sent), POOL)
        begun: dict[bytes | None, int] = {}
        ended: dict[bytes | None, int] = {}
        async for record in read_to_end(KafkaSettings(), ["submission", "eligible"]):
            into = begun if record.topic == "submission" else ended
            into.setdefault(record.key, record.timestamp)
        return percentiles(sorted(ended[key] - begun[key] for key in begun if (key or b"").startswith(b"E")))

    return on_a_bed(run)


async def _on_schedule(sent: Sequence[Record], per_s: float) -> None:
    producer = Producer(KafkaSettings())
    await producer.start()
    tasks: set[asyncio.Task[None]] = set()
    began, tick = time.monotonic(), max(1, round(per_s / 50))
    for place in range(0, len(sent), tick):
        await asyncio.sleep(max(0.0, began + place / per_s - time.monotonic()))
        task = asyncio.create_task(producer.publish(sent[place : place + tick]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    await producer.stop()
