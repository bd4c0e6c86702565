"""Traces: one trace for one profile through all services, and nothing at all where they are off."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.contracts.cloudevents import Headers
from shared.ops import traces

NUMBER = "E000000001"
FOREIGN = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Record:
    topic: str
    key: bytes | None = NUMBER.encode()
    headers: Headers = ()
    partition: int = 3
    offset: int = 41
    value: bytes = b'{"date_of_birth": "1990-01-01"}'


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    traces.stop()


def on(spans: InMemorySpanExporter, service: str, share: float = 1.0) -> None:
    traces.stop()
    spans._stopped = False  # one exporter for what are several processes
    traces.start(service, None, share, SimpleSpanProcessor(spans))


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def test_one_profile_is_one_trace_through_all_services_and_each_goes_on_from_who_published(
    spans: InMemorySpanExporter,
) -> None:
    on(spans, "intake")
    batch = [Record("submission", offset=41), Record("submission", offset=42)]
    traces.handling(batch)
    header = traces.published("profile", NUMBER, f"profile:{NUMBER}:1")
    traces.handled(batch, 0.5)
    on(spans, "scoring")
    traces.handled([Record("profile", headers=(("ce_id", b"x"), *header))], 0.5)
    sent, first, second, taken = spans.get_finished_spans()
    assert [span.name for span in (first, second, sent, taken)] == [
        "intake handles submission",
        "intake handles submission",
        "intake publishes profile",
        "scoring handles profile",
    ]
    assert {span.context.trace_id for span in (first, second, sent, taken)} == {traces.trace_of(NUMBER.encode())}
    assert len({span.context.span_id for span in (first, second, sent, taken)}) == 4
    assert parent_of(taken) == sent.context.span_id
    assert parent_of(sent) == first.context.span_id
    assert parent_of(first) is parent_of(second) is None


def test_what_nobody_asked_for_is_a_beginning_of_its_own(spans: InMemorySpanExporter) -> None:
    on(spans, "scoring")
    traces.handling([Record("profile", b"E000000002")])
    traces.published("scored", NUMBER, f"scored:{NUMBER}:2")  # a birthday
    assert parent_of(only(spans)) is None


def test_a_span_takes_as_long_as_its_batch_and_holds_ids_but_no_payload(spans: InMemorySpanExporter) -> None:
    on(spans, "scoring")
    traces.handled([Record("profile")], 0.25)
    span = only(spans)
    assert span.end_time is not None
    assert span.start_time is not None
    assert span.end_time - span.start_time == 250_000_000
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.destination.name": "profile",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 41,
        "messaging.kafka.message.key": NUMBER,
    }


def test_an_upstreams_own_trace_is_linked_not_joined(spans: InMemorySpanExporter) -> None:
    on(spans, "intake")
    traces.handled([Record("submission", headers=((traces.HEADER, FOREIGN),))], 0.5)
    span = only(spans)
    assert span.parent is None
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ["0af7651916cd43dd8448eb211c80319c"]


@pytest.mark.parametrize("header", [None, b"", b"nonsense", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"])
def test_a_header_that_says_nothing_is_passed_over(spans: InMemorySpanExporter, header: bytes | None) -> None:
    on(spans, "intake")
    traces.handled([Record("submission", key=None, headers=((traces.HEADER, header),))], 0.5)
    assert only(spans).links == ()


def test_a_share_of_the_profiles_is_followed_whole(spans: InMemorySpanExporter) -> None:
    keys = [f"E{number:09}".encode() for number in range(400)]
    for service in ("intake", "scoring"):
        on(spans, service, share=0.25)
        traces.handled([Record("profile", key) for key in keys], 0.1)
    chosen: dict[str, set[object]] = {"intake": set(), "scoring": set()}
    for span in spans.get_finished_spans():
        chosen[span.name.split()[0]].add((span.attributes or {})["messaging.kafka.message.key"])
    assert chosen["intake"] == chosen["scoring"]
    assert 60 < len(chosen["intake"]) < 140


def test_off_nothing_is_added_to_a_message_and_nothing_is_imported() -> None:
    traces.start("intake", None, 1.0)
    assert traces.published("profile", NUMBER, "x") == ()
    code = (
        "import sys; from shared.ops import traces; import shared.worker.app; traces.start('intake', None, 1.0); "
        "traces.handled([], 1.0); sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("spans")
def test_an_endpoint_that_is_away_stops_nothing() -> None:
    traces.start("intake", "http://127.0.0.1:1", 1.0)
    traces.handled([Record("submission")], 0.1)
    assert traces.published("profile", NUMBER, "x")[0][0] == traces.HEADER
