"""What both arms share: the service's own rule and row functions, and what is to be published of a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.cli import SERVICES
from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.kafka.producer import Record as Outgoing
from shared.worker.record import Message, Record
from shared.worker.service import Service
from shared.worker.step import QUERIES, Connection, Step


def service_of(name: str) -> Service:
    """The service whose place an arm takes."""
    return next(service for service in SERVICES if service.name == name)


@dataclass(frozen=True, slots=True)
class Hop:
    """One stage of the pipeline, without what makes it safe."""

    service: Service

    def read(self, raw: Any) -> Message:
        """A record of aiokafka, decoded: what can't be read raises, and nothing catches it."""
        record = Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)
        return self.service.decoders[record.topic](record)

    async def write(self, connection: Connection, messages: Sequence[Message]) -> list[Outgoing]:
        """The rows of these messages in one transaction; returns what is to be published."""
        state = self.service.state
        async with connection.transaction():
            step = Step(connection, datetime.now(UTC), state_topic=state.topics[0] if state else None)
            await self.service.handle(step, messages)
        keys = [*step.touched, *step.announced]
        facts = await connection.fetch(QUERIES.outbox_of_keys, keys) if keys else []
        rows = await connection.fetch(state.current, list(step.touched)) if state and step.touched else []
        if facts:
            await connection.execute(QUERIES.delete_outbox, [row["id"] for row in facts])
        return [*map(self._fact, facts), *map(self._state, rows)]

    def _fact(self, row: Any) -> Outgoing:
        return self._record(row, row["ce_id"])

    def _state(self, row: Any) -> Outgoing:
        return self._record(row, f"{row['topic']}:{row['key']}:{row['sequence']}")

    def _record(self, row: Any, ce_id: str) -> Outgoing:
        topic, key, type_, at, body = (row[name] for name in ("topic", "key", "type", "ce_time", "body"))
        event = Attributes(type_, source_of(self.service.name), ce_id, at)
        return Outgoing(topic, key.encode(), body.encode(), headers(event, key))
