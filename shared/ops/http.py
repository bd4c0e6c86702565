"""`/livez`, `/readyz` and `/metrics` on a port of their own, in a thread: they answer also while the loop is blocked.

Nothing here can publish or change anything.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

Check = Callable[[], str | None]
"""None where all is well, else what is wrong in a few words."""


@dataclass(slots=True)
class Health:
    """What a process says of itself. Alive: the loop turns. Ready: partitions, database and progress too."""

    live: dict[str, Check] = field(default_factory=dict)
    ready: dict[str, Check] = field(default_factory=dict)

    def problems(self, checks: dict[str, Check]) -> dict[str, str]:
        """The checks that fail, with their words."""
        return {name: problem for name, check in checks.items() if (problem := check())}


class _Quiet(WSGIRequestHandler):
    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Probes are no news."""


class HttpServer:
    """The server thread of one process."""

    def __init__(self, health: Health, host: str, port: int) -> None:
        self._health = health
        self._metrics = make_wsgi_app()
        self._server: WSGIServer = make_server(host, port, self._answer, handler_class=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        checks = {"/livez": self._health.live, "/readyz": {**self._health.live, **self._health.ready}}
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            return _json(start_response, "405 Method Not Allowed", {})
        if path == "/metrics":
            page: Iterable[bytes] = self._metrics(environ, start_response)
            return page
        if path not in checks:
            return _json(start_response, "404 Not Found", {})
        problems = self._health.problems(checks[path])
        return _json(start_response, "503 Service Unavailable" if problems else "200 OK", problems)


def _json(start_response: Any, status: str, body: dict[str, str]) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
