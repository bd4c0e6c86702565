"""The topics: one table (topics.yaml) from which names, configuration and rights follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, get_args

import yaml

Kind = Literal["input", "state", "fact", "dlq", "replay", "clock"]

OPERATOR = "ee"
"""The principal of the command line: reads all, hands over what is replayed, moves the development clock."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic: `config` in Kafka's names and values; `partitions` None = the number of the installation."""

    name: str
    kind: Kind
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    config: Mapping[str, str]
    partitions: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The whole of topics.yaml, completed by what follows from it."""

    services: tuple[str, ...]
    partitions: int
    topics: Mapping[str, TopicSpec]
    describes: Mapping[str, tuple[str, ...]]

    @property
    def principals(self) -> tuple[str, ...]:
        """Everyone who reads or writes a topic, in a fixed order."""
        return tuple(sorted({p for t in self.topics.values() for p in (*t.writers, *t.readers)}))


def dlq_name(topic: str, service: str) -> str:
    """Where `service` puts a record of `topic` that it cannot process."""
    return f"{topic}.{service}.dlq"


def replay_name(service: str) -> str:
    """Where an operator hands a dead letter of our own topics back to the one service that failed."""
    return f"{service}.replay"


def _config(raw: Mapping[str, Any], kind: Kind, entry: Mapping[str, Any]) -> Mapping[str, str]:
    config = {**raw["common"], **raw["kinds"][kind], **entry.get("config", {})}
    kept = "forever" if kind == "state" else entry["kept_days"]
    if kept == "forever":
        config |= {"retention.ms": -1, "retention.bytes": -1}
    else:
        # A segment is deleted whole: days of a day each, or 7 days would be up to 14.
        config |= {"retention.ms": int(kept) * DAY_MS, "segment.ms": DAY_MS}
    return MappingProxyType({name: str(value) for name, value in sorted(config.items())})


def _spec(raw: Mapping[str, Any], name: str, entry: Mapping[str, Any]) -> TopicSpec:
    kind = entry["kind"]
    if kind not in get_args(Kind):
        raise ValueError(f"topics.yaml: topic {name} has the unknown kind {kind!r}; use one of {get_args(Kind)}")
    readers = raw["services"] if kind == "clock" else entry["readers"]
    return TopicSpec(
        name=name,
        kind=kind,
        writers=tuple(entry["writers"]),
        readers=(*readers, OPERATOR),
        config=_config(raw, kind, entry),
        partitions=entry.get("partitions"),
    )


def _derived(raw: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    replay = {
        replay_name(s): {"kind": "replay", "writers": [OPERATOR], "readers": [s], **raw["derived"]["replay"]}
        for s in raw["services"]
    }
    dlq = {
        dlq_name(topic, service): {
            "kind": "dlq",
            "writers": [service],
            "readers": [],
            **raw["derived"]["dlq"],
        }
        for topic, entry in {**raw["topics"], **replay}.items()
        for service in entry.get("readers", ())
        if service in raw["services"]
    }
    return replay | dlq


@cache
def table() -> Table:
    """The table, read once. Raises `ValueError` if topics.yaml contradicts itself."""
    raw = yaml.safe_load(files(__package__).joinpath("topics.yaml").read_text("utf-8"))
    entries = {**raw["topics"], **_derived(raw)}
    return Table(
        services=tuple(raw["services"]),
        partitions=int(raw["partitions"]),
        topics=MappingProxyType({name: _spec(raw, name, entry) for name, entry in entries.items()}),
        describes=MappingProxyType({p: tuple(groups) for p, groups in raw["describes"].items()}),
    )


TOPICS: Mapping[str, TopicSpec] = table().topics
SERVICES: Sequence[str] = table().services


def kind_of(topic: str) -> Kind | None:
    """What kind of topic this is; None where it is none of the table."""
    return TOPICS[topic].kind if topic in TOPICS else None


def topics_of(service: str) -> tuple[str, ...]:
    """The topics that `service` consumes in its group, in the order of the table (the clock needs no group)."""
    if service not in SERVICES:
        raise ValueError(f"unknown service {service!r}: expected one of {', '.join(SERVICES)}")
    return tuple(t.name for t in TOPICS.values() if service in t.readers and t.kind != "clock")
