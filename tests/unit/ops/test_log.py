"""What comes out of the log of a service, and how often."""

import logging
from collections.abc import Iterator

import pytest

from shared.ops.log import Sparing

LIBRARY = logging.getLogger("aiokafka.client")
TRY = "Unable connect to node with id %s: %s"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said(clock: Clock) -> Iterator[list[str]]:
    """What a handler with the filter was given."""
    words: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            words.append(record.getMessage())

    handler = Kept()
    handler.addFilter(Sparing(clock))
    LIBRARY.addHandler(handler)
    yield words
    LIBRARY.removeHandler(handler)


def test_what_a_library_repeats_is_said_once_in_ten_seconds_with_how_often(clock: Clock, said: list[str]) -> None:
    for _ in range(300):
        LIBRARY.warning(TRY, 2, "refused")
    clock.seconds += 9.9
    LIBRARY.warning(TRY, 2, "refused")
    clock.seconds += 0.1
    LIBRARY.warning(TRY, 2, "refused")
    assert said == [
        "Unable connect to node with id 2: refused",
        "Unable connect to node with id 2: refused (repeated 300 times)",
    ]


def test_other_words_of_the_same_library_are_said_at_once(said: list[str]) -> None:
    LIBRARY.warning(TRY, 2, "refused")
    LIBRARY.warning(TRY, 3, "refused")
    LIBRARY.warning(TRY, 2, "timed out")
    assert said == [TRY % told for told in ((2, "refused"), (3, "refused"), (2, "timed out"))]


def test_a_library_that_never_says_the_same_twice_is_heard_and_does_not_fill_the_memory(said: list[str]) -> None:
    for number in range(5000):
        LIBRARY.warning(TRY, number, "refused")
    assert len(said) == 5000


def test_our_own_events_are_never_kept_back(clock: Clock) -> None:
    event = {"event": "batch handled", "messages": 1}  # as structlog hands it on
    records = [logging.LogRecord("ours", logging.INFO, __file__, 1, event, None, None) for _ in range(3)]
    assert all(map(Sparing(clock).filter, records))
