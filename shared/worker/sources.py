"""Whether a topic is still the one that a group has read: pure judgements, and what is asked for them.

A topic that was deleted and made again, records that were deleted before the group came to them, partitions that were
added: each would be passed over in silence by a Kafka client. Here each is a fault until an operator accepts it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from shared.kafka.offsets import Offsets
from shared.worker.step import QUERIES, Connection


@dataclass(frozen=True, slots=True)
class Known:
    """A partition as it was first read, and the last order by which reading began anew (0: none)."""

    topic_id: str
    settled_by: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A partition as it is: the first offset that is kept, the one that the next record gets, the group's own."""

    topic_id: str
    beginning: int
    end: int
    committed: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator accepted: this topic, each partition with what it still has."""

    order_id: int
    topic_id: str
    starts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a partition is not read on; `order`: the operator's word on it, where there is one."""

    partition: TopicPartition
    words: str
    start: int
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Some topics as they are known and found."""

    known: Mapping[TopicPartition, Known]
    found: Mapping[TopicPartition, Found]
    orders: Mapping[str, Order]

    @property
    def new(self) -> list[TopicPartition]:
        """The partitions of topics that were never read."""
        read = {partition.topic for partition in self.known}
        return [partition for partition in self.found if partition.topic not in read]

    @property
    def faults(self) -> list[Fault]:
        """Everything that is not as it was, in order."""
        read = {partition.topic for partition in self.known}
        found = []
        for partition, state in sorted(self.found.items()):
            known = self.known.get(partition)
            words = wrong(known, state) if partition.topic in read else None
            if words is not None:
                found.append(Fault(partition, words, state.beginning, self._order(partition, known, state)))
        return found

    def _order(self, partition: TopicPartition, known: Known | None, found: Found) -> Order | None:
        """The order that speaks of exactly this: not of an earlier fault, and not of fewer losses."""
        order = self.orders.get(partition.topic)
        if order is None or order.topic_id != found.topic_id or partition.partition >= len(order.starts):
            return None
        is_new = known is None or known.settled_by < order.order_id
        return order if is_new and found.beginning <= order.starts[partition.partition] else None


def wrong(known: Known | None, found: Found) -> str | None:
    """What is wrong with a partition of a topic that was read before; None: nothing."""
    if known is None:
        return "partitions were added: keys have moved between partitions"
    if known.topic_id != found.topic_id:
        return "the topic was deleted and made again"
    if found.committed is None:
        lost = f"the group has no offset here and the first {found.beginning} records are no longer kept"
        return lost if found.beginning else None
    if found.committed > found.end:
        return f"the group has read up to {found.committed}, the topic ends at {found.end}: records were lost"
    if found.committed < found.beginning:
        return f"{found.beginning - found.committed} records were deleted before they were read"
    return None


async def standing(connection: Connection, offsets: Offsets, group: str, topics: Iterable[str]) -> Standing:
    """Look at these topics. Raises `OffsetsUnavailable`, `asyncpg.PostgresError`."""
    names = sorted(set(topics))
    ids = await offsets.topic_ids(names)
    ends = await offsets.ends(names)
    beginnings = await offsets.beginnings(names)
    committed = await offsets.committed(group)
    found = {
        partition: Found(ids[partition.topic], beginnings[partition], end, committed.get(partition))
        for partition, end in ends.items()
        if partition in beginnings
    }
    rows = await connection.fetch(QUERIES.sources, names)
    orders = await connection.fetch(QUERIES.source_orders, names)
    return Standing(
        {TopicPartition(row["topic"], row["partition"]): Known(row["topic_id"], row["settled_by"]) for row in rows},
        found,
        {row["topic"]: Order(row["order_id"], row["topic_id"], row["starts"]) for row in orders},
    )
