"""The producer stores all or raises, in order; offsets and readers see exactly what is there."""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka import TopicPartition as ConfluentPartition
from confluent_kafka.admin import AdminClient, NewTopic

from shared.kafka.offsets import Offsets, OffsetsUnavailable
from shared.kafka.producer import Producer, PublishFailed, Record, RecordTooLarge
from shared.kafka.reader import latest, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack


@pytest.fixture(scope="module")
def settings(stack: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap=stack.backend.bootstrap)


@pytest.fixture
async def producer(settings: KafkaSettings) -> AsyncIterator[Producer]:
    producer = Producer(settings, delivery_timeout_s=20)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def offsets(settings: KafkaSettings) -> AsyncIterator[Offsets]:
    offsets = Offsets(settings)
    yield offsets
    await offsets.close()


@pytest.fixture
async def topic(settings: KafkaSettings, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """An empty topic of three partitions with a record limit of 1 MiB."""
    name = f"test-{abs(hash(request.node.nodeid))}"
    client = AdminClient(settings.confluent())
    new = NewTopic(name, num_partitions=3, replication_factor=1, config={"max.message.bytes": "1048588"})
    client.create_topics([new], operation_timeout=30)[name].result()
    deadline = time.monotonic() + 240
    while name not in client.list_topics(timeout=30).topics and time.monotonic() < deadline:
        pass
    yield name
    client.delete_topics([name], operation_timeout=30)[name].result()


async def test_each_key_keeps_its_order_also_over_many_batches_and_calls(
    settings: KafkaSettings, producer: Producer, topic: str
) -> None:
    filler = os.urandom(600)
    calls = [
        [Record(topic, b"%d" % (n % 5), b"%d " % n + filler) for n in range(start, start + 3000)]
        for start in range(0, 12_000, 3000)
    ]
    await asyncio.gather(*map(producer.publish, calls))
    seen: dict[bytes | None, list[int]] = defaultdict(list)
    partitions = defaultdict(set)
    async for record in read_to_end(settings, [topic]):
        assert record.value is not None
        seen[record.key].append(int(record.value.split(b" ", 1)[0]))
        partitions[record.key].add(record.partition)
    assert sorted(n for numbers in seen.values() for n in numbers) == list(range(12_000))
    assert all(numbers == sorted(numbers) for numbers in seen.values())
    assert all(len(found) == 1 for found in partitions.values())


async def test_any_bytes_pass_untouched(settings: KafkaSettings, producer: Producer, topic: str) -> None:
    records = [
        Record(
            topic, None, None, (("empty", None), ("latin", b"\xff\xfe"), ("twice", b"1"), ("twice", b"2")), partition=0
        ),
        Record(topic, b"", b"", partition=0),
        Record(topic, b"\xff\x00", os.urandom(900_000), partition=0),
        Record(topic, b"key", None, partition=0, timestamp_ms=1_700_000_000_000),
    ]
    await producer.publish(records)
    found = [record async for record in read_to_end(settings, [topic])]
    assert [(r.key, r.value, tuple(r.headers)) for r in found] == [(r.key, r.value, r.headers) for r in records]
    assert found[-1].timestamp == 1_700_000_000_000


async def test_records_without_a_key_take_turns(settings: KafkaSettings, producer: Producer, topic: str) -> None:
    await producer.publish([Record(topic, None, b"x") for _ in range(9)])
    found = [record.partition async for record in read_to_end(settings, [topic])]
    assert sorted(found) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


async def test_a_record_too_large_for_its_topic_is_told_apart_and_does_no_lasting_harm(
    settings: KafkaSettings, producer: Producer, topic: str
) -> None:
    with pytest.raises(RecordTooLarge):
        await producer.publish([Record(topic, b"k", os.urandom(1_100_000))])
    with pytest.raises(RecordTooLarge, match="the limit is 5242880"):
        await producer.publish([Record(topic, b"k", os.urandom(5_300_000))])
    await producer.publish([Record(topic, b"k", b"after")])
    assert [record.value async for record in read_to_end(settings, [topic])] == [b"after"]


async def test_a_topic_that_does_not_exist_fails_within_the_time_limit(settings: KafkaSettings) -> None:
    producer = Producer(settings, delivery_timeout_s=0.5)
    with pytest.raises(PublishFailed) as caught:
        await producer.publish([Record("no-such-topic", b"k", b"v")])
    assert isinstance(caught.value, KafkaError)
    await producer.stop()


async def test_a_topic_that_got_more_partitions_is_refused(
    settings: KafkaSettings, producer: Producer, topic: str
) -> None:
    await producer.publish([Record(topic, b"k", b"v")])
    producer._partitions[topic] = 2
    with pytest.raises(PublishFailed, match="has 3 partitions, had 2"):
        await producer.publish([Record(topic, b"k", b"v")])


async def test_a_group_has_caught_up_when_it_committed_past_the_ends_it_was_asked_about(
    settings: KafkaSettings, producer: Producer, offsets: Offsets, topic: str
) -> None:
    await producer.publish([Record(topic, None, b"x", partition=p) for p in (0, 0, 0, 1)])
    ends = await offsets.ends([topic])
    assert ends == {TopicPartition(topic, 0): 3, TopicPartition(topic, 1): 1, TopicPartition(topic, 2): 0}
    group = f"group-{topic}"
    assert await offsets.committed(group) == {}
    assert await offsets.caught_up(group, ends) == 4
    _commit(settings, group, {0: 2, 1: 1}, topic)
    assert await offsets.behind(group, ends) == {TopicPartition(topic, 0): 1}
    await producer.publish([Record(topic, None, b"later", partition=1)])
    _commit(settings, group, {0: 3}, topic)
    assert await offsets.caught_up(group, ends) == 0
    assert await offsets.caught_up(group, await offsets.ends([topic])) == 1


async def test_what_was_deleted_before_a_group_came_is_not_waited_for(
    settings: KafkaSettings, producer: Producer, offsets: Offsets, topic: str
) -> None:
    await producer.publish([Record(topic, None, b"x", partition=0) for _ in range(5)])
    client = AdminClient(settings.confluent())
    for deleted in client.delete_records([ConfluentPartition(topic, 0, 4)]).values():
        deleted.result()
    assert (await offsets.beginnings([topic]))[TopicPartition(topic, 0)] == 4
    assert await offsets.caught_up("nobody", await offsets.ends([topic])) == 1
    assert len([record async for record in read_to_end(settings, [topic])]) == 1


async def test_offsets_of_a_topic_that_is_not_there_are_unavailable_not_zero(offsets: Offsets) -> None:
    with pytest.raises(OffsetsUnavailable, match="no-such-topic"):
        await offsets.ends(["no-such-topic"])


async def test_the_latest_record_of_a_key_may_be_an_erasure(
    settings: KafkaSettings, producer: Producer, topic: str
) -> None:
    await producer.publish([Record(topic, b"a", b"1"), Record(topic, b"b", b"1"), Record(topic, b"a", b"2")])
    await producer.publish([Record(topic, b"b", None)])
    assert {key: record.value for key, record in (await latest(settings, topic)).items()} == {b"a": b"2", b"b": None}


async def test_an_empty_topic_is_read_at_once(settings: KafkaSettings, topic: str) -> None:
    assert [record async for record in read_to_end(settings, [topic])] == []


def _commit(settings: KafkaSettings, group: str, done: dict[int, int], topic: str) -> None:
    wanted = ConsumerGroupTopicPartitions(group, [ConfluentPartition(topic, p, n) for p, n in done.items()])
    client = AdminClient(settings.confluent())
    client.alter_consumer_group_offsets([wanted])[group].result()
