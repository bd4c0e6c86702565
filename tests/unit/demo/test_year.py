"""The replay of the rounds of 2026: in order, from what was known before each, and near what happened."""

from collections import Counter
from dataclasses import replace

import pytest

from shared.demo.year import NOMINEES, Replayed, real_rounds, replay
from shared.demo.year_picture import differences, section

ROUNDS = real_rounds()


@pytest.fixture(scope="module")
def replayed() -> list[Replayed]:
    return replay(ROUNDS)


def test_every_round_of_2026_is_replayed_in_order(replayed: list[Replayed]) -> None:
    assert len(replayed) == 59
    assert [one.real.day for one in replayed] == sorted(one.real.day for one in replayed)
    counts = Counter(one.real.kind for one in replayed)
    assert (counts["CEC"], counts[NOMINEES]) == (17, 19)


def test_the_cut_off_of_a_round_does_not_depend_on_what_it_really_was(replayed: list[Replayed]) -> None:
    last = max(place for place, one in enumerate(ROUNDS) if one.kind == "CEC")
    changed = [*ROUNDS[:last], replace(ROUNDS[last], cut_off=400)]
    assert replay(changed)[-1].cut_off == next(one.cut_off for one in replayed if one.real == ROUNDS[last])


def test_the_first_round_of_a_kind_is_not_predicted(replayed: list[Replayed]) -> None:
    assert {one.real.kind for one in replayed if one.cut_off is None} == {
        "military",
        "transport",
        "senior_managers",
        "physicians",
    }


def test_predicted_cut_offs_of_the_experience_class_lie_near_the_real_ones(replayed: list[Replayed]) -> None:
    apart = differences(replayed)["CEC"]
    assert len(apart) == 17
    assert sum(map(abs, apart)) / len(apart) < 8


def test_predicted_cut_offs_of_nominees_lie_where_the_real_ones_lie(replayed: list[Replayed]) -> None:
    apart = differences(replayed)[NOMINEES]
    assert len(apart) == 19
    assert sum(map(abs, apart)) / len(apart) < 40  # the real ones lie between 697 and 805


def test_the_picture_has_a_ring_for_each_round_and_a_dot_for_each_prediction(replayed: list[Replayed]) -> None:
    drawn = section(replayed)
    assert drawn.count('r="5"') == 59
    assert drawn.count('r="3"') == 55
