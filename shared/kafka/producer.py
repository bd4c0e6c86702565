"""The one producer: a publish returns when every record is stored by the broker, in order, or raises."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import RecordMetadata

from shared.kafka.partition import partition_of
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS

BATCH_BYTES = 512 * 1024
"""A batch before compression; below the broker's limit of 1 MiB for topics that are ours alone."""

MAX_RECORD_BYTES = 5 * 1024 * 1024
"""The largest record of any topic: a dead letter."""

_REQUEST_OVERHEAD = 64 * 1024
_REQUEST_TIMEOUT_MS = 10_000
"""After so long a connection counts as dead and the batch goes out on a new one."""
_CLOSE_TIMEOUT_S = 5.0


class PublishFailed(KafkaError):
    """Not every record is known to be stored. Publish the same records again: readers drop what they have seen."""


class RecordTooLarge(Exception):
    """A record is above the limit of its topic, so that no repetition helps. Names the topic, never the content."""


class KeyMissing(Exception):
    """A record without a key for a compacted topic: the broker refuses it, however often it is sent."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is published. Without a `partition` the key decides; without a key the partitions take turns."""

    topic: str
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes | None], ...] = ()
    partition: int | None = None
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    topic: str
    partition: int
    builder: BatchBuilder


class Producer:
    """Publishes for one process; any number of tasks may call it.

    One publish at a time: what is called first is stored first, and when one fails nothing else is under way.
    A publish that runs out of time leaves its batches queued, *in front of* what is published next, so that a
    late one can't overtake. After any other failure the client is replaced: the numbers by which the broker
    recognises repetitions have a gap then, which would make it refuse all that follows.
    """

    def __init__(self, settings: KafkaSettings, *, delivery_timeout_s: float = 30.0) -> None:
        self._settings = settings
        self._timeout_s = delivery_timeout_s
        self._turn = asyncio.Lock()
        self._client: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._rotation = count()

    async def start(self) -> None:
        """Connect. Raises `aiokafka.errors.KafkaError` when no broker answers."""
        async with self._turn:
            await self._connected()

    async def stop(self) -> None:
        """Close; a publish under way is finished first."""
        async with self._turn:
            await self._drop()

    async def publish(self, records: Sequence[Record]) -> None:
        """Publish in this order per key; return when all are acknowledged by all in-sync replicas.

        Raises `RecordTooLarge` and `KeyMissing`, or `PublishFailed` for everything that may go well another time.
        """
        if not records:
            return
        for record in records:
            _check_size(record)
            _check_key(record)
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._publish(records)
            except (TimeoutError, KafkaTimeoutError) as error:
                raise PublishFailed(f"not acknowledged within {self._timeout_s:g} s") from error
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                await self._drop()
                raise RecordTooLarge("the broker refuses a record as too large for its topic") from error
            except PublishFailed:
                raise
            except (KafkaError, OSError) as error:
                await self._drop()
                raise PublishFailed(f"{type(error).__name__} while publishing") from error

    async def _publish(self, records: Sequence[Record]) -> None:
        client = await self._connected()
        for topic in dict.fromkeys(record.topic for record in records):
            await self._count_partitions(client, topic)
        sent: list[asyncio.Future[RecordMetadata]] = []
        try:
            for batch in self._batches(client, records):
                batch.builder.close()
                sent.append(await client.send_batch(batch.builder, batch.topic, partition=batch.partition))
            await asyncio.wait(sent)
        finally:
            for future in sent:
                future.add_done_callback(_seen)
        for future in sent:
            future.result()

    def _batches(self, client: AIOKafkaProducer, records: Sequence[Record]) -> Iterator[_Batch]:
        """Full batches as soon as they are full, then the rest: in order per partition."""
        open_batches: dict[tuple[str, int], _Batch] = {}
        for record in records:
            where = record.topic, self._partition(record)
            batch = open_batches.get(where)
            if batch is not None and _append(batch.builder, record):
                continue
            if batch is not None:
                yield batch
            batch = open_batches[where] = _Batch(*where, client.create_batch())
            _append(batch.builder, record)  # an empty batch takes a record of any size
        yield from open_batches.values()

    def _partition(self, record: Record) -> int:
        partitions = self._partitions[record.topic]
        if record.partition is not None:
            return record.partition
        if record.key is None:
            return next(self._rotation) % partitions
        return partition_of(record.key, partitions)

    async def _count_partitions(self, client: AIOKafkaProducer, topic: str) -> None:
        """Refuses a topic whose partitions were changed under way: its keys would move and lose their order."""
        found = len(await client.partitions_for(topic))
        known = self._partitions.setdefault(topic, found)
        if found != known:
            raise PublishFailed(f"topic {topic} has {found} partitions, had {known}: see `ee topics check`")

    async def _connected(self) -> AIOKafkaProducer:
        if self._client is None:
            client = AIOKafkaProducer(
                **self._settings.aiokafka(),
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                max_batch_size=BATCH_BYTES,
                max_request_size=MAX_RECORD_BYTES + _REQUEST_OVERHEAD,
                metadata_max_age_ms=60_000,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
            )
            try:
                await client.start()
            except BaseException:
                await _close(client)
                raise
            self._client = client
        return self._client

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _close(client)


async def _close(client: AIOKafkaProducer) -> None:
    """Close without flushing: what was not acknowledged was reported as failed, and `stop` waits for ever
    where the broker is away. Connections go first, so that no request under way is waited for.
    """
    client._closed = True
    await client.client.close()
    if client._sender.sender_task is not None:
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await client._sender.close()


def _seen(future: "asyncio.Future[RecordMetadata]") -> None:
    if not future.cancelled():
        future.exception()


def _append(builder: BatchBuilder, record: Record) -> bool:
    metadata = builder.append(
        timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=list(record.headers)
    )
    return metadata is not None


def _check_key(record: Record) -> None:
    spec = TOPICS.get(record.topic)
    if record.key is None and spec is not None and spec.kind == "state":
        raise KeyMissing(f"a record for {record.topic} has no key")


def fits(record: Record) -> bool:
    """Whether any topic takes it; its own topic may take less."""
    return size_of(record) <= MAX_RECORD_BYTES


def size_of(record: Record) -> int:
    """Bytes before compression, an upper bound."""
    return int(DefaultRecordBatchBuilder.estimate_size_in_bytes(record.key, record.value, list(record.headers)))


def _check_size(record: Record) -> None:
    if len(record.value or b"") < BATCH_BYTES and len(record.headers) < 32:
        return
    if not fits(record):
        raise RecordTooLarge(
            f"a record for {record.topic} has {size_of(record)} bytes, the limit is {MAX_RECORD_BYTES}"
        )
