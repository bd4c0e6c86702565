"""Waiting for quiet goes on while a broker that was away comes back."""

from collections.abc import Iterator

import pytest
from aiokafka import TopicPartition

from shared.kafka.offsets import OffsetsUnavailable
from shared.worker.quiet import AWAY, Glance, NotQuietError, Quiet

ENDS = {TopicPartition("profile", 0): 1}


def looks(*answers: Glance | Exception) -> Quiet:
    """A Quiet that sees these one after the other, the last for ever."""
    quiet: Quiet = object.__new__(Quiet)

    def following() -> Iterator[Glance | Exception]:
        yield from answers
        while True:
            yield answers[-1]

    left = following()

    async def look(_: object) -> Glance:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    quiet.look = look  # type: ignore[method-assign, assignment]
    return quiet


async def test_it_is_quiet_after_two_looks_that_find_nothing_also_behind_an_outage() -> None:
    seen: list[Glance] = []
    still, moving = Glance((), ENDS, {}), Glance(("scoring lags by 1 records",), ENDS, {})
    await looks(still, OffsetsUnavailable("leaderless"), moving, still, still).wait(None, 60, seen.append)
    assert seen == [still, moving, still, still]


async def test_an_outage_that_lasts_is_named_at_the_deadline() -> None:
    with pytest.raises(NotQuietError, match=AWAY):
        await looks(OffsetsUnavailable("gone")).wait(None, 0)


async def test_what_will_not_pass_by_itself_is_raised_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        await looks(ZeroDivisionError()).wait(None, 60)
