"""Reading topics whole, without a group: for reconciliation, reports and tools."""

from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.structs import TopicPartition

from shared.kafka.lenient import install
from shared.kafka.partition import partition_of
from shared.kafka.settings import KafkaSettings

Raw = ConsumerRecord[bytes | None, bytes | None]

_MAX_RECORDS = 2000
_FETCH_BYTES = 1024 * 1024


async def read_to_end(settings: KafkaSettings, topics: Iterable[str], key: bytes | None = None) -> AsyncIterator[Raw]:
    """Every record from the first kept one to the ends as they are now; in order within a partition.

    `key`: of topics that we write ourselves only the records of this key, read from its one partition.
    Raises `aiokafka.errors.KafkaError`; close the iterator (`aclosing`) when leaving it early.
    """
    install()
    consumer = AIOKafkaConsumer(**settings.aiokafka(), enable_auto_commit=False, max_partition_fetch_bytes=_FETCH_BYTES)
    try:
        await consumer.start()
        left = await _assign(consumer, topics, key)
        while left:
            batches = await consumer.getmany(*left, timeout_ms=200, max_records=_MAX_RECORDS)
            for partition, records in batches.items():
                for record in records:
                    if record.offset < left[partition] and key in (None, record.key):
                        yield record
            for partition in list(left):
                # The position, not the last record: compaction leaves gaps, also at the end.
                if await consumer.position(partition) >= left[partition]:
                    consumer.pause(partition)
                    del left[partition]
    finally:
        await consumer.stop()


async def latest(settings: KafkaSettings, topic: str) -> dict[bytes | None, Raw]:
    """The last record of each key of a state topic; a null value is an erasure, and is in the answer too."""
    return {record.key: record async for record in read_to_end(settings, [topic])}


async def _assign(consumer: AIOKafkaConsumer, topics: Iterable[str], key: bytes | None) -> dict[TopicPartition, int]:
    """Assign all partitions (or that of the key) that hold something, at their beginning; returns where each ends."""
    partitions = []
    for topic in topics:
        found = await consumer._client._wait_on_metadata(topic)
        wanted = sorted(found) if key is None else [partition_of(key, len(found))]
        partitions += [TopicPartition(topic, p) for p in wanted]
    ends = await consumer.end_offsets(partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    left = {p: end for p, end in ends.items() if end > beginnings[p]}
    if left:
        consumer.assign(list(left))
        await consumer.seek_to_beginning(*left)
    return left
