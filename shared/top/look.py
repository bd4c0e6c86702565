"""One look at the groups of all services: where topics end, how far each group is, who is in it, what it gave up."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.structs import TopicPartition
from confluent_kafka import ConsumerGroupState, KafkaException

from shared.kafka.connection import REQUEST_TIMEOUT_S, connect
from shared.kafka.offsets import Offsets
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import SERVICES, TOPICS, dlq_name, topics_of

NOT_THERE = "not there"
"""The state of a group that has no member and has committed nothing."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A service at one instant. `dead_letters`: those that are kept now."""

    service: str
    state: str
    workers: int
    ends: Mapping[TopicPartition, int]
    behind: Mapping[TopicPartition, int]
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Look:
    """All services, at `at` (monotone seconds)."""

    at: float
    stages: Sequence[Stage]


class Observer:
    """Asks on long-lived connections."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._offsets = Offsets(settings)
        self._admin = connect(settings)

    async def close(self) -> None:
        """Give up the connections."""
        await self._offsets.close()

    async def look(self) -> Look:
        """Raises `OffsetsUnavailable` where the broker does not answer or a topic is missing."""
        ends, groups = await asyncio.gather(self._offsets.ends(TOPICS), self._groups())
        kept = await self._kept(ends)
        stages = []
        for service in SERVICES:
            mine = {place: end for place, end in ends.items() if place.topic in topics_of(service)}
            behind = await self._offsets.behind(service, mine)
            stages.append(Stage(service, *groups[service], mine, behind, kept[service]))
        return Look(time.monotonic(), stages)

    async def _kept(self, ends: Mapping[TopicPartition, int]) -> dict[str, int]:
        """Dead letters by service: what their topics hold."""
        names = {service: {dlq_name(topic, service) for topic in topics_of(service)} for service in SERVICES}
        written = {p.topic for p, end in ends.items() if end and TOPICS[p.topic].kind == "dlq"}
        first = await self._offsets.beginnings(written) if written else {}
        return {
            service: sum(end - first.get(place, end) for place, end in ends.items() if place.topic in names[service])
            for service in SERVICES
        }

    async def _groups(self) -> dict[str, tuple[str, int]]:
        """State and number of members of each group."""
        futures = self._admin.describe_consumer_groups(list(SERVICES), request_timeout=REQUEST_TIMEOUT_S)
        waiting = (asyncio.wrap_future(future) for future in futures.values())
        answers: list[Any] = await asyncio.gather(*waiting, return_exceptions=True)
        return {group: _described(answer) for group, answer in zip(futures, answers, strict=True)}


def _described(answer: Any) -> tuple[str, int]:
    """A group that nobody has joined yet is no failure."""
    if isinstance(answer, KafkaException) or (
        not isinstance(answer, BaseException) and answer.state == ConsumerGroupState.DEAD
    ):
        return NOT_THERE, 0
    if isinstance(answer, BaseException):
        raise answer
    return answer.state.name.lower().replace("_", " "), len(answer.members)
