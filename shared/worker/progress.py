"""How far a group is behind, since when, and whether this process moves: what lag and readiness are told from.

Nothing here asks anybody: it is fed with looks at offsets, so that a stuck process can be told from an idle one
without a clock in a record or a column in a table.
"""

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from aiokafka.structs import TopicPartition

_MARKS = 512
"""Remembered ends of one growing row of records; beyond it every second one is forgotten."""


class Growth:
    """When a row of records reached which end, as far as somebody still waits for it. Instants are monotone seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def waiting_s(self, now: float, end: int, position: int) -> float:
        """For how long the record at `position` has been there: 0 where nothing waits.

        What was there before the first look counts from that look.
        """
        if not self._marks or self._marks[-1][1] < end:
            self._marks.append((now, end))
        while self._marks and self._marks[0][1] <= position:
            self._marks.popleft()
        if len(self._marks) > _MARKS:
            self._marks = deque(mark for place, mark in enumerate(self._marks) if place % 2 == 0)
        return now - self._marks[0][0] if self._marks else 0.0


@dataclass(slots=True)
class Progress:
    """What the last look found. `stalled_s`: how long records of ours may wait while nothing moves, seconds."""

    stalled_s: float
    looked_at: float
    lag_records: int = 0
    lag_s: float = 0.0
    _growth: dict[Hashable, Growth] = field(default_factory=dict)
    _still: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)

    def look(
        self,
        now: float,
        ends: Mapping[TopicPartition, int],
        behind: Mapping[TopicPartition, int],
        mine: Iterable[TopicPartition],
    ) -> None:
        """Take the ends of the group's partitions, by how much it is behind in each, and those of this process."""
        self.looked_at = now
        self.lag_records = sum(behind.values())
        positions = {partition: end - behind.get(partition, 0) for partition, end in ends.items()}
        self.lag_s = max(
            (self._grown(partition).waiting_s(now, end, positions[partition]) for partition, end in ends.items()),
            default=0.0,
        )
        waiting = {partition: positions[partition] for partition in mine if behind.get(partition)}
        self._still = {
            partition: before if (before := self._still.get(partition)) and before[0] == position else (position, now)
            for partition, position in waiting.items()
        }

    def problem(self, now: float) -> str | None:
        """Why this process is not ready: the broker does not answer, or records of ours wait and nothing moves."""
        if now - self.looked_at > self.stalled_s:
            return f"the broker has not answered for {now - self.looked_at:.0f} s"
        still = [(now - since, partition) for partition, (_, since) in self._still.items()]
        longest, where = max(still, default=(0.0, None))
        if where is None or longest <= self.stalled_s:
            return None
        return f"no progress on {where.topic}/{where.partition} for {longest:.0f} s, though records wait there"

    def _grown(self, partition: TopicPartition) -> Growth:
        found = self._growth.get(partition)
        if found is None:
            found = self._growth[partition] = Growth()
        return found
