"""Topics as the table says: created where they are missing, refused where they differ."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from shared.kafka.connection import REQUEST_TIMEOUT_S, connect, said
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS, TopicSpec

PARTITIONS = "partitions"
REPLICATION_FACTOR = "replication factor"
_VISIBLE_S = 60.0


class KafkaUnreachable(Exception):
    """No broker answers, or it does not know the user: says which settings to look at."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between the table and the cluster. `found` None = there is no such topic or setting."""

    topic: str
    setting: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        if self.setting == PARTITIONS and self.found is None:
            return f"{self.topic}: the topic does not exist; run `ee topics apply`"
        return f"{self.topic}: {self.setting} is {self.found or 'not set'}, expected {self.expected or 'not set'}"

    @property
    def is_missing_topic(self) -> bool:
        """The topic does not exist."""
        return self.setting == PARTITIONS and self.found is None

    @property
    def can_be_altered(self) -> bool:
        """Partition and replica counts never: keys would move, or data be copied, under running services."""
        return self.setting not in {PARTITIONS, REPLICATION_FACTOR}


class DriftRefused(Exception):
    """Existing topics differ from the table; nothing was changed."""

    def __init__(self, drifts: list[Drift]) -> None:
        self.drifts = drifts
        hint = (
            "run `ee topics apply --alter` to change them"
            if all(d.can_be_altered for d in drifts)
            else "a partition or replica count is never changed here: set EE_KAFKA_PARTITIONS and "
            "EE_KAFKA_REPLICATION_FACTOR to what the topics have, or make new topics"
        )
        super().__init__("\n".join([*map(str, drifts), hint]))


async def apply_topics(settings: KafkaSettings, *, alter: bool = False) -> list[str]:
    """Create the topics that are missing; with `alter` also correct configuration. Returns what was done.

    Raises `DriftRefused` before anything is changed, `KafkaUnreachable`. Safe to run twice at once.
    """
    return await asyncio.to_thread(_apply, settings, alter)


async def check_topics(settings: KafkaSettings, services: Collection[str] | None = None) -> list[Drift]:
    """Every difference between the table and the cluster; empty = none. Raises `KafkaUnreachable`.

    With `services`, of what these read and write: a service of its own rights sees nothing else. The configuration
    of a topic is compared where the principal may look at it.
    """
    return await asyncio.to_thread(_check, settings, services)


def _apply(settings: KafkaSettings, alter: bool) -> list[str]:
    drifts = _check(settings)
    changes = [d for d in drifts if not d.is_missing_topic]
    refused = [d for d in changes if not (alter and d.can_be_altered)]
    if refused:
        raise DriftRefused(refused)
    client = connect(settings)
    missing = [d.topic for d in drifts if d.is_missing_topic]
    done = _create(client, settings, missing) + [_altered(client, d) for d in changes]
    _wait_until_visible(client, missing)
    return done


def _check(settings: KafkaSettings, services: Collection[str] | None = None) -> list[Drift]:
    client = connect(settings)
    wanted = [t for t in TOPICS.values() if services is None or {*t.writers, *t.readers} & {*services}]
    try:
        known = client.list_topics(timeout=REQUEST_TIMEOUT_S).topics
        existing = [t for t in wanted if t.name in known]
        configs = _configs(client, existing)
    except KafkaException as error:
        raise KafkaUnreachable(
            f"Kafka does not answer at {settings.bootstrap} ({said(error)}): look at EE_KAFKA_BOOTSTRAP, "
            "EE_KAFKA_SECURITY_PROTOCOL, and the user and password"
        ) from error
    drifts: list[Drift] = []
    for spec in wanted:
        if spec.name in known:
            drifts += _shape_drift(spec, settings, known[spec.name])
            drifts += _config_drift(spec, settings, configs[spec.name]) if spec.name in configs else []
        else:
            drifts.append(Drift(spec.name, PARTITIONS, str(_partitions(spec, settings)), None))
    return drifts


def _partitions(spec: TopicSpec, settings: KafkaSettings) -> int:
    return spec.partitions or settings.partitions


