"""Traces (OpenTelemetry) that follow one profile through all services; off unless an endpoint is set.

A trace is a profile: its id is a function of the record's key, so that it holds across outboxes, clock steps and
replays, where no header could be handed on, and so that a share of the profiles is followed whole. Who handles a
message is a child of who published it, and what is published in handling it a child of that; an upstream's own
`traceparent` becomes a link. Spans hold ids and places, never a payload.
"""

import hashlib
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from shared.contracts.cloudevents import Headers

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import SpanContext, Tracer

HEADER = "traceparent"
_EXPORT_TIMEOUT_S = 5.0
_NUMBER = re.compile(r"[A-Z0-9-]{6,36}$|[0-9]{1,6}[a-z]?$")
_HEADER = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Placed(Protocol):
    """The part of a record that is used here."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


@dataclass(slots=True)
class _Tracing:
    service: str
    provider: "TracerProvider"
    tracer: "Tracer"
    trace_id: int = 0
    """Of the next span that has no parent."""
    span_id: int | None = None
    """Of the next span, where it was told before."""
    in_hand: dict[bytes, int] = field(default_factory=dict)
    """By key, the span that a record of the batch in hand will have."""


_on: _Tracing | None = None


def start(service: str, endpoint: str | None, share: float, processor: "SpanProcessor | None" = None) -> None:
    """Follow this share of the profiles; spans go to `endpoint` (OTLP over HTTP) or to `processor`. Neither: off."""
    global _on  # noqa: PLW0603 (a process is one service)
    if endpoint is None and processor is None:
        return
    # Off costs nothing: not even the import.
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased  # noqa: PLC0415

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _on.trace_id if _on else super().generate_trace_id()

        def generate_span_id(self) -> int:
            return (_on and _on.span_id) or super().generate_span_id()

    provider = TracerProvider(
        sampler=TraceIdRatioBased(share),
        resource=Resource({"service.name": service}),
        shutdown_on_exit=False,
        id_generator=Ids(),
    )
    provider.add_span_processor(processor or _over_http(f"{endpoint}"))
    _on = _Tracing(service, provider, provider.get_tracer("express-entry-engine"))


def stop() -> None:
    """Send what is left; bounded by the exporter's own time limit."""
    global _on  # noqa: PLW0603
    if _on is not None:
        _on.provider.shutdown()
        _on = None


def handling(records: Sequence[Placed]) -> None:
    """What is published from now on about these records' keys is published in handling them."""
    if _on is not None:
        _on.in_hand = {record.key or b"": random.getrandbits(64) or 1 for record in records}


def handled(records: Sequence[Placed], seconds: float) -> None:
    """These records were committed; the batch took so long."""
    if _on is None:
        return
    ended = time.time_ns()
    for record in records:
        _on.span_id = _on.in_hand.pop(record.key or b"", None)
        place: dict[str, str | int] = {
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
        }
        _span("handles", record.topic, record.key or b"", place, _sender(record.headers), (seconds, ended))


def published(topic: str, key: str, ce_id: str) -> Headers:
    """The header by which readers go on with the trace; none where traces are off."""
    if _on is None:
        return ()
    raw = key.encode()
    sent = _span("publishes", topic, raw, {"messaging.message.id": ce_id}, _handler(raw), (0.0, time.time_ns()))
    return ((HEADER, f"00-{sent.trace_id:032x}-{sent.span_id:016x}-{int(sent.trace_flags):02x}".encode()),)


def trace_of(key: bytes) -> int:
    """The trace of a profile (or of a round), the same in every service."""
    return int.from_bytes(hashlib.sha256(b"trace:" + key).digest()[:16])


def _span(
    does: str,
    topic: str,
    key: bytes,
    place: dict[str, str | int],
    sender: "SpanContext | None",
    when: tuple[float, int],
) -> "SpanContext":
    from opentelemetry.trace import Link  # noqa: PLC0415

    assert _on is not None
    seconds, ended = when
    _on.trace_id = trace_of(key)
    ours = sender is not None and sender.trace_id == _on.trace_id
    span = _on.tracer.start_span(
        f"{_on.service} {does} {topic}",
        context=_within(sender if ours else None),
        links=[Link(sender)] if sender and not ours else [],
        start_time=ended - int(seconds * 1e9),
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": topic,
            "messaging.kafka.message.key": shown(key),
            **place,
        },
    )
    span.end(ended)
    _on.span_id = None
    return span.get_span_context()


def _handler(key: bytes) -> "SpanContext | None":
    """The span in which a record of this key is being handled."""
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415

    span_id = _on.in_hand.get(key) if _on else None
    return (span_id and SpanContext(trace_of(key), span_id, is_remote=False, trace_flags=TraceFlags(1))) or None


def shown(key: bytes) -> str:
    """The key where it can be the number of a profile or a round; a stranger may write anything there."""
    text = key.decode("ascii", errors="replace")
    return text if _NUMBER.match(text) else f"key of {len(key)} bytes"


def _within(parent: "SpanContext | None") -> "Context":
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context  # noqa: PLC0415

    return set_span_in_context(NonRecordingSpan(parent), Context()) if parent else Context()


def _sender(headers: Headers) -> "SpanContext | None":
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415

    found = _HEADER.fullmatch(dict(headers).get(HEADER) or b"")
    if found is None:
        return None
    context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(1))
    return context if context.is_valid else None


def _over_http(endpoint: str) -> "SpanProcessor":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_TIMEOUT_S, endpoint=f"{endpoint.rstrip('/')}/v1/traces"))
