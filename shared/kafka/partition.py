"""Which partition a key belongs to: the same one that Kafka's Java client chooses."""

from functools import lru_cache
from struct import unpack_from

_SEED = 0x9747B28C
_M = 0x5BD1E995
_WORD = 0xFFFFFFFF


@lru_cache(maxsize=8192)  # one profile number goes into several topics in a row
def murmur2(key: bytes) -> int:
    """Kafka's MurmurHash2 (32 bits, `org.apache.kafka.common.utils.Utils.murmur2`) as an unsigned number."""
    words = len(key) >> 2
    h = _SEED ^ len(key)
    for word in unpack_from(f"<{words}I", key):
        k = word * _M & _WORD
        h = (h * _M & _WORD) ^ ((k ^ k >> 24) * _M & _WORD)
    rest = key[words << 2 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _WORD
    h = (h ^ h >> 13) * _M & _WORD
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of `key` in a topic with that many partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
