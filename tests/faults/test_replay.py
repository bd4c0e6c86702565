"""Everything again from the beginning: whole topics are read anew, and nothing changes.

But for what ended as a dead letter through no fault of its own (other tests leave some): it is handled this time.
"""

import json
from collections import defaultdict

from aiokafka.structs import TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient

from services.cli import SERVICES
from shared.kafka.topics import TOPICS
from tests.faults.load import mixed
from tests.faults.rig import Rig

TABLES = ("intake.profile", "scoring.result", "draws.pool", "draws.invitation", "decisions.invitation")


async def test_topics_that_are_read_again_from_the_beginning_change_nothing(system: Rig) -> None:
    await system.publish(mixed("AGAIN", 24))
    await system.reconciled()
    failed = {(record.key or b"").decode() for record in await system.read("submission.intake.dlq")}
    said, tables = await _said(system, failed), await _tables(system, failed)
    system.scale(intake=0, scoring=0, draws=0, decisions=0)
    for service in SERVICES:
        _to_the_beginning(system, service.name, service.topics)
    system.scale(intake=1, scoring=1, draws=1, decisions=1)
    await system.reconciled()
    assert await _said(system, failed) == said
    assert await _tables(system, failed) == tables
    await system.ends_as_the_model_says("AGAIN")


def _to_the_beginning(system: Rig, group: str, topics: tuple[str, ...]) -> None:
    admin = AdminClient({"bootstrap.servers": system.stack.backend.bootstrap, "log_level": "0"})
    places = [Place(p.topic, p.partition, 0) for p in _partitions(topics)]
    for future in admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).values():
        future.result()


def _partitions(topics: tuple[str, ...]) -> list[TopicPartition]:
    return [TopicPartition(topic, n) for topic in topics for n in range(12)]


async def _said(system: Rig, failed: set[str]) -> dict[str, set[tuple[str, bytes]]]:
    """Every message that a reader who drops copies has seen, by topic. Dead letters have no number: by content."""
    found: dict[str, set[tuple[str, bytes]]] = defaultdict(set)
    for topic, spec in TOPICS.items():
        if spec.kind in {"state", "fact"}:
            for record in await system.read(topic):
                if json.loads(record.value or b"{}").get("profile_id") in failed:
                    continue
                ce_id = next(value for name, value in record.headers if name == "ce_id")
                found[topic].add(((ce_id or b"").decode(), record.value or b""))
    return found


async def _tables(system: Rig, failed: set[str]) -> dict[str, list[str]]:
    """The rows of the tables that say where everybody stands."""
    found = {}
    for table in TABLES:
        rows = await system.rows(
            f"SELECT to_jsonb(t) AS row FROM {table} AS t WHERE profile_id <> ALL($1)", sorted(failed)
        )
        found[table] = sorted(json.dumps(row["row"], sort_keys=True, default=str) for row in rows)
    return found
