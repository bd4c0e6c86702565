"""The partition of a key is the one that every other client of Kafka computes."""

import pytest
from aiokafka.partitioner import murmur2 as reference
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        # From Kafka's own UtilsTest.testMurmur2 (signed 32 bits).
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_the_java_client(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


@given(st.binary(max_size=64))
def test_the_hash_is_that_of_the_python_client_for_any_key(key: bytes) -> None:
    assert murmur2(key) == reference(key)


def test_the_sign_bit_is_dropped_before_the_remainder_is_taken() -> None:
    # (-973932308 & 0x7fffffff) = 1173551340, and 1173551340 % 12 = 0, % 7 = 3
    assert partition_of(b"21", 12) == 0
    assert partition_of(b"21", 7) == 3
