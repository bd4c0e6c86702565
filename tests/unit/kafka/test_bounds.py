"""What a batch may unpack to: beyond it there are records, each with its offset, but not their bytes."""

from hashlib import sha256
from typing import Any

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.kafka.bounds import BatchTooLarge, NotWhole, length
from shared.kafka.lenient import Records

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
MIB = 1024 * 1024


def batch(codec: int, *values: bytes | None) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, codec, False, -1, -1, -1, 1 << 30)
    for offset, value in enumerate(values):
        assert builder.append(offset, 1_700_000_000_000, b"k", value, [("name", b"h")]) is not None
    return bytes(builder.build())


def read(*batches: bytes) -> list[Any]:
    records, found = Records(b"".join(batches)), []
    while records.has_next():
        found += list(records.next_batch())
    return found


@pytest.mark.parametrize("codec", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_a_batch_is_read_as_it_was_written(codec: int) -> None:
    found = read(batch(codec, b"one", None, b""), batch(codec, b"two"))
    assert [(r.offset, r.key, r.value) for r in found] == [
        (0, b"k", b"one"),
        (1, b"k", None),
        (2, b"k", b""),
        (0, b"k", b"two"),
    ]
    assert {tuple(r.headers) for r in found} == {(("name", b"h"),)}
    assert not any(isinstance(r.value, NotWhole) for r in found)


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_a_value_that_no_topic_takes_is_let_go_and_the_rest_of_its_batch_is_read(codec: int) -> None:
    large = b"\0" * (6 * MIB)
    before, huge, after = read(batch(codec, b"before", large, b"after"))
    assert (before.value, after.value, huge.key, huge.headers) == (b"before", b"after", b"k", [("name", b"h")])
    assert isinstance(huge.value, NotWhole)
    assert (length(huge.value), bytes(huge.value)) == (6 * MIB, b"")
    assert huge.value.says == f"{6 * MIB} bytes, sha256 of key and value {sha256(b'k' + large).hexdigest()}"


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD])
def test_a_batch_that_unpacks_without_end_is_not_unpacked_and_what_follows_is_read(codec: int) -> None:
    bomb = batch(codec, b"\0" * (12 * MIB), b"\0" * (12 * MIB))
    first, second, after = read(bomb, batch(codec, b"after"))
    assert (first.offset, second.offset, after.value) == (0, 1, b"after")
    assert all(isinstance(one.value, BatchTooLarge) and one.key is None for one in (first, second))
    assert sha256(bomb).hexdigest() in first.value.says
