"""Counts and checksums that do not depend on order: two sides hold the same records if both agree."""

from dataclasses import dataclass
from hashlib import blake2b

_BITS = 64


def digest(value: bytes | None) -> bytes:
    """16 bytes for a body; an erasure (None) is not an empty body."""
    return blake2b(value or b"", digest_size=16, person=b"none" if value is None else b"body").digest()


@dataclass(slots=True)
class Tally:
    """A set of records, each added once."""

    count: int = 0
    checksum: int = 0

    def add(self, name: bytes, content: bytes) -> None:
        """One record by its name within the set (key, place, id) and the digest of its body."""
        mark = blake2b(len(name).to_bytes(4) + name + content, digest_size=_BITS // 8).digest()
        self.count += 1
        self.checksum = (self.checksum + int.from_bytes(mark)) % (1 << _BITS)

    def __str__(self) -> str:
        return f"{self.count:>10}  {self.checksum:016x}"
