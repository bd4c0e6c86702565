"""The embedded stack on real servers: `ee dev`, a stack that is killed, and a cluster of three that loses a broker."""

import asyncio
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from shared.stack.kafka import Kafka

DEADLINE_S = 120.0
COMMAND = [sys.executable, "-c", "from shared.stack.cli import app; app()"]


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


@dataclass(slots=True)
class Dev:
    """`ee dev` in a folder of its own, in an environment that says nothing of a cluster or of Java."""

    folder: Path
    supervisor: "subprocess.Popen[str] | None" = None
    children: list[psutil.Process] = field(default_factory=list)

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._argv(command), check=False, capture_output=True, text=True, env=_bare(), timeout=DEADLINE_S
        )

    def up(self, *, until_said: str = "ready:") -> None:
        """Start it; return when it has said this."""
        argv = [*self._argv("up"), "--no-services"]
        self.supervisor = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=_bare())
        assert self.supervisor.stdout is not None
        assert any(line.startswith(until_said) for line in self.supervisor.stdout), "it ended before"
        self.children = psutil.Process(self.supervisor.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the supervisor; returns its exit status when all its children are gone."""
        assert self.supervisor is not None
        self.supervisor.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """The exit status of the supervisor, when it and all its children are gone."""
        assert self.supervisor is not None
        assert self.supervisor.stdout is not None
        code = self.supervisor.wait(DEADLINE_S)
        self.supervisor.stdout.close()
        until(lambda: not any(map(_runs, self.children)), "every child is gone")
        return code

    @property
    def admin_dsn(self) -> str:
        return self.environment["EE_ADMIN_POSTGRES_DSN"]

    @property
    def environment(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "environment.json").read_text("utf-8"))
        return found

    def _argv(self, command: str) -> list[str]:
        return [*COMMAND, command, "--folder", str(self.folder)]


def _bare() -> dict[str, str]:
    return {"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin"}


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    dev = Dev(private / "stack")
    yield dev
    if dev.supervisor is not None:
        dev.end(signal.SIGKILL)


def _query(dsn: str, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [row[0] for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_a_killed_stack_leaves_nothing_and_the_next_start_has_its_data(dev: Dev) -> None:
    dev.up()
    _query(dev.admin_dsn, "CREATE TABLE kept AS SELECT 436 AS round")
    refused = dev.run("up")
    assert refused.returncode == 1
    assert "a stack runs already in" in refused.stderr
    assert dev.end(signal.SIGKILL) == -signal.SIGKILL
    assert dev.run("status").returncode == 1

    dev.up()
    assert _query(dev.admin_dsn, "SELECT round FROM kept") == [436]
    admin = AdminClient({"bootstrap.servers": dev.environment["EE_KAFKA_BOOTSTRAP"]})
    assert {"submission", "profile", "scored", "invited", "decided"} <= admin.list_topics(timeout=30).topics.keys()
    running = dev.run("status")
    assert running.returncode == 0
    assert {line.split()[0] for line in running.stdout.splitlines()} == {"kafka", "postgresql"}
    _is_closed_to_others(dev)
    _is_durable(dev.admin_dsn)

    assert dev.run("down").stdout == "stopped\n"
    assert dev.ended() == 0
    assert dev.run("down").stdout == "nothing runs\n"


def _is_closed_to_others(dev: Dev) -> None:
    """Started by root, PostgreSQL runs as another user; no folder is opened for it, and no secret is readable."""
    assert stat.S_IMODE(dev.folder.parent.stat().st_mode) == 0o700
    for name in ("secrets.json", "environment.json", "postgresql/postgresql.password"):
        assert stat.S_IMODE((dev.folder / name).stat().st_mode) == 0o600, name
    server = next(p for p in dev.children if p.name() == "postgres")
    assert server.uids().effective != 0
    listening = {c.laddr.ip for child in dev.children for c in child.net_connections() if c.status == "LISTEN"}
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def _is_durable(dsn: str) -> None:
    names = "('fsync', 'full_page_writes', 'synchronous_commit')"
    assert _query(dsn, f"SELECT setting FROM pg_settings WHERE name IN {names}") == ["on", "on", "on"]


def test_an_interrupted_start_leaves_nothing(dev: Dev) -> None:
    dev.up(until_said="starting Apache Kafka")
    assert dev.end(signal.SIGINT) != 0
    assert dev.run("status").stdout == "nothing runs\n"


def test_three_brokers_go_on_when_one_is_killed(tmp_path: Path) -> None:
    kafka = Kafka(tmp_path, 3)
    try:
        kafka.start()
        admin = AdminClient(kafka.client())
        topic = NewTopic("facts", num_partitions=3, replication_factor=3, config={"min.insync.replicas": "2"})
        admin.create_topics([topic], operation_timeout=30)["facts"].result()
        lost = kafka.nodes[0]
        lost.process.kill()
        assert _acknowledged(kafka, 30) == 30
        kafka.restart(lost)
        assert _acknowledged(kafka, 30) == 30
    finally:
        kafka.stop()
    assert not any(node.process.alive for node in kafka.nodes)


def _acknowledged(kafka: Kafka, count: int) -> int:
    errors: list[object] = []
    producer = Producer(kafka.client() | {"acks": "all", "enable.idempotence": "true"})
    for number in range(count):
        producer.produce("facts", str(number).encode(), on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(60) == 0
    return sum(error is None for error in errors)
