"""A system of its own: processes that can be armed, killed and started again, and what is asked of it at the end."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import asyncpg

from services.cli import SERVICES
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import Raw, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS
from shared.stack.backend import Embedded
from shared.stack.kafka import Kafka, Node
from shared.stack.processes import Process, free_port
from shared.stack.stack import Stack
from shared.worker.advance import Mover
from shared.worker.errors import is_transient
from shared.worker.quiet import Quiet
from shared.worker.reconcile import Report, reconcile
from tests.faults import model
from tests.faults.load import mixed

DEADLINE_S = 240.0
"""Far more than anything takes: it only ends a test that would hang."""

SETTINGS = {
    "EE_CLOCK": "topic",
    "EE_STEP_POLL_MS": "250",
    "EE_RELAY_POLL_MS": "100",
    "EE_BATCH_TIMEOUT_MS": "250",
    "EE_SESSION_TIMEOUT_MS": "3000",
    "EE_BATCH_MAX_RECORDS": "50",
}
"""Small batches, so that a fault falls between some; a killed member is missed soon."""


class Proxied(Kafka):
    """A broker with a second listener, whose clients are sent to a port where a link may listen."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.inside, self.outside = free_port(), free_port()

    def _properties(self, node: Node) -> str:
        lines = super()._properties(node).splitlines()
        values = dict(line.split("=", 1) for line in lines)
        values["listeners"] += f",LINK://127.0.0.1:{self.inside}"
        values["advertised.listeners"] += f",LINK://127.0.0.1:{self.outside}"
        values["listener.security.protocol.map"] += ",LINK:PLAINTEXT"
        return "".join(f"{name}={value}\n" for name, value in values.items())


@dataclass(slots=True)
class Rig:
    """One system under test. `now` is what its business clock shows."""

    stack: Stack
    now: datetime
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    points: dict[str, Path] = field(default_factory=dict)
    """Process to the file that arms it."""
    _producer: Producer = field(init=False)
    _quiet: Quiet = field(init=False)
    _offsets: Offsets = field(init=False)

    def __post_init__(self) -> None:
        self._producer, self._offsets = Producer(self.kafka), Offsets(self.kafka)
        self._quiet = Quiet(SERVICES)

    async def __aenter__(self) -> Self:
        await self._quiet.__aenter__()
        await self.advance(self.now)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._quiet.__aexit__(*exception)
        await self._offsets.close()
        await self._producer.stop()

    # Processes

    def start(self, service: str, **settings: str) -> Process:
        """Start one process of a service that can be armed while it runs."""
        file = self.stack.folder / f"failpoint-{len(self.points)}"
        process = self.stack.service(service, EE_FAILPOINT=f"@{file}", **settings)
        self.points[process.name] = file
        return process

    def of(self, service: str) -> list[Process]:
        """The running processes of a service."""
        return [p for p in self.stack.processes if p.alive and service_of(p) == service]

    def scale(self, **counts: int) -> None:
        """Have so many processes of these services; those that were killed are forgotten."""
        self.stack.processes = [process for process in self.stack.processes if process.alive]
        for service, wanted in counts.items():
            running = self.of(service)
            self.end(*running[wanted:])
            for _ in range(wanted - len(running)):
                self.start(service)

    def end(self, *processes: Process) -> None:
        """Stop them in an orderly way; each must say that it ended well."""
        for process in processes:  # one that has no handler yet would end by the signal
            process.wait_until(partial(answers, process), DEADLINE_S)
        codes = dict(zip((p.name for p in processes), self.stack.stop(*processes), strict=True))
        assert not any(codes.values()), f"exit codes {codes}: see the logs in {self.stack.folder / 'logs'}"

    def arm(self, process: Process, words: str) -> None:
        """Have it die, stop or fail where the words say (failpoints.py); no words: nowhere."""
        self.points[process.name].write_text(words, "utf-8")

    @asynccontextmanager
    async def replacing_the_killed(self) -> AsyncIterator[list[Process]]:
        """Start a process in the place of each that is killed, as an installation would; gives those that were."""
        killed: list[Process] = []

        async def supervise() -> None:
            while True:
                for process in [p for p in self.stack.processes if not p.alive]:
                    assert process.exit_code == -signal.SIGKILL, f"{process.name} ended by itself: see {process.log}"
                    self.stack.processes.remove(process)
                    killed.append(process)
                    self.start(service_of(process))
                await asyncio.sleep(0.05)

        supervisor = asyncio.create_task(supervise())
        try:
            yield killed
        finally:
            supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await supervisor

    # The system from outside

    async def publish(self, records: Iterable[Record]) -> None:
        """As an upstream does: again until all of them are stored."""
        wanted = list(records)

        async def stored() -> bool:
            await self._producer.publish(wanted)
            return True

        await until(stored, "submissions stored")

    async def advance(self, instant: datetime) -> None:
        """Move the business clock; returns when all is quiet at the instant."""
        self.now = instant
        await Mover(self._quiet, self._producer, self.kafka, DEADLINE_S).set(instant)

    async def quiet(self) -> None:
        """Return when nothing moves."""
        await self._quiet.wait(self.now, DEADLINE_S)

    async def reconciled(self) -> Report:
        """Quiet, then what topics and tables say of each other; nothing differs."""
        await self.quiet()
        report = await reconcile(self._quiet.runtimes, self.kafka)
        assert report.differences == []
        return report

    async def reconnect(self) -> None:
        """Return when servers that were away can be used: no old connection is left, every partition has a leader."""
        for runtime in self._quiet.runtimes:
            await runtime.pool.expire_connections()

        await until(lambda: self._offsets.ends(TOPICS), "a leader of every partition")

    async def read(self, topic: str, prefix: str = "") -> list[Raw]:
        """The records of a topic whose key begins so, in the order in which a reader gets them."""
        records = read_to_end(self.kafka, [topic])
        return [record async for record in records if (record.key or b"").startswith(prefix.encode())]

    async def length(self, topic: str) -> int:
        """How many records a topic has taken."""
        return sum((await self._offsets.ends([topic])).values())

    async def lag(self, service: str) -> int:
        """How many records a service has still to pass."""
        by_name = {runtime.service.name: runtime.service for runtime in self._quiet.runtimes}
        return await self._offsets.caught_up(service, await self._offsets.ends(by_name[service].topics))

    async def until_length(self, topic: str, records: int) -> None:
        """Return when a topic has taken so many records."""

        async def reached() -> bool:
            return await self.length(topic) >= records

        await until(reached, f"{records} records on {topic}")

    async def ends_as_the_model_says(self, prefix: str) -> None:
        """What came of the submissions with this prefix is what comes of them where nothing ever fails."""
        topics = ("profile", "scored", "eligible", "rejected", "submission.intake.dlq")
        said = [await self.read(topic, prefix) for topic in topics]
        sent = await self.read("submission", prefix)
        model.Outcome(*said).check(model.expected(sent), self.now)

    async def rows(self, statement: str, *args: Any) -> list[asyncpg.Record]:
        """What the tables say, as the superuser."""
        connection = await asyncpg.connect(self.stack.backend.admin_dsn)
        try:
            return list(await connection.fetch(statement, *args))
        finally:
            await connection.close()

    @property
    def proxied(self) -> tuple[int, int]:
        """The port of the broker's second listener, and the one at which it says that it is reached."""
        kafka = self.servers.kafka
        assert isinstance(kafka, Proxied)
        return kafka.inside, kafka.outside

    @property
    def servers(self) -> Embedded:
        """Kafka and PostgreSQL as processes that can be killed."""
        assert isinstance(self.stack.backend, Embedded)
        return self.stack.backend


