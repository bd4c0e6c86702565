"""One process of a service: what is opened, in which order, and how it ends. No FastStream here (app.py)."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

from aiokafka.errors import KafkaError

from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.ops import traces
from shared.ops.http import Health, HttpServer
from shared.ops.log import log
from shared.worker.clock import clock_of
from shared.worker.consumer import Consumer, DrainOnRevoke
from shared.worker.guard import Guard
from shared.worker.loops import ClockReport, Clockwork, Gauges, Relay, forever
from shared.worker.progress import Progress
from shared.worker.publisher import Publisher
from shared.worker.runtime import Runtime
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings

_GC_THRESHOLDS = (50_000, 20, 20)
"""A batch makes tens of thousands of objects and few cycles: the default of 700 collects all the time."""

_RETRY_S = 1.0
_STALE_S = 15.0
"""A loop that has not turned, or a database that has not answered, for so long is not well, seconds."""


class Process:
    """Opens what a service needs, runs its loops, closes it in reverse."""

    def __init__(self, service: Service, settings: WorkerSettings, kafka: KafkaSettings) -> None:
        self.service = service
        self.settings = settings
        self.kafka = kafka
        self.process_id = f"{service.name}-{uuid4().hex[:12]}"
        self.runtime: Runtime | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._http: HttpServer | None = None
        self._stopping = False
        self._awaited: str | None = None
        self.listener = DrainOnRevoke(settings.drain_timeout_s)
        self._turned = self._answered = time.monotonic()
        self._progress = Progress(settings.stalled_s, self._turned)

    async def open(self) -> None:
        """Database, producer, clock read to its end. Waits for what is away; only then may anything be handled.

        Who looks is answered from the first moment on: alive, and not ready as long as something is waited for.
        """
        traces.start(self.service.name, self.settings.otlp_endpoint, self.settings.trace_share)
        self._open_http()
        self._begin({"turn": self._turn})
        self._awaited = "the database"
        pool = await open_pool(DatabaseSettings(), self.service.name, application_name=self.process_id)
        self._awaited = "the broker"
        producer = Producer(self.kafka)
        await _connected(producer)
        offsets = Offsets(self.kafka)
        clock = clock_of(self.settings.clock, self.kafka)
        publisher = Publisher(self.service, pool, producer)
        self.runtime = Runtime(self.service, self.settings, self.kafka, pool, producer, publisher, offsets, clock)
        self.guard = self.listener.guard = Guard(self.runtime)
        self.consumer = Consumer(self.runtime, self.listener, self.guard)
        await clock.start()
        self._answered = self._progress.looked_at = time.monotonic()
        self._awaited = None
        calm_collector()

    async def run(self) -> None:
        """Start the loops, once consuming has begun; none where the end was asked for while it began."""
        if self._stopping:
            return
        runtime = self._opened()
        report = ClockReport(runtime, self.process_id)
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "clock": lambda: runtime.clock.run(report.see),
            "clock_report": report.run,
            "relay": Relay(runtime).run,
            "clockwork": Clockwork(runtime).run,
            "gauges": Gauges(runtime, self._progress, lambda: self.listener.assigned).run,
            "pulse": self._pulse,
            "guard": self.guard.watch,
        }
        for name, task in self.service.tasks.items():
            loops[name] = lambda task=task: task(runtime)  # type: ignore[misc]
        self._begin(loops)
        log.info("service_started", process_id=self.process_id, topics=len(self.service.topics))

    def _begin(self, loops: dict[str, Callable[[], Awaitable[None]]]) -> None:
        self._tasks += [asyncio.create_task(_kept(name, loop), name=name) for name, loop in loops.items()]

    async def quiesce(self) -> None:
        """Begin to stop: no new background work; the batch in flight goes on. May come in the middle of a start."""
        self._stopping = True
        if self.runtime:
            self.listener.yielding.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Last: the producer is flushed, then the pool is closed."""
        if self.runtime:
            await self.runtime.clock.stop()
            await self.runtime.offsets.close()
            await self.runtime.producer.stop()
            await self.runtime.pool.close()
        if self._http:
            self._http.stop()
        await asyncio.to_thread(traces.stop)
        log.info("service_stopped", process_id=self.process_id)

    def _opened(self) -> Runtime:
        if self.runtime is None:
            raise RuntimeError("the process was not opened")
        return self.runtime

    def _open_http(self) -> None:
        if not self.settings.http_port:
            return
        self._http = HttpServer(self.health(), self.settings.http_host, self.settings.http_port)
        self._http.start()

    def health(self) -> Health:
        """What `/livez` and `/readyz` ask. Ready: started, partitions assigned, the database answers, progress made."""
        return Health(
            live={"loop": lambda: _stale(self._turned, "the event loop does not turn")},
            ready={
                "start": lambda: f"waits for {self._awaited}" if self._awaited else None,
                "database": lambda: _stale(self._answered, "the database does not answer"),
                "partitions": lambda: None if self.listener.assigned else "no partitions are assigned",
                "progress": lambda: self._progress.problem(time.monotonic()),
                "topics": lambda: self.listener.guard.refused if self.listener.guard else None,
            },
        )

    async def _turn(self) -> None:
        """That the event loop turns: apart from the pulse, which waits for a database that hangs."""

        async def turn() -> bool:
            self._turned = time.monotonic()
            return False

        await forever("turn", turn, 2.0)

    async def _pulse(self) -> None:
        async def beat() -> bool:
            await self._opened().pool.fetchval("SELECT 1")
            self._answered = time.monotonic()
            return False

        await forever("pulse", beat, 2.0)


async def _connected(producer: Producer) -> None:
    """Wait for the broker, as `open_pool` waits for the database: a start in the wrong order is no failure."""
    while True:
        try:
            await producer.start()
            return
        except KafkaError as error:
            log.warning("broker_away", error=type(error).__name__)
            await asyncio.sleep(_RETRY_S)


def calm_collector() -> None:
    """Modules, tables and models live as long as the process: the collector need not look at them at every batch."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _stale(since: float, words: str) -> str | None:
    return words if time.monotonic() - since > _STALE_S else None


async def _kept(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """A loop that ends or breaks is started again: a process without its relay would look well and do nothing."""

    async def once() -> bool:
        await loop()
        return False

    await forever(name, once, 1.0)
