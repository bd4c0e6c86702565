"""Where Kafka and PostgreSQL come from: our own child processes, an existing cluster, or containers. One path above."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shared.stack.kafka import MAX_MESSAGE_BYTES, Kafka
from shared.stack.postgres import Postgres
from shared.stack.processes import Ledger, NotReadyError, free_port

KAFKA_IMAGE = "apache/kafka:4.4.0"
POSTGRES_IMAGE = "postgres:18"
CONTROLLER_PORT = 9093


class Backend(Protocol):
    """A broker and a database that are ready after `start`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @property
    def bootstrap(self) -> str:
        """Kafka's bootstrap servers."""
        ...

    @property
    def admin_dsn(self) -> str:
        """PostgreSQL, as a role that may make roles and schemas."""
        ...


class Embedded:
    """Child processes of this one, with their data below `folder`."""

    def __init__(self, folder: Path, *, brokers: int = 1, tell: Callable[[str], None] = lambda _: None) -> None:
        self._ledger = Ledger(folder)
        self._tell = tell
        folder.mkdir(parents=True, exist_ok=True)
        self.kafka = Kafka(folder / "kafka", brokers, tell=tell)
        self.postgres = Postgres(folder / "postgresql")

    def start(self) -> None:
        """Return when both answer. What an earlier start left running is ended first.

        Raises `NotReadyError`, `JarsUnavailableError`; then nothing was left running.
        """
        self._ledger.claim()
        if left := self._ledger.clear_up():
            self._tell(f"ended {left} processes that an earlier start had left")
        try:
            self._tell("starting PostgreSQL")
            self.postgres.start()
            self._tell("starting Apache Kafka")
            self.kafka.start()
            self._ledger.enter([self.postgres.process, *(node.process for node in self.kafka.nodes)])
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.kafka.stop()
        self.postgres.stop()
        self._ledger.clear_up()
        self._ledger.release()

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    @property
    def admin_dsn(self) -> str:
        return self.postgres.dsn


class Existing:
    """A cluster that runs already, named by the settings. It is neither started nor stopped."""

    def __init__(self) -> None:
        self.bootstrap = os.environ["EE_KAFKA_BOOTSTRAP"]
        dsn = os.environ.get("EE_ADMIN_POSTGRES_DSN")
        if not dsn:
            raise NotReadyError("EE_KAFKA_BOOTSTRAP is set: set EE_ADMIN_POSTGRES_DSN and EE_POSTGRES_DSN too")
        self.admin_dsn = dsn

    def start(self) -> None:
        """It runs."""

    def stop(self) -> None:
        """It goes on."""


class Docker:
    """Containers by testcontainers (`EE_STACK=docker`), for tests on a machine with Docker."""

    def __init__(self) -> None:
        from docker.errors import DockerException  # type: ignore[import-untyped]  # noqa: PLC0415 (in the checks' lock)
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415
        from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

        self._port = free_port()
        try:
            # Not testcontainers' KafkaContainer: it runs scripts that only Confluent's image has.
            self._kafka = (
                DockerContainer(KAFKA_IMAGE)
                .with_bind_ports(self._port, self._port)
                .with_envs(**_kafka_environment(self._port))
                .waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(60))
            )
            self._postgres = PostgresContainer(POSTGRES_IMAGE, password=secrets.token_urlsafe(16), driver=None)
        except DockerException as error:
            raise NotReadyError(
                "EE_STACK=docker, but no Docker engine answers: start one, or unset EE_STACK to run Kafka and "
                "PostgreSQL as child processes"
            ) from error

    def start(self) -> None:
        self._postgres.start()
        self._kafka.start()

    def stop(self) -> None:
        self._kafka.stop()
        self._postgres.stop()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def admin_dsn(self) -> str:
        return str(self._postgres.get_connection_url())


def _kafka_environment(port: int) -> dict[str, str]:
    """The broker advertises the port of this machine that is bound to its own of the same number."""
    values = {
        "node.id": "1",
        "process.roles": "broker,controller",
        "listeners": f"CLIENT://:{port},CONTROLLER://:{CONTROLLER_PORT}",
        "advertised.listeners": f"CLIENT://127.0.0.1:{port}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@localhost:{CONTROLLER_PORT}",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "group.initial.rebalance.delay.ms": "0",
        "message.max.bytes": str(MAX_MESSAGE_BYTES),
    }
    return {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in values.items()}


def choose(folder: Path, *, brokers: int = 1, tell: Callable[[str], None] = lambda _: None) -> Backend:
    """The backend that the environment asks for. Raises `NotReadyError` when it asks for half of one."""
    if os.environ.get("EE_KAFKA_BOOTSTRAP"):
        return Existing()
    if os.environ.get("EE_ADMIN_POSTGRES_DSN") or os.environ.get("EE_POSTGRES_DSN"):
        raise NotReadyError(
            "a PostgreSQL is set but no Kafka: set EE_KAFKA_BOOTSTRAP too, or unset EE_POSTGRES_DSN and "
            "EE_ADMIN_POSTGRES_DSN"
        )
    if os.environ.get("EE_STACK") == "docker":
        return Docker()
    return Embedded(folder, brokers=brokers, tell=tell)
