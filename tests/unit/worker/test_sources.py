"""When a partition is not read on, and which order of an operator settles it."""

import pytest
from aiokafka import TopicPartition

from shared.worker.sources import Found, Known, Order, Standing, wrong

PLACE = TopicPartition("profile", 1)
SAME = Known("id")


@pytest.mark.parametrize(
    "found",
    [
        Found("id", 0, 10, 4),
        Found("id", 4, 10, 4),
        Found("id", 0, 4, 4),
        Found("id", 0, 0, None),
        Found("id", 0, 10, None),
    ],
)
def test_what_goes_on_where_the_group_has_come_is_in_order(found: Found) -> None:
    assert wrong(SAME, found) is None


@pytest.mark.parametrize(
    ("known", "found", "words"),
    [
        (SAME, Found("other", 0, 10, 4), "made again"),
        (SAME, Found("id", 5, 10, 4), "1 records were deleted"),
        (SAME, Found("id", 0, 3, 4), "the topic ends at 3"),
        (SAME, Found("id", 7, 10, None), "the first 7 records"),
        (None, Found("id", 0, 0, None), "partitions were added"),
    ],
)
def test_what_a_client_would_pass_over_in_silence_is_a_fault(known: Known | None, found: Found, words: str) -> None:
    assert words in (wrong(known, found) or "")


@pytest.mark.parametrize(
    ("order", "settled_by", "settles"),
    [
        (Order(7, "other", [0, 5]), 0, True),
        (Order(7, "id", [0, 5]), 0, False),  # of the topic before
        (Order(7, "other", [0, 4]), 0, False),  # more is lost than was seen
        (Order(7, "other", [0]), 0, False),  # a partition that was not there
        (Order(7, "other", [0, 5]), 7, False),  # of an earlier fault
    ],
)
def test_an_order_settles_exactly_what_the_operator_saw(order: Order, settled_by: int, settles: bool) -> None:
    standing = Standing({PLACE: Known("id", settled_by)}, {PLACE: Found("other", 5, 9, 4)}, {"profile": order})
    (fault,) = standing.faults
    assert (fault.start, fault.order is not None) == (5, settles)


def test_a_topic_that_was_never_read_is_new_and_no_fault() -> None:
    standing = Standing({}, {PLACE: Found("id", 5, 9, None)}, {})
    assert (standing.new, standing.faults) == ([PLACE], [])
