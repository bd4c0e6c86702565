"""Deadlines wait until the whole group has passed what was published before them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from services.decisions.barrier import Barrier
from shared.worker.clock import FixedClock

T = datetime(2026, 10, 20, tzinfo=UTC)


class Group:
    """Two partitions of one topic, and how far the group has committed."""

    def __init__(self, ends: tuple[int, int], committed: tuple[int, int]) -> None:
        self.end = ends
        self.done = committed
        self.asked = 0

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        self.asked += 1
        return {TopicPartition(topic, place): end for topic in topics for place, end in enumerate(self.end)}

    async def caught_up(self, group: str, ends: Mapping[TopicPartition, int]) -> int:
        assert group == "decisions"
        return sum(max(end - self.done[p.partition], 0) for p, end in ends.items())


class Hands(FixedClock):
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.instant = T

    def now(self) -> datetime:
        return self.instant


def barrier(group: Group, clock: Hands) -> Barrier:
    return Barrier(group, clock, "decisions", ("application",))


async def passed(one: Barrier) -> datetime | None:
    await one.look()
    return one.passed


async def test_nothing_is_passed_while_one_partition_of_the_group_lags() -> None:
    group = Group((10, 7), (10, 6))
    one = barrier(group, Hands())
    assert await passed(one) is None
    group.done = (10, 7)
    assert await passed(one) == T


async def test_what_is_published_later_does_not_move_the_ends_that_are_waited_for() -> None:
    group = Group((10, 7), (9, 7))
    one = barrier(group, Hands())
    assert await passed(one) is None
    group.end, group.done = (20, 20), (10, 7)
    assert await passed(one) == T


async def test_the_instant_that_is_passed_is_that_of_the_snapshot_not_of_the_look() -> None:
    clock, group = Hands(), Group((10, 7), (9, 7))
    one = barrier(group, clock)
    assert await passed(one) is None
    clock.instant += timedelta(days=1)
    group.done = (10, 7)
    assert await passed(one) == T
    assert await passed(one) == T + timedelta(days=1)


async def test_while_a_new_snapshot_is_waited_for_the_last_instant_holds() -> None:
    clock, group = Hands(), Group((10, 7), (10, 7))
    one = barrier(group, clock)
    assert await passed(one) == T
    clock.instant += timedelta(days=1)
    group.end = (11, 7)
    assert await passed(one) == T
    assert group.asked == 2
