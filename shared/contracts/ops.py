"""Topics `held` (records of ours that wait in dead letters) and `clock` (business instants, development only)."""

from typing import Literal

from pydantic import Field

from shared.contracts.base import Instant, Message, Sequence


class Held(Message):
    """One of our own records went to dead letters of `service` and is `open` until settled. No payload."""

    profile_id: str | None
    sequence: Sequence
    service: str
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    source_sequence: int | None = None
    state: Literal["open", "settled"]


class ClockInstant(Message):
    """The business instant from here on."""

    instant: Instant
