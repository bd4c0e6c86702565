"""What the parts of a running service share."""

from dataclasses import dataclass

import asyncpg

from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer
from shared.kafka.settings import KafkaSettings
from shared.worker.clock import Clock
from shared.worker.publisher import Publisher
from shared.worker.service import Service
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

    def step(self, connection: asyncpg.pool.PoolConnectionProxy, *, by_clock: bool) -> Step:
        """A step at the present business instant; the caller has opened the transaction."""
        state = self.service.state
        return Step(connection, self.clock.now(), state_topic=state.topics[0] if state else None, by_clock=by_clock)