@asynccontextmanager
async def load(
    system: Rig, prefix: str, portion: Callable[[str, int], Iterable[Record]] = mixed, *, pause_s: float = 0.05
) -> AsyncIterator[None]:
    """Submissions all the time, in small portions; the first is through when the block begins."""
    profiles = await system.length("profile")

    async def stream() -> None:
        for place in count():
            await system.publish(portion(f"{prefix}{place:04d}", 12))
            await asyncio.sleep(pause_s)

    streaming = asyncio.create_task(stream())
    await system.until_length("profile", profiles + 12)
    try:
        yield
    finally:
        streaming.cancel()
        with suppress(asyncio.CancelledError):
            await streaming


def service_of(process: Process) -> str:
    return process.name.partition("-")[0]


def answers(process: Process) -> bool:
    """Whether a process is so far that it says how it is."""
    return bool(_metrics(process))


def metric(process: Process, name: str) -> float:
    """The sum of a metric over its labels, as a process tells it; 0 while it tells nothing."""
    lines = _metrics(process)
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.partition("{")[0].partition(" ")[0] == name)


def _metrics(process: Process) -> list[str]:
    try:
        with urlopen(f"http://127.0.0.1:{process.env['EE_HTTP_PORT']}/metrics", timeout=5) as answer:
            return list(answer.read().decode().splitlines())
    except OSError:
        return []


async def until(condition: Callable[[], Any], what: str, every_s: float = 0.05) -> None:
    """Return when the condition holds; it may be a coroutine function. It does not while a server is away."""
    deadline = time.monotonic() + DEADLINE_S
    while not await _holds(condition):
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(every_s)


async def _holds(condition: Callable[[], Any]) -> bool:
    try:
        found = condition()
        return bool(await found if asyncio.iscoroutine(found) else found)
    except Exception as error:
        if is_transient(error):
            return False
        raise


@contextmanager
def own_stack(folder: Path, brokers: int = 1, **settings: str) -> Iterator[Stack]:
    """Kafka and PostgreSQL of its own, as child processes whatever other tests run on; no services yet."""
    outside = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("EE_")}
    try:
        stack = Stack(folder, brokers=brokers, settings={**SETTINGS, **settings})
        if brokers == 1 and isinstance(stack.backend, Embedded):
            stack.backend.kafka = Proxied(folder / "kafka")
        with stack:
            yield stack
    finally:
        os.environ.update(outside)
