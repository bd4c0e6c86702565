"""What a process can be asked from outside: health and metrics on their own port, and nothing else anywhere."""

import asyncio
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from socket import SOCK_STREAM

import psutil
import pytest

from shared.kafka.topics import SERVICES
from shared.stack.processes import Process
from shared.stack.stack import Stack

CHANGING = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = ("/", "/docs", "/asyncapi", "/asyncapi/try", "/docs/asyncapi/try", "/openapi.json", "/publish", "/admin")
"""Among them those under which FastStream would offer to publish."""


@pytest.fixture(params=SERVICES)
def process(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Process]:
    running = stack.service(request.param)
    yield running
    assert stack.stop(running) == [0]


def ask(port: int, method: str, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=b'{"topic": "submission"}' if method not in {"GET", "HEAD"} else None)
    status = connection.getresponse().status
    connection.close()
    return status


async def test_a_process_answers_health_and_metrics_on_its_own_port_and_nothing_else(process: Process) -> None:
    port = int(process.env["EE_HTTP_PORT"])
    await asyncio.to_thread(_until_alive, port)
    answers = {path: ask(port, "GET", path) for path in ("/livez", "/metrics")}
    assert answers == {"/livez": 200, "/metrics": 200}
    assert {ask(port, "GET", path) for path in PATHS} == {404}
    changing = {ask(port, method, path) for method in CHANGING for path in (*PATHS, "/livez", "/readyz", "/metrics")}
    assert changing == {405}
    connections = psutil.Process(process.pid).net_connections("inet")
    assert {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN} == {port}
    assert {one.type for one in connections} == {SOCK_STREAM}


def _until_alive(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if ask(port, "GET", "/livez") == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the process does not answer")
