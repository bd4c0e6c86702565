"""Reading what aiokafka stumbles over: header names that are no UTF-8, and records that unpack without end.

Any client may write such a record. The library fails on the whole fetch for the first, and then skips what it had
read; for the second it takes the memory there is. Here the record alone is judged, by whoever reads it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.kafka.bounds import BoundedFetch, bounded, unpacked, unread

_MAGIC_OFFSET = _MemoryRecordsPy.MAGIC_OFFSET


class NotUtf8(str):
    """A header name with its bytes spelled out, `\\xff`."""


def install() -> None:
    """Let every consumer of this process read so. Twice changes nothing."""
    fetcher.MemoryRecords = Records  # type: ignore[attr-defined]  # a name that it only imports
    fetcher.FetchResult = BoundedFetch  # type: ignore[misc]


class Records:
    """The batches of one fetch from a partition, as aiokafka's own reader gives them."""

    def __init__(self, data: bytes) -> None:
        self._inner = _MemoryRecordsPy(data)

    def size_in_bytes(self) -> int:
        return self._inner.size_in_bytes()

    def has_next(self) -> bool:
        return self._inner.has_next()

    def next_batch(self) -> Any:
        data = self._inner._next_slice
        batch = self._inner.next_batch()
        return batch if data is None or data[_MAGIC_OFFSET] < 2 else _Batch(batch, data)


class _Batch:
    """One batch: everything but its records is that of the library's."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch, self._data = batch, data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        plain = unpacked(self._data)
        return iter(unread(self._batch, self._data)) if plain is None else map(bounded, _records(plain))


def _records(plain: bytes | memoryview) -> Iterator[Any]:
    read = 0
    try:
        for record in DefaultRecordBatch(plain):
            yield record
            read += 1
    except (UnicodeDecodeError, CorruptRecordException):
        yield from islice(_SpelledOut(plain), read, None)


class _SpelledOut(_DefaultRecordBatchPy):  # type: ignore[misc]  # final to the library's own code
    """The same records, their header names decoded whatever their bytes are."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)


class _Bytes(bytearray):
    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return found if isinstance(found, int) else _Bytes(found)

    def decode(self, *_: Any) -> str:
        try:
            return bytes(self).decode()
        except UnicodeDecodeError:
            return NotUtf8(bytes(self).decode(errors="backslashreplace"))
