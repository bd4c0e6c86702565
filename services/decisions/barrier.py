"""Up to which instant deadlines may be acted on: nothing received before it may still be on its way.

A snapshot is a business instant and the ends of the topics read after it. Once the whole group, all partitions and
not only those of one worker, has committed past these ends, everything published up to that instant was handled.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from aiokafka import TopicPartition

from shared.worker.clock import Clock


class GroupOffsets(Protocol):
    """The part of `shared.kafka.offsets.Offsets` that is used here."""

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]: ...
    async def caught_up(self, group: str, ends: Mapping[TopicPartition, int]) -> int: ...


class Barrier:
    """The barrier of one process. Every process may keep its own: each is right by itself."""

    def __init__(self, offsets: GroupOffsets, clock: Clock, group: str, topics: tuple[str, ...]) -> None:
        self._offsets = offsets
        self._clock = clock
        self._group = group
        self._topics = topics
        self._snapshot: tuple[datetime, dict[TopicPartition, int]] | None = None
        self._passed: datetime | None = None

    @property
    def passed(self) -> datetime | None:
        """The latest instant that is known to be passed; None before the first."""
        return self._passed

    async def look(self) -> None:
        """Ask the broker how far the group is. Raises `OffsetsUnavailable`."""
        if self._snapshot is None:
            # The instant first: what is published between the two only makes the ends later.
            now = self._clock.now()
            self._snapshot = (now, await self._offsets.ends(self._topics))
        instant, ends = self._snapshot
        if await self._offsets.caught_up(self._group, ends) == 0:
            self._passed, self._snapshot = instant, None
