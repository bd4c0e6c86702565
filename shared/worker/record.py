"""A Kafka record as it came, and what became of it when it was read."""

from dataclasses import dataclass, field
from typing import Any

from shared.contracts.cloudevents import Attributes, Headers

Origin = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record, bytes untouched. `origin` is where it was first read, also after a replay."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Headers
    timestamp_ms: int
    attempt: int = 1
    """How often it has been tried, this time included: more than once after a replay."""

    @property
    def replayed(self) -> bool:
        """Whether it came back from the dead letters."""
        return self.attempt > 1

    @property
    def origin(self) -> Origin:
        return self.topic, self.partition, self.offset


@dataclass(frozen=True, slots=True)
class Message:
    """A record that could be read: `body` is the parsed message, None for an erasure (null value)."""

    record: Record
    event: Attributes
    key: str
    body: Any

    @property
    def topic(self) -> str:
        return self.record.topic


class Poison(Exception):
    """This one record can never be processed: it goes to the dead letters with `code`; no value is quoted."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record on its way to the dead letters; the number and the sequence where they could be read."""

    record: Record
    code: str
    detail: str = ""
    source: str | None = None
    profile_id: str | None = None
    source_sequence: int | None = None
