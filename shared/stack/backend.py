"""Where Kafka and PostgreSQL come from: our own child processes, an existing cluster, or containers. One path above."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shared.stack.kafka import Kafka
from shared.stack.postgres import Postgres
from shared.stack.processes import Ledger, NotReadyError


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
        """Return when both answer. What an earlier start left running is ended first."""
        if left := self._ledger.clear_up():
            self._tell(f"ended {left} processes that an earlier start had left")
        self._tell("starting PostgreSQL")
        self.postgres.start()
        self._tell("starting Apache Kafka")
        try:
            self.kafka.start()
        except BaseException:
            self.stop()
            raise
        self._ledger.enter([self.postgres.process, *(node.process for node in self.kafka.nodes)])

    def stop(self) -> None:
        self.kafka.stop()
        self.postgres.stop()
        self._ledger.clear_up()

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
        from testcontainers.kafka import KafkaContainer  # noqa: PLC0415 (only the checks' lock has it)
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415

        self._kafka = KafkaContainer("apache/kafka:4.4.0")
        self._postgres = PostgresContainer("postgres:18", password=secrets.token_urlsafe(16), driver=None)

    def start(self) -> None:
        self._postgres.start()
        self._kafka.start()

    def stop(self) -> None:
        self._kafka.stop()
        self._postgres.stop()

    @property
    def bootstrap(self) -> str:
        return str(self._kafka.get_bootstrap_server())

    @property
    def admin_dsn(self) -> str:
        return str(self._postgres.get_connection_url())


def choose(folder: Path, *, brokers: int = 1, tell: Callable[[str], None] = lambda _: None) -> Backend:
    """The backend that the environment asks for."""
    if os.environ.get("EE_KAFKA_BOOTSTRAP"):
        return Existing()
    if os.environ.get("EE_STACK") == "docker":
        return Docker()
    return Embedded(folder, brokers=brokers, tell=tell)
