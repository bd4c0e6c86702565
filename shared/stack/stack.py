"""The whole system on one machine: backend, topics, schemas and service processes; for demo, development and tests."""

import asyncio
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from cryptography.fernet import Fernet

from shared.db.migrate import apply
from shared.db.settings import DatabaseSettings
from shared.kafka.admin import apply_topics
from shared.kafka.offsets import Offsets, OffsetsUnavailable
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import SERVICES, TOPICS
from shared.stack.backend import Backend, choose
from shared.stack.processes import NotReadyError, Process, free_port

STOP_S = 30.0
ELECTED_S = 120.0


@dataclass(slots=True)
class Stack:
    """Use as a context manager: ready on entry, nothing left on exit. `processes` are the services that were started.

    What the services are told is in `environment`; secrets are generated once and kept in the folder, readable by
    the owner alone.
    """

    folder: Path
    brokers: int = 1
    tell: Callable[[str], None] = lambda _: None
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    backend: Backend = field(init=False)
    _started: int = 0
    _before: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.backend = choose(self.folder, brokers=self.brokers, tell=self.tell)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        """Start the backend; apply topics and migrations: ready means ready."""
        self.backend.start()
        try:
            self.prepare()
        except BaseException:
            self.backend.stop()
            raise

    def prepare(self) -> None:
        """Topics, roles, schemas. Twice changes nothing."""
        self.tell("applying topics and migrations")
        told = self.environment
        self._before |= {name: os.environ.get(name) for name in told if name not in self._before}
        os.environ.update(told)
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        await apply(DatabaseSettings())
        kafka = KafkaSettings()
        await apply_topics(kafka)
        await _elected(kafka)

    def down(self) -> None:
        """Stop the services, then the backend; this process's environment is again what it was."""
        self.stop(*self.processes)
        self.backend.stop()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._before = {}

    @property
    def environment(self) -> dict[str, str]:
        """`EE_...` for the services, the commands and this process."""
        replicas = min(self.brokers, 3)
        chosen = {
            "EE_KAFKA_BOOTSTRAP": self.backend.bootstrap,
            "EE_KAFKA_REPLICATION_FACTOR": str(replicas),
            "EE_KAFKA_MIN_INSYNC_REPLICAS": str(max(replicas - 1, 1)),
            "EE_ADMIN_POSTGRES_DSN": self.backend.admin_dsn,
            "EE_POSTGRES_DSN": _without_user(self.backend.admin_dsn),
            **self._secrets(),
            **self.settings,
        }
        return {name: os.environ.get(name, value) if name in _FROM_OUTSIDE else value for name, value in chosen.items()}

    def service(self, name: str, **settings: str) -> Process:
        """Start one process of a service, with an HTTP port of its own."""
        self._started += 1
        number = f"{name}-{self._started}"
        env = {**self.environment, "EE_HTTP_PORT": str(free_port()), **settings}
        log = self.folder / "logs" / f"{number}.log"
        process = Process(number, [sys.executable, "-m", f"services.{name}"], log, env)
        process.start()
        self.processes.append(process)
        return process

    def services(self, count: Mapping[str, int] | None = None) -> list[Process]:
        """Start every service, `count` processes of each (one where it is not named)."""
        return [self.service(name) for name in SERVICES for _ in range((count or {}).get(name, 1))]

    def stop(self, *processes: Process, deadline_s: float = STOP_S) -> list[int | None]:
        """SIGTERM to all, then wait for each; returns their exit codes."""
        for process in processes:
            process.send(SIGTERM)
        codes = [process.end(deadline_s) for process in processes]
        self.processes = [p for p in self.processes if p not in processes]
        return codes

    def _secrets(self) -> dict[str, str]:
        file = self.folder / "secrets.json"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            made = {f"EE_{name.upper()}_POSTGRES_PASSWORD": secrets.token_urlsafe(24) for name in SERVICES}
            made["EE_INTAKE_IDENTITY_KEYS"] = json.dumps([Fernet.generate_key().decode()])
            made["EE_INTAKE_PERSON_KEY"] = secrets.token_urlsafe(32)
            file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
            file.write_text(json.dumps(made), "utf-8")
        found: dict[str, str] = json.loads(file.read_text("utf-8"))
        return found


_FROM_OUTSIDE = ("EE_POSTGRES_DSN", "EE_KAFKA_REPLICATION_FACTOR", "EE_KAFKA_MIN_INSYNC_REPLICAS")
"""What an existing cluster may set itself."""


async def _elected(kafka: KafkaSettings) -> None:
    """Return when every partition has a leader: a topic is there a moment before it can be used."""
    offsets = Offsets(kafka)
    until = time.monotonic() + ELECTED_S
    try:
        while True:
            try:
                await offsets.ends(TOPICS)
                return
            except OffsetsUnavailable:
                if time.monotonic() > until:
                    words = (
                        f"topics have no leaders after {ELECTED_S:g} s: is the machine busy? look into the broker's log"
                    )
                    raise NotReadyError(words) from None
                await asyncio.sleep(0.05)
    finally:
        await offsets.close()


def _without_user(dsn: str) -> str:
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
