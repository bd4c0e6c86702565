"""`/livez`, `/readyz` and `/metrics` tell the truth."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.structs import TopicPartition
from prometheus_client import REGISTRY

from shared.kafka.settings import KafkaSettings
from shared.ops.http import Health, HttpServer
from shared.worker.process import Process
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings


async def _handle(*_: object) -> None: ...


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    made = Process(Service("scoring", {}, _handle), WorkerSettings(stalled_s=60), KafkaSettings())
    cast(Any, made).guard = SimpleNamespace(refused=None)
    return made


@pytest.fixture
def problems() -> dict[str, str | None]:
    return {"loop": None, "database": None}


@pytest.fixture
def server(problems: dict[str, str | None]) -> Iterator[HttpServer]:
    health = Health(live={"loop": lambda: problems["loop"]}, ready={"database": lambda: problems["database"]})
    running = HttpServer(health, "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()


def ask(server: HttpServer, path: str, method: str = "GET") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_a_process_that_is_well_is_alive_and_ready(server: HttpServer) -> None:
    assert ask(server, "/livez") == (200, "{}")
    assert ask(server, "/readyz") == (200, "{}")


def test_a_process_without_its_database_is_alive_but_not_ready_and_says_why(
    server: HttpServer, problems: dict[str, str | None]
) -> None:
    problems["database"] = "the database does not answer"
    assert ask(server, "/livez")[0] == 200
    status, body = ask(server, "/readyz")
    assert (status, json.loads(body)) == (503, {"database": "the database does not answer"})


def test_a_process_whose_loop_stands_is_neither(server: HttpServer, problems: dict[str, str | None]) -> None:
    problems["loop"] = "the event loop does not turn"
    assert ask(server, "/livez")[0] == ask(server, "/readyz")[0] == 503


def test_metrics_are_given_as_prometheus_reads_them(server: HttpServer) -> None:
    status, body = ask(server, "/metrics")
    assert status == 200
    assert "# TYPE ee_lag_seconds gauge" in body


def test_nothing_can_be_changed_there(server: HttpServer) -> None:
    assert ask(server, "/metrics", "POST")[0] == 405
    assert ask(server, "/anything")[0] == 404


def test_a_process_is_ready_when_it_has_partitions_and_moves(process: Process) -> None:
    health = process.health()
    assert health.problems(health.live) == {}
    assert health.problems(health.ready) == {"partitions": "no partitions are assigned"}
    process.listener.assigned = frozenset({("profile", 0)})
    assert health.problems(health.ready) == {}
    process._progress.looked_at -= 100
    assert "the broker has not answered" in health.problems(health.ready)["progress"]
    process._answered -= 100
    assert health.problems(health.ready)["database"] == "the database does not answer"


async def test_a_process_whose_partitions_were_taken_away_is_not_ready_until_it_has_some_again(
    process: Process,
) -> None:
    health, profile = process.health(), TopicPartition("profile", 0)
    await process.listener.on_partitions_assigned([profile])
    assert health.problems(health.ready) == {}
    assert REGISTRY.get_sample_value("ee_partitions_assigned") == 1
    await process.listener.on_partitions_revoked([profile])
    assert health.problems(health.ready) == {"partitions": "no partitions are assigned"}
    assert REGISTRY.get_sample_value("ee_partitions_assigned") == 0