def _wanted(spec: TopicSpec, settings: KafkaSettings) -> dict[str, str]:
    return {**spec.config, "min.insync.replicas": str(settings.min_insync_replicas)}


def _shape_drift(spec: TopicSpec, settings: KafkaSettings, found: TopicMetadata) -> list[Drift]:
    partitions = found.partitions.values()
    expected = {PARTITIONS: _partitions(spec, settings), REPLICATION_FACTOR: settings.replication_factor}
    actual = {
        PARTITIONS: len(found.partitions),
        REPLICATION_FACTOR: min((len(p.replicas) for p in partitions), default=0),
    }
    return [
        Drift(spec.name, name, str(value), str(actual[name]))
        for name, value in expected.items()
        if actual[name] != value
    ]


def _config_drift(spec: TopicSpec, settings: KafkaSettings, found: Mapping[str, ConfigEntry]) -> list[Drift]:
    wanted = _wanted(spec, settings)
    own = {n for n, e in found.items() if _is_set_on_topic(e)}
    values = {name: found[name].value for name in own | wanted.keys() if name in found}
    return [
        Drift(spec.name, name, wanted.get(name), values.get(name))
        for name in sorted(own | wanted.keys())
        if values.get(name) != wanted.get(name)
    ]


def _configs(client: AdminClient, specs: list[TopicSpec]) -> dict[str, dict[str, ConfigEntry]]:
    if not specs:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, spec.name) for spec in specs]
    futures = client.describe_configs(asked, request_timeout=REQUEST_TIMEOUT_S)
    found = {}
    for resource, future in futures.items():
        with _where_one_may_look():
            found[resource.name] = future.result()
    return found


@contextmanager
def _where_one_may_look() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        reason = error.args[0]
        if not (isinstance(reason, KafkaError) and reason.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED):
            raise


def _create(client: AdminClient, settings: KafkaSettings, names: list[str]) -> list[str]:
    if not names:
        return []
    new = [
        NewTopic(
            name,
            num_partitions=_partitions(TOPICS[name], settings),
            replication_factor=settings.replication_factor,
            config=_wanted(TOPICS[name], settings),
        )
        for name in names
    ]
    done = []
    for name, future in client.create_topics(new, operation_timeout=_VISIBLE_S).items():
        try:
            future.result()
        except KafkaException as error:
            reason: Any = error.args[0]
            if reason.code() != KafkaError.TOPIC_ALREADY_EXISTS:  # somebody applies at the same time
                raise
        else:
            done.append(f"created {name} ({_partitions(TOPICS[name], settings)} partitions)")
    return done


def _altered(client: AdminClient, drift: Drift) -> str:
    operation = AlterConfigOpType.DELETE if drift.expected is None else AlterConfigOpType.SET
    entry = ConfigEntry(drift.setting, drift.expected, incremental_operation=operation)
    resource = ConfigResource(ResourceType.TOPIC, drift.topic, incremental_configs=[entry])
    for future in client.incremental_alter_configs([resource], request_timeout=REQUEST_TIMEOUT_S).values():
        future.result()
    return f"altered {drift.topic}: {drift.setting} from {drift.found} to {drift.expected}"


def _wait_until_visible(client: AdminClient, names: list[str]) -> None:
    """A topic is there when each partition has a leader: before that a producer would be turned away."""
    deadline = time.monotonic() + _VISIBLE_S
    while time.monotonic() < deadline:
        known = client.list_topics(timeout=REQUEST_TIMEOUT_S).topics
        if all(_is_led(known.get(name)) for name in names):
            return
        time.sleep(0.1)
    raise KafkaUnreachable(f"new topics have no leader after {_VISIBLE_S:g} s: are enough brokers alive?")


def _is_led(topic: TopicMetadata | None) -> bool:
    return topic is not None and bool(topic.partitions) and all(p.leader >= 0 for p in topic.partitions.values())


def _is_set_on_topic(entry: ConfigEntry) -> bool:
    source: object = entry.source  # a plain number, whatever its type hint says
    return source == CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
