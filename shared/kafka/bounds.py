"""How much a process may unpack: Kafka limits what is compressed, and 4 MiB of zstd may become gigabytes.

A batch of more than 16 MiB is not unpacked, and a record of more than any topic takes is let go as soon as it is
read. Both are still records with an offset, `NotWhole`, so that they end as a rejection or a dead letter and stop
nothing behind them. From a partition one poll takes 16 MiB at most (or one record).
"""

import struct
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import cramjam
from aiokafka import ConsumerRecord
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy

from shared.kafka.producer import MAX_RECORD_BYTES

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Of a batch, unpacked: clients send 1 MiB or less, before compression, unless they are told otherwise."""

_HEADER = _DefaultRecordBatchPy.HEADER_STRUCT.size
_ATTRIBUTES = struct.Struct(">h")
_ATTRIBUTES_AT = _DefaultRecordBatchPy.ATTRIBUTES_OFFSET
_CODEC_MASK = _DefaultRecordBatchPy.CODEC_MASK

_UNPACK: dict[int, Callable[[Any, Any], int]] = {
    _DefaultRecordBatchPy.CODEC_GZIP: cramjam.gzip.decompress_into,
    _DefaultRecordBatchPy.CODEC_LZ4: cramjam.lz4.decompress_into,
    _DefaultRecordBatchPy.CODEC_ZSTD: cramjam.zstd.decompress_into,
}
"""Snappy is not among them: by its format it grows to 22 times its size at most."""


class NotWhole(bytes):
    """The value of a record that was too large to be kept: empty. `says` what is known, `size` how long it was."""

    says: str
    size: int

    def __new__(cls, says: str, size: int) -> "NotWhole":
        found = super().__new__(cls)
        found.says, found.size = says, size
        return found


class BatchTooLarge(NotWhole):
    """The value of each record of a batch that was not unpacked: neither key nor headers are known."""


def unpacked(data: memoryview) -> bytes | memoryview | None:
    """A batch (format 2) with its records uncompressed; None where they are more than 16 MiB, or no such thing."""
    (attributes,) = _ATTRIBUTES.unpack_from(data, _ATTRIBUTES_AT)
    unpack = _UNPACK.get(attributes & _CODEC_MASK)
    if unpack is None:
        return data
    room = bytearray(MAX_BATCH_BYTES)
    try:
        size = unpack(data[_HEADER:], room)
    except cramjam.DecompressionError:
        return None
    head = bytearray(data[:_HEADER])
    _ATTRIBUTES.pack_into(head, _ATTRIBUTES_AT, attributes & ~_CODEC_MASK)
    return b"".join((head, memoryview(room)[:size]))


def unread(batch: Any, data: memoryview) -> list[Any]:
    """The records of a batch that is not unpacked: an offset each, and the hash of what lies in the topic."""
    says = f"in a batch of {len(data)} bytes that unpacks to more than {MAX_BATCH_BYTES}"
    value = BatchTooLarge(f"{says}, sha256 of the batch {sha256(data).hexdigest()}", MAX_BATCH_BYTES)
    when, kind = batch.max_timestamp, batch.timestamp_type
    return [
        _DefaultRecordPy(offset, when, kind, None, value, []) for offset in range(batch.base_offset, batch.next_offset)
    ]


def bounded(record: Any) -> Any:
    """The record, or what is known of one whose value is larger than any topic takes."""
    if record.value is None or len(record.value) <= MAX_RECORD_BYTES:
        return record
    value = NotWhole(cut_of(record.key, record.value, len(record.value)), len(record.value))
    return _DefaultRecordPy(
        record.offset, record.timestamp, record.timestamp_type, record.key, value, list(record.headers)
    )


def length(value: bytes) -> int:
    """How long a value is, or was."""
    return value.size if isinstance(value, NotWhole) else len(value)


def fingerprint(value: bytes) -> bytes:
    """A hash that differs where the values do."""
    return sha256(value.says.encode() if isinstance(value, NotWhole) else value).digest()


def cut_of(key: bytes | None, value: bytes | None, size: int) -> str:
    """What is said of a record that is not kept whole, `size` in bytes."""
    return f"{size} bytes, sha256 of key and value {sha256(b''.join((key or b'', value or b''))).hexdigest()}"


class BoundedFetch(FetchResult):
    """What was fetched from a partition; one poll takes of it what `MAX_BATCH_BYTES` hold, and one record at least."""

    def getall(self, max_records: int | None = None) -> list[ConsumerRecord[Any, Any]]:
        library: Any = self  # untyped
        if not library.check_assignment(self._topic_partition) or not library.has_more():
            return []
        taken, size = [], 0
        for record in self._partition_records:
            taken.append(record)
            size += _size(record)
            if size >= MAX_BATCH_BYTES or len(taken) == max_records:
                library._update_position()
                return taken
        library._update_position()
        self._partition_records = None
        return taken


def _size(record: ConsumerRecord[Any, Any]) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return headers + len(record.key or b"") + len(record.value or b"")
