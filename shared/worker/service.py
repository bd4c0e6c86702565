"""What a service gives to the worker: everything else in `shared/worker` is the same for all four."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shared.worker.record import Message, Record
from shared.worker.step import Connection, Step

if TYPE_CHECKING:
    from shared.worker.runtime import Runtime

Decoder = Callable[[Record], Message]
"""Reads one record; raises `Poison`, and only for what can never be processed."""

Handler = Callable[[Step, Sequence[Message]], Awaitable[None]]
"""Applies a batch inside one transaction: writes rows, touches keys, adds facts. Doing it again changes nothing."""

Passed = Callable[[Step, Sequence[Record]], Awaitable[None]]
"""Told, in the same transaction, of every record that it puts behind the group: handled ones and dead letters."""


async def _not_counted(_: Step, __: Sequence[Record]) -> None:
    """Most services need no offsets beside those that they commit."""


BegunAnew = Callable[[Connection, str, int], Awaitable[None]]
"""Told, in a transaction, that this partition of a topic is read again from the first record that it has."""


async def _keeps_no_offsets(_: Connection, __: str, ___: int) -> None:
    """Most services know their offsets from Kafka alone."""


Unaccounted = Callable[[Connection, Sequence[Message]], Awaitable[Sequence[Message]]]
"""Which of these messages, all of one topic, have left no trace in the tables."""


@dataclass(frozen=True, slots=True)
class StateQueries:
    """How the current rows of a state topic are read. Both take keys (`$1 text[]`).

    `current` gives (topic, key, sequence, type, ce_time, body), a row for each topic that the key is published
    on, body null for an erasure; `sequences` gives (key, sequence).
    """

    topics: tuple[str, ...]
    current: str
    sequences: str
    keys: str = ""
    """All keys in order, for reconciliation: those after `$1`, at most `$2`."""


async def _nothing() -> None:
    """Most clock steps need nothing from outside the database."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A step that the clock causes. `run` takes at most `limit` due rows (`FOR UPDATE SKIP LOCKED`), names their
    keys by `step.working_on`, and returns how many it took; keys in `step.set_aside` are left alone.
    `due` counts the rows that are due at an instant. `prepare` comes before the transaction: what asks the broker waits
    there and holds no connection.
    """

    name: str
    run: Callable[[Step, int], Awaitable[int]]
    due: Callable[[Connection, datetime], Awaitable[int]]
    prepare: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True)
class Service:
    """One consumer group with its own schema."""

    name: str
    decoders: Mapping[str, Decoder]
    handle: Handler
    state: StateQueries | None = None
    passed: Passed = _not_counted
    begun_anew: BegunAnew = _keeps_no_offsets
    steps: Callable[["Runtime"], Sequence[ClockStep]] = lambda _: ()
    tasks: Mapping[str, Callable[["Runtime"], Awaitable[None]]] = field(default_factory=dict)
    unaccounted: Mapping[str, Unaccounted] = field(default_factory=dict)
    """By topic, for reconciliation: of every topic in which one message does not make another needless."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """By state topic, for reconciliation: what gives (key, sequence) of the newest that was taken in of keys (`$1`)."""

    @property
    def replay_topic(self) -> str:
        return f"{self.name}.replay"

    @property
    def topics(self) -> tuple[str, ...]:
        """Everything that the group reads."""
        return (*self.decoders, self.replay_topic)
