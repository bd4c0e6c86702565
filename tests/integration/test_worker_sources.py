"""A topic that is not what it was is not read on before an operator has said so: on the real broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from aiokafka import OffsetAndMetadata, TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka import TopicPartition as ConfluentPartition
from confluent_kafka.admin import AdminClient, NewPartitions
from typer import Typer
from typer.testing import CliRunner

from shared.kafka.admin import apply_topics
from shared.kafka.offsets import Offsets, OffsetsUnavailable
from shared.kafka.producer import Producer
from shared.kafka.producer import Record as Sent
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.worker.accept_cli import accept
from shared.worker.batch import Outcome
from shared.worker.clock import FixedClock
from shared.worker.guard import Guard
from shared.worker.publisher import Publisher
from shared.worker.record import Record
from shared.worker.runtime import Runtime
from shared.worker.service import Service
from shared.worker.settings import WorkerSettings
from shared.worker.step import Step
from tests.conftest import service_dsn

TOPIC, GROUP = "scoring.replay", "scoring"
FIRST = TopicPartition(TOPIC, 0)
DEADLINE_S = 60.0


async def _handle(_: Step, __: object) -> None: ...


SERVICE = Service(GROUP, {}, _handle)


class Group:
    """The one member of a group, at rest: it commits as an administrator does."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        moved = [ConfluentPartition(p.topic, p.partition, at.offset) for p, at in offsets.items()]
        self._client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(GROUP, moved)])[GROUP].result()

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition(TOPIC, number) for number in range(13)}


class Rig:
    """A service that reads a topic of the test."""

    def __init__(self, kafka: KafkaSettings, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.kafka, self.client = kafka, AdminClient(kafka.confluent())
        self.offsets, self.producer = Offsets(kafka), Producer(kafka)
        self.group = Group(self.client)
        publisher = Publisher(SERVICE, pool, self.producer)
        self._runtime = Runtime(
            SERVICE, WorkerSettings(), kafka, pool, self.producer, publisher, self.offsets, FixedClock()
        )
        self.guard = Guard(self._runtime)

    def restart(self) -> None:
        """Another process takes its place."""
        self.guard = Guard(self._runtime)

    async def publish(self, count: int) -> None:
        await self.producer.publish([Sent(TOPIC, b"k", b"v", partition=0) for _ in range(count)])

    async def reads(self, offset: int) -> Outcome:
        """What the guard says of a batch that begins here."""
        return await self.guard.admits([Record(TOPIC, 0, offset, b"k", b"v", (), 0)], self.group)

    async def commit(self, offset: int) -> None:
        await self.group.commit({FIRST: OffsetAndMetadata(offset, "")})

    async def made_again(self) -> None:
        """Delete the topic and make it again."""
        self.client.delete_topics([TOPIC], operation_timeout=30)[TOPIC].result()
        await until(lambda: TOPIC not in self.client.list_topics(timeout=30).topics)
        await apply_topics(self.kafka)
        await self.grown(12)

    async def grow(self, partitions: int) -> None:
        self.client.create_partitions([NewPartitions(TOPIC, partitions)])[TOPIC].result()
        await self.grown(partitions)

    async def grown(self, partitions: int) -> None:
        """Return when the topic has so many partitions, and each a leader."""

        async def led() -> bool:
            with suppress(OffsetsUnavailable):
                return len(await self.offsets.ends([TOPIC])) == partitions
            return False

        await until(led)


async def until(condition: Callable[[], Any]) -> None:
    """Return when it holds; it may be a coroutine function."""
    deadline = time.monotonic() + DEADLINE_S
    while not (await found if asyncio.iscoroutine(found := condition()) else found):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.fixture
async def rig(stack: Stack, database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", f"{database}?role={GROUP}_operator")
    pool = await asyncpg.create_pool(
        service_dsn(stack, database, GROUP), min_size=1, max_size=2, server_settings={"search_path": GROUP}
    )
    rig = Rig(KafkaSettings(bootstrap=stack.backend.bootstrap), pool)
    await rig.made_again()
    await rig.publish(6)
    await rig.commit(0)
    assert await rig.reads(0) is Outcome.OK
    rig.guard.passed({FIRST: 3})
    await rig.commit(3)
    yield rig
    await rig.made_again()
    await rig.producer.stop()
    await rig.offsets.close()
    await pool.close()


async def ee_topics_accept(*more: str) -> tuple[int, str]:
    app = Typer()
    app.command()(accept)
    words = [TOPIC, "--service", GROUP, "--reason", "known", *more]
    answer = await asyncio.to_thread(CliRunner().invoke, app, words)
    return answer.exit_code, answer.output


async def test_a_topic_that_is_as_it_was_is_read_on(rig: Rig) -> None:
    assert await rig.reads(3) is Outcome.OK
    rig.restart()
    assert await rig.reads(3) is Outcome.OK
    assert (await ee_topics_accept())[0] == 1
    assert rig.guard.refused is None


async def test_records_that_were_deleted_unread_are_not_passed_over(rig: Rig) -> None:
    rig.client.delete_records([ConfluentPartition(TOPIC, 0, 5)])[ConfluentPartition(TOPIC, 0, 5)].result()
    assert await rig.reads(5) is Outcome.REFUSED
    said = "2 records were deleted before they were read; ee topics accept scoring.replay --service scoring"
    assert said in (rig.guard.refused or "")
    code, said = await ee_topics_accept("--dry-run")
    assert (code, "scoring.replay/0: 2 records" in said, await rig.reads(5)) == (0, True, Outcome.REFUSED)
    assert (await ee_topics_accept())[0] == 0
    assert await rig.reads(5) is Outcome.LOST
    assert (await rig.offsets.committed(GROUP))[FIRST] == 5
    assert await rig.reads(5) is Outcome.OK
    assert rig.guard.refused is None


async def test_a_topic_that_was_made_again_is_read_from_its_beginning_once_it_is_accepted(rig: Rig) -> None:
    await rig.made_again()
    await rig.publish(8)
    rig.restart()
    assert await rig.reads(3) is Outcome.REFUSED
    assert "deleted and made again" in (rig.guard.refused or "")
    assert (await ee_topics_accept())[0] == 0
    assert await rig.reads(3) is Outcome.LOST
    assert rig.guard.goes_on_at(FIRST, 3) == 0
    assert (await rig.offsets.committed(GROUP))[FIRST] == 0
    assert await rig.reads(0) is Outcome.OK
    await rig.made_again()  # what was accepted was the topic before
    await rig.publish(8)
    rig.restart()
    assert await rig.reads(0) is Outcome.REFUSED


async def test_partitions_that_were_added_are_refused_until_they_are_accepted(rig: Rig) -> None:
    await rig.grow(13)
    rig.restart()
    assert await rig.reads(3) is Outcome.REFUSED
    assert "partitions were added" in (rig.guard.refused or "")
    assert (await ee_topics_accept())[0] == 0
    assert await rig.reads(3) is Outcome.LOST
    assert await rig.reads(3) is Outcome.OK
    rig.restart()
    assert await rig.reads(3) is Outcome.OK
