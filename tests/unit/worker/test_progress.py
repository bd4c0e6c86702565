"""How long records have waited, and when a process is told not ready."""

import pytest
from aiokafka.structs import TopicPartition

from shared.worker.progress import Growth, Progress

P0, P1 = TopicPartition("profile", 0), TopicPartition("profile", 1)


@pytest.fixture
def progress() -> Progress:
    return Progress(stalled_s=60, looked_at=0)


def test_a_record_waits_from_the_look_that_saw_it_first() -> None:
    growth = Growth()
    assert growth.waiting_s(0, end=10, position=10) == 0
    assert growth.waiting_s(5, end=12, position=10) == 0
    assert growth.waiting_s(10, end=20, position=10) == 5
    assert growth.waiting_s(15, end=20, position=12) == 5
    assert growth.waiting_s(20, end=20, position=20) == 0


def test_what_is_remembered_is_bounded_and_still_knows_the_oldest() -> None:
    growth = Growth()
    growth.waiting_s(0, end=1, position=0)
    for second in range(1, 10_000):
        growth.waiting_s(second, end=second + 1, position=0)
    assert growth.waiting_s(10_000, end=10_001, position=0) == 10_000
    assert len(growth._marks) <= 513


def test_the_lag_of_a_group_is_that_of_its_worst_partition(progress: Progress) -> None:
    progress.look(0, {P0: 100, P1: 100}, {P0: 30}, [P0, P1])
    progress.look(40, {P0: 100, P1: 140}, {P0: 30, P1: 40}, [P0, P1])
    assert progress.lag_records == 70
    assert progress.lag_s == 40


def test_a_process_whose_records_wait_while_nothing_moves_is_not_ready_and_says_where(progress: Progress) -> None:
    for second in range(0, 66, 5):
        progress.look(second, {P0: 100, P1: 100}, {P0: 30}, [P0])
    assert progress.problem(60) is None
    assert progress.problem(65) == "no progress on profile/0 for 65 s, though records wait there"
    progress.look(70, {P0: 100, P1: 100}, {P0: 29}, [P0])
    assert progress.problem(75) is None


def test_an_idle_process_and_one_whose_neighbour_is_stuck_are_ready(progress: Progress) -> None:
    for second in range(0, 121, 5):
        progress.look(second, {P0: 100, P1: 100}, {P0: 30}, [P1])
    assert progress.problem(120) is None


def test_a_process_that_moves_slowly_is_ready_however_long_the_lag(progress: Progress) -> None:
    for look in range(100):
        progress.look(look * 50, {P0: 10_000}, {P0: 9_000 - look}, [P0])
    assert progress.problem(99 * 50) is None
    assert progress.lag_s == 99 * 50


def test_a_process_that_can_not_ask_the_broker_is_not_ready(progress: Progress) -> None:
    progress.look(10, {P0: 100}, {}, [P0])
    assert progress.problem(70) is None
    assert progress.problem(71) == "the broker has not answered for 61 s"
