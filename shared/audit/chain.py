"""Verifying a log: every entry is there, in order, as it was written."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from asyncpg.pool import PoolConnectionProxy

_PAGE = 1000
_READ = "SELECT number, entry, hash FROM audit WHERE number > $1 ORDER BY number LIMIT $2"
_NEWEST = "SELECT number, entry, hash FROM audit ORDER BY number DESC LIMIT $1"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored."""

    number: int
    entry: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes. Noted elsewhere, it also shows later that the end was cut off or all of it rewritten."""

    service: str
    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.service}:{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """SERVICE:NUMBER:HASH. Raises `ValueError`."""
        service, number, hash_ = text.split(":")
        return cls(service, int(number), hash_)


class BrokenChainError(Exception):
    """The log is not what was written; says where and how."""


class Chain:
    """The log of one service, read from its beginning."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._number = 0
        self._hash = hashlib.sha256(service.encode()).digest()

    @property
    def head(self) -> Head:
        """Where it has come to."""
        return Head(self._service, self._number, self._hash.hex())

    def take(self, row: Row) -> None:
        """The next entry. Raises `BrokenChainError`."""
        if row.number != self._number + 1:
            raise BrokenChainError(f"{self._service}: entry {self._number + 1} is missing")
        if hashlib.sha256(self._hash + row.entry.encode()).digest() != row.hash:
            raise BrokenChainError(f"{self._service}: entry {row.number} or the one before it was changed")
        if json.loads(row.entry)["number"] != row.number:
            raise BrokenChainError(f"{self._service}: entry {row.number} calls itself by another number")
        self._number, self._hash = row.number, row.hash


async def verify(connection: PoolConnectionProxy, service: str, noted: Head | None = None) -> Head:
    """Read the whole log and return its head; `noted`: one of earlier. Raises `BrokenChainError`."""
    chain = Chain(service)
    found = noted is None
    async for row in _rows(connection):
        chain.take(row)
        found = found or chain.head == noted
    if not found:
        raise BrokenChainError(f"{service}: the log no longer passes through {noted}")
    return chain.head


async def newest(connection: PoolConnectionProxy, count: int) -> list[str]:
    """The newest entries as JSON, oldest first."""
    return [row["entry"] for row in reversed(await connection.fetch(_NEWEST, count))]


async def _rows(connection: PoolConnectionProxy) -> AsyncIterator[Row]:
    last = 0
    while page := await connection.fetch(_READ, last, _PAGE):
        for row in page:
            yield Row(row["number"], row["entry"], row["hash"])
        last = page[-1]["number"]
