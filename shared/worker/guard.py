"""The guard before the consume loop: nothing of a topic is handled that is not the one the group has read before."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from aiokafka import OffsetAndMetadata, TopicPartition

from shared.kafka.topics import TOPICS
from shared.ops import metrics
from shared.ops.log import log
from shared.worker.batch import Outcome
from shared.worker.loops import forever
from shared.worker.record import Record
from shared.worker.runtime import Runtime
from shared.worker.sources import Fault, Standing, standing
from shared.worker.step import QUERIES, Connection

_LOOK_S = 15.0
"""How often a process looks at its topics, also where nothing comes, seconds."""


class Group(Protocol):
    """The part of aiokafka's consumer that is used here."""

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None: ...
    def assignment(self) -> Iterable[TopicPartition]: ...


class Guard:
    """Looks at the topics when partitions were assigned, when offsets jump, and from time to time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._next: dict[TopicPartition, int] = {}
        """Where reading goes on, of each partition that was looked at since it was assigned."""
        self.refused: str | None = None
        """What stands in the way, in words for the operator."""

    def forget(self) -> None:
        """Partitions were assigned anew: others may have read on meanwhile."""
        self._next.clear()

    def passed(self, ends: Mapping[TopicPartition, int]) -> None:
        """These offsets were committed."""
        self._next |= ends

    def goes_on_at(self, partition: TopicPartition, first: int) -> int:
        """Where a partition is read again of which nothing from `first` on was committed."""
        return min(self._next.get(partition, first), first)

    async def admits(self, records: Sequence[Record], group: Group) -> Outcome:
        """OK: these may be handled. REFUSED: an operator has to say how to go on. LOST: reading begins anew."""
        firsts: dict[TopicPartition, int] = {}
        for record in records:
            firsts.setdefault(TopicPartition(record.topic, record.partition), record.offset)
        unclear = {partition.topic for partition, first in firsts.items() if self._is_unclear(partition, first)}
        if not unclear:
            return Outcome.OK
        async with self._runtime.pool.acquire() as connection:
            seen = await self._look(connection, unclear)
        mine = set(group.assignment())
        faults = [fault for fault in seen.faults if fault.partition in mine]
        if self._refuse([fault for fault in faults if fault.order is None]):
            return Outcome.REFUSED
        for fault in faults:
            await self._begin_anew(fault, seen, group)
        for partition, state in seen.found.items():
            if partition in mine and partition not in {fault.partition for fault in faults}:
                self._next[partition] = firsts.get(partition, state.committed or state.beginning)
        return Outcome.LOST if faults else Outcome.OK

    def _is_unclear(self, partition: TopicPartition, first: int) -> bool:
        expected = self._next.get(partition)
        if expected is None or first < expected:
            return True
        return first > expected and TOPICS[partition.topic].kind != "state"  # compaction leaves gaps

    async def _look(self, connection: Connection, topics: Iterable[str]) -> Standing:
        seen = await standing(connection, self._runtime.offsets, self._runtime.service.name, topics)
        if new := seen.new:
            ids = [seen.found[partition].topic_id for partition in new]
            await connection.execute(QUERIES.add_sources, [p.topic for p in new], [p.partition for p in new], ids)
            log.info("topics_first_read", topics=sorted({partition.topic for partition in new}))
        return seen

    async def _begin_anew(self, fault: Fault, seen: Standing, group: Group) -> None:
        """As the operator ordered: at the first record that is kept. The offset first: a crash does it again."""
        assert fault.order is not None
        partition = fault.partition
        await group.commit({partition: OffsetAndMetadata(fault.start, "")})
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            await self._runtime.service.begun_anew(connection, partition.topic, partition.partition)
            await connection.execute(
                QUERIES.settle_source,
                partition.topic,
                partition.partition,
                seen.found[partition].topic_id,
                fault.order.order_id,
            )
        self._next[partition] = fault.start
        log.warning("reading_begins_anew", topic=partition.topic, partition=partition.partition, offset=fault.start)

    def _refuse(self, faults: Sequence[Fault]) -> bool:
        said = "; ".join(sorted({describe(self._runtime.service.name, fault) for fault in faults})) or None
        if said is not None and said != self.refused:
            log.error("topic_refused", why=said)
        self.refused = said
        metrics.refused(self._runtime.service.name, len(faults))
        return said is not None

    async def watch(self) -> None:
        """Look from time to time: a topic that is made again may have nothing to read yet."""

        async def look() -> bool:
            async with self._runtime.pool.acquire() as connection:
                seen = await self._look(connection, self._runtime.service.topics)
            faults = seen.faults
            self._refuse([fault for fault in faults if fault.order is None])
            for fault in faults:
                self._next.pop(fault.partition, None)
            return False

        await forever("guard", look, _LOOK_S)


def describe(service: str, fault: Fault) -> str:
    """A fault in words, with the command that settles it."""
    topic = fault.partition.topic
    return f"{topic}: {fault.words}; ee topics accept {topic} --service {service} --reason WHY"
