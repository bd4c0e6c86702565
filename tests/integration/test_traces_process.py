"""Services that send their traces to a collector: one profile is one trace through all of them, with one beginning."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.ops import ClockInstant
from shared.contracts.types import CLOCK
from shared.kafka.producer import Producer, Record
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import SERVICES
from shared.ops.traces import trace_of
from shared.stack.stack import Stack
from tests.faults.load import NOW, submission
from tests.faults.rig import own_stack, until

NUMBER = "TRACED-00001"
WAY = {
    "intake handles submission": None,
    "intake publishes profile": "intake handles submission",
    "intake publishes notice": "intake handles submission",
    "scoring handles profile": "intake publishes profile",
    "decisions handles profile": "intake publishes profile",
    "scoring publishes scored": "scoring handles profile",
    "scoring publishes eligible": "scoring handles profile",
    "draws handles scored": "scoring publishes scored",
    "draws handles eligible": "scoring publishes eligible",
}
"""Each span of the profile's trace, and the one in which it came about."""


class Collector:
    """Takes spans as OTLP over HTTP has them."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    @contextmanager
    def on(self) -> Iterator[str]:
        """Where it listens."""
        spans = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                raw = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
                for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
                    for scope in resource.scope_spans:
                        spans.extend(scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()

    def way(self, number: str) -> dict[str, str | None]:
        """The spans of a profile's trace by name, each with the name of its parent."""
        trace = trace_of(number.encode()).to_bytes(16)
        mine = [span for span in self.spans if span.trace_id == trace]
        names = {span.span_id: span.name for span in mine}
        return {span.name: names[span.parent_span_id] if span.parent_span_id else None for span in mine}


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Stack]:
    with own_stack(tmp_path) as stack:
        yield stack


async def test_a_profile_is_followed_through_all_services(servers: Stack) -> None:
    collector = Collector()
    producer = Producer(KafkaSettings(bootstrap=servers.backend.bootstrap))
    await producer.start()
    event = headers(Attributes(CLOCK, "/express-entry/ee", "clock:traces", NOW), "clock")
    await producer.publish([Record("clock", b"clock", ClockInstant(instant=NOW).json_bytes(), event)])
    with collector.on() as endpoint:
        processes = [servers.service(name, EE_OTLP_ENDPOINT=endpoint) for name in SERVICES]
        await producer.publish([submission(NUMBER)])
        await producer.stop()
        await until(lambda: _whole(collector), "every span of the way")
        assert await asyncio.to_thread(servers.stop, *processes) == [0, 0, 0, 0]
    assert collector.way(NUMBER) == WAY


def _whole(collector: Collector) -> bool:
    """Whether it has every span of the way: they come from four processes, at their own pace."""
    try:
        return collector.way(NUMBER).keys() >= WAY.keys()
    except KeyError:  # a parent has not come yet
        return False
