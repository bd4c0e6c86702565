"""A stack for one measurement: submissions waiting on the topic, and the processes of an arm."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

import asyncpg
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks import counts
from benchmarks.meter import Meter
from shared.demo.population import population
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer, Record
from shared.kafka.settings import KafkaSettings
from shared.stack.backend import Embedded
from shared.stack.processes import Process
from shared.stack.stack import Stack
from shared.worker import publish

T = TypeVar("T")

PIPELINE = ("intake", "scoring", "draws")
ARMS = ("ours", "bare", "naive")
ALONE = (*ARMS, "sql", "quix")
"""The arms that score."""
QUIX = Path(__file__).parents[1] / ".venv-quix" / "bin" / "python"
"""Quix Streams pins older versions of what we use: its interpreter."""
SOURCE = "/upstream/bench"
WHOLE_POOL = 226_859
POOL = "draws.pool WHERE scored_sequence IS NOT NULL AND eligible_sequence IS NOT NULL"
"""Who is in the pool with all that scoring says: a row may come with the half of it."""
DEADLINE_S = 1800.0
READY_S = 120.0
POLL_S = 0.05
POLLS_TAKE = 0.05
"""How much of the time the counting of rows may take."""
GROUP_EMPTY_S = 120.0
"""A member that ended without a word is missed after its session timeout at the latest, seconds."""


def submissions(count: int, prefix: str = "E") -> list[Record]:
    """So many submissions, always the same."""
    found = []
    for one in population(min(1.0, 1.02 * count / WHOLE_POOL + 0.001)):
        number = prefix + one.profile_id[1:]
        identity = {**one.body["identity"], "passport_number": number}
        found.append(publish.record(SOURCE, {**one.body, "profile_id": number, "identity": identity}))
        if len(found) == count:
            break
    return found


def why_not(arm: str) -> str:
    """Why an arm can't run here, and what helps; empty where it can."""
    return "its environment is absent: `make quix` makes it" if arm == "quix" and not QUIX.exists() else ""


@dataclass(slots=True)
class Bed:
    """Kafka and PostgreSQL of its own, and one arm after the other on them."""

    stack: Stack
    counting: bool = False
    running: list[Process] = field(default_factory=list)

    @property
    def backend(self) -> Embedded:
        """Its servers, always child processes: their CPU is read."""
        backend = self.stack.backend
        if not isinstance(backend, Embedded):
            raise RuntimeError("the benchmark reads the CPU of its servers: unset EE_KAFKA_BOOTSTRAP")
        return backend

    def start(self, arm: str, services: Sequence[str], count: Mapping[str, int] | None = None) -> Meter:
        """Start an arm's processes in the place of these services; what they cost is read from the meter."""
        for service in services:
            for _ in range((count or {}).get(service, 1)):
                self.running.append(self._process(arm, service))
        return Meter(
            {
                arm: tuple(process.pid for process in self.running),
                "Kafka": tuple(node.process.pid for node in self.backend.kafka.nodes),
                "PostgreSQL": (self.backend.postgres.process.pid,),
            }
        )

    def _process(self, arm: str, service: str) -> Process:
        if arm == "ours":
            return self.stack.service(service)
        log = self.stack.folder / "logs" / f"{arm}-{service}.log"
        argv = [str(QUIX) if arm == "quix" else sys.executable, "-m", f"benchmarks.arms.{arm}", service]
        process = Process(f"{arm}-{service}", argv, log, self.stack.environment)
        process.start()
        self.stack.processes.append(process)
        return process

    def stop(self) -> None:
        """End the arm."""
        self.stack.stop(*self.running, deadline_s=5.0)
        self.running = []

    def wait_until_ready(self) -> None:
        """Return when every process of ours holds its partitions and reaches its database."""
        for process in self.running:
            process.wait_until(partial(_is_ready, process), READY_S)

    async def publish(self, records: Sequence[Record]) -> None:
        """Have them on the topic before anybody reads."""
        producer = Producer(KafkaSettings())
        await producer.start()
        try:
            await publish.publish(producer, records)
        finally:
            await producer.stop()

    async def until(self, count: int, table: str) -> int:
        """Return when a table has so many rows; says how many it has then."""
        deadline = time.monotonic() + DEADLINE_S
        async with self.database() as connection:
            while True:
                asked = time.monotonic()
                found = await connection.fetchval(f"SELECT count(*) AS so_far FROM {table}")  # noqa: S608
                if found >= count:
                    return int(found)
                for process in self.running:
                    if not process.alive:
                        raise RuntimeError(f"{process.name} ended: see {process.log}")
                if asked > deadline:
                    raise RuntimeError(f"{table} has {found} of {count} rows after {DEADLINE_S:g} s")
                await asyncio.sleep(max(POLL_S, (time.monotonic() - asked) / POLLS_TAKE))

    async def until_published(self, topic: str, count: int) -> None:
        """Return when a topic has so many records."""
        offsets, found = Offsets(KafkaSettings()), 0
        try:
            while found < count:
                await asyncio.sleep(0.05)
                found = sum((await offsets.ends([topic])).values())
        finally:
            await offsets.close()

    @asynccontextmanager
    async def database(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """As the superuser."""
        connection = await asyncpg.connect(self.stack.backend.admin_dsn)
        try:
            yield connection
        finally:
            await connection.close()

    async def asked(self) -> Counter[str]:
        """What was asked of the servers so far, by kind; nothing where they don't count."""
        return await counts.so_far(self.backend) if self.counting else Counter()

    async def checksum(self, statement: str) -> str:
        """One line for all rows."""
        whole = f"SELECT md5(string_agg(x::text, ',' ORDER BY x)) FROM ({statement}) AS t (x)"  # noqa: S608
        async with self.database() as connection:
            return str(await connection.fetchval(whole))

    async def forget_scores(self) -> None:
        """Scoring has done nothing yet: no rows, no offsets. Waits until the broker has missed who just ended."""
        async with self.database() as connection:
            await connection.execute("TRUNCATE scoring.score, scoring.facts, scoring.result")
        admin = AdminClient({"bootstrap.servers": self.stack.backend.bootstrap, "log_level": "0"})
        places = [TopicPartition("profile", n, 0) for n in range(12)]
        wanted, deadline = [ConsumerGroupTopicPartitions("scoring", places)], time.monotonic() + GROUP_EMPTY_S
        while any(
            place.error for place in admin.alter_consumer_group_offsets(wanted)["scoring"].result().topic_partitions
        ):
            if time.monotonic() > deadline:
                raise RuntimeError("the offsets of scoring can't be reset: its group still has a member")
            await asyncio.sleep(0.5)


def _is_ready(process: Process) -> bool:
    with suppress(OSError):  # not there yet, or there and not ready (503)
        return bool(urlopen(f"http://127.0.0.1:{process.env['EE_HTTP_PORT']}/readyz", timeout=1).status == 200)
    return False


@contextmanager
def bed(folder: Path, *, counting: bool = False) -> Iterator[Bed]:
    """Up when the block begins, gone when it ends."""
    with Stack(folder, settings={"EE_STEP_POLL_MS": "500"}) as stack:
        on = Bed(stack, counting)
        if counting:
            asyncio.run(counts.switch_on(on.backend))
        yield on


def on_a_bed(run: Callable[[Bed], Coroutine[Any, Any, T]], *, counting: bool = False) -> T:
    """What a run finds on a bed of its own."""
    with tempfile.TemporaryDirectory(prefix="ee-bench-") as folder, bed(Path(folder), counting=counting) as on:
        found = asyncio.run(run(on))
        on.stop()
        return found
