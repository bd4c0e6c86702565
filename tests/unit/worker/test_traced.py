"""A profile is followed from the service that publishes it into the one that handles it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.contracts.cloudevents import attributes
from shared.kafka.producer import Record as Outgoing
from shared.ops import traces
from shared.worker.clock import FixedClock
from shared.worker.consumer import Consumer, DrainOnRevoke
from shared.worker.publisher import Publisher
from shared.worker.record import Message, Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings
from tests.unit.worker.test_consumer import Broker, Database, Open
from tests.unit.worker.test_publisher import STATE, Table

NUMBER = "E000000001"


class Keeping(Broker):
    """Keeps what is published."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Outgoing] = []

    async def publish(self, records: Any) -> None:
        self.records += records


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    traces.start("worker", None, 1.0, SimpleSpanProcessor(exporter))
    yield exporter
    traces.stop()


def _read(record: Record) -> Message:
    return Message(record, attributes(record.headers), NUMBER, None)


async def _handle(*_: Any) -> None: ...


async def _published() -> Record:
    broker = Keeping()
    publisher = Publisher(Service("intake", {}, _handle, state=STATE), cast(Any, Table()), cast(Any, broker))
    await publisher.after_messages([NUMBER], [])
    (sent,) = broker.records
    return Record("profile", 3, 41, sent.key, sent.value, sent.headers, 0)


async def test_who_handles_a_message_goes_on_with_the_trace_of_who_published_it(spans: InMemorySpanExporter) -> None:
    record = await _published()
    service = Service("scoring", {"profile": _read}, _handle)
    database, broker, anything = Database(failures=0), Broker(), cast(Any, None)
    publisher = Publisher(service, cast(Any, database), cast(Any, broker))
    clock = FixedClock(datetime(2026, 8, 1, tzinfo=UTC))
    runtime = Runtime(service, WorkerSettings(), anything, cast(Any, database), anything, publisher, anything, clock)
    await Consumer(runtime, DrainOnRevoke(1), cast(Any, Open())).take([record], broker)
    assert broker.committed
    sent, taken = spans.get_finished_spans()
    assert [sent.name, taken.name] == ["worker publishes profile", "worker handles profile"]
    assert taken.parent is not None
    assert taken.parent.span_id == sent.context.span_id


async def test_off_a_message_has_no_header_more() -> None:
    record = await _published()
    assert traces.HEADER not in dict(record.headers)
