"""What the parts of a running service share."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.worker.clock import Clock
from shared.worker.orders import dismissals
from shared.worker.publisher import Publisher
from shared.worker.service import ClockStep, Service
from shared.worker.settings import WorkerSettings
from shared.worker.step import Step


@dataclass(slots=True)
class Runtime:
    """One process of one service."""

    service: Service
    settings: WorkerSettings
    kafka: KafkaSettings
    pool: "asyncpg.Pool[asyncpg.Record]"
    producer: Producer
    publisher: Publisher
    offsets: Offsets
    clock: Clock

    def steps(self) -> Sequence[ClockStep]:
        """The clock steps of the service, and those that every service has."""
        return (*self.service.steps(self), dismissals(self.service.name))

    def step(self, connection: asyncpg.pool.PoolConnectionProxy, *, by_clock: bool) -> Step:
        """A step at the present business instant; the caller has opened the transaction."""
        state = self.service.state
        return Step(connection, self.clock.now(), state_topic=state.topics[0] if state else None, by_clock=by_clock)
