"""Where topics end and how far groups have come: what a round, a deadline and "wait for quiet" wait on."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import confluent_kafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from confluent_kafka import IsolationLevel, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, OffsetSpec

from shared.kafka.connection import REQUEST_TIMEOUT_S, answers, connect, said
from shared.kafka.group_offsets import GroupOffsets
from shared.kafka.settings import KafkaSettings


class OffsetsUnavailable(KafkaError):
    """The broker did not answer, or the principal may not ask. Nothing may be concluded."""


class Offsets:
    """Reads offsets on long-lived connections; any number of tasks may call it."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client: AdminClient | None = None
        self._groups = GroupOffsets(settings)

    async def close(self) -> None:
        """Give up the connections."""
        self._client = None
        await self._groups.close()

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """For each partition the offset that the next record will get. Raises `OffsetsUnavailable`."""
        return await self._list(topics, OffsetSpec.latest())

    async def beginnings(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """For each partition the offset of its first record that is still kept. Raises `OffsetsUnavailable`."""
        return await self._list(topics, OffsetSpec.earliest())

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """The next offset that `group` will handle, where it has committed one. Raises `OffsetsUnavailable`."""
        try:
            return await self._groups.committed(group)
        except KafkaError as error:
            what = f"can't read the committed offsets of group {group}: {type(error).__name__}"
            raise OffsetsUnavailable(what) from error

    async def caught_up(self, group: str, ends: Mapping[TopicPartition, int]) -> int:
        """How many offsets `group` still has to pass to reach `ends`; 0 = it has passed them all."""
        return sum((await self.behind(group, ends)).values())

    async def behind(self, group: str, ends: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The partitions in which `group` has not yet passed `ends`, and by how much.

        What was deleted before the group came to it (retention, compaction) is not waited for.
        """
        done = await self.committed(group)
        open_ends = {p: end for p, end in ends.items() if done.get(p, 0) < end}
        if not open_ends:
            return {}
        first = await self.beginnings({p.topic for p in open_ends})
        lags = {p: end - max(done.get(p, 0), first.get(p, 0)) for p, end in open_ends.items()}
        return {p: lag for p, lag in lags.items() if lag > 0}

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The id of each topic: another one once it was deleted and made again. Raises `OffsetsUnavailable`."""
        names = sorted(set(topics))
        try:
            futures = self._admin().describe_topics(TopicCollection(names), request_timeout=REQUEST_TIMEOUT_S)
            found: dict[str, Any] = await answers(futures)
        except KafkaException as error:
            raise _unavailable(f"the ids of {', '.join(names)}", error) from error
        return {name: _as_text(one.topic_id) for name, one in found.items()}

    async def _list(self, topics: Iterable[str], spec: OffsetSpec) -> dict[TopicPartition, int]:
        names = set(topics)
        try:
            counts = await asyncio.to_thread(self._partition_counts, names)
            asked = {confluent_kafka.TopicPartition(t, p): spec for t, n in counts.items() for p in range(n)}
            futures = self._admin().list_offsets(asked, isolation_level=IsolationLevel.READ_UNCOMMITTED)
            found: dict[confluent_kafka.TopicPartition, Any] = await answers(futures)
        except KafkaException as error:
            raise _unavailable(f"the offsets of {', '.join(sorted(names))}", error) from error
        return {TopicPartition(p.topic, p.partition): info.offset for p, info in found.items()}

    def _partition_counts(self, topics: set[str]) -> dict[str, int]:
        """Asked anew each time: a partition that was added is not overlooked."""
        known = self._admin().list_topics(timeout=REQUEST_TIMEOUT_S).topics
        missing = sorted(t for t in topics if t not in known or known[t].error is not None)
        if missing:
            raise OffsetsUnavailable(f"no topic {', '.join(missing)}, or no right to see it: see `ee topics check`")
        return {topic: len(known[topic].partitions) for topic in topics}

    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = connect(self._settings)
        return self._client


def _as_text(topic_id: Any) -> str:
    halves = (topic_id.get_most_significant_bits(), topic_id.get_least_significant_bits())
    return "".join(f"{half & 0xFFFFFFFFFFFFFFFF:016x}" for half in halves)


def _unavailable(what: str, error: KafkaException) -> OffsetsUnavailable:
    return OffsetsUnavailable(f"can't read {what}: {said(error)}")
