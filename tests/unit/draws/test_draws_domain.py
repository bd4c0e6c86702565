"""Groupings, the fold of a batch, what an instruction must be, the published bands."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.draws.certificate import Lines
from services.draws.grouping import grouping_of, groupings_in, groupings_of, mask_of, program_named
from services.draws.inflow import collapse
from services.draws.instruction import category_version, content_hash, objections
from services.draws.reasons import reason
from services.draws.steps import is_same_operator
from shared.contracts.rounds import Instruction
from shared.rules.bands import distribution
from shared.rules.catalogue import TEXTS
from shared.worker.record import Message
from tests.unit.draws.samples import DAY, INSTANT, eligible, erasure, instruction, message, scored

CATEGORY: dict[str, Any] = {"kind": "category", "category": "french", "economic_goal": "Francophone communities"}


@pytest.mark.parametrize(
    ("programs", "nominee", "expected"),
    [
        (["CEC", "FSW"], False, {"general", "CEC", "FSW", "category:french"}),
        (["FST"], False, {"general", "FST", "category:french"}),
        (["CEC", "PNP"], True, {"general", "PNP"}),
        (["CEC"], True, set()),
        ([], False, set()),
        ([], True, set()),
    ],
)
def test_a_nominee_is_ranked_in_general_and_pnp_rounds_alone(
    programs: list[str], nominee: bool, expected: set[str]
) -> None:
    assert groupings_of(eligible("A00001", programs, nominee=nominee, categories=["french"])) == expected


@pytest.mark.parametrize(
    ("groupings", "ordered", "expected"),
    [
        ({"general", "PNP"}, {}, "PNP"),
        ({"general", "FST", "FSW", "CEC"}, {}, "CEC"),
        ({"general", "FST", "FSW"}, {}, "FSW"),
        ({"general", "FST", "FSW", "CEC"}, {"kind": "program", "program": "FST"}, "FST"),
        ({"general", "FST", "category:french"}, CATEGORY, "FST"),
    ],
)
def test_an_invitation_names_one_program(groupings: set[str], ordered: dict[str, Any], expected: str) -> None:
    assert program_named(groupings, instruction(**ordered).program) == expected


def test_each_kind_has_its_grouping() -> None:
    assert grouping_of(instruction()) == "general"
    assert grouping_of(instruction(kind="program", program="FSW")) == "FSW"
    assert grouping_of(instruction(**CATEGORY)) == "category:french"


@given(st.sets(st.sampled_from(["general", "CEC", "PNP", "category:french", "category:stem"])))
def test_a_mask_keeps_every_grouping(keys: set[str]) -> None:
    bits = {"general": 0, "CEC": 1, "PNP": 4, "category:french": 31, "category:stem": 62}
    assert groupings_in(mask_of(keys, bits), bits) == keys


@given(st.lists(st.tuples(st.sampled_from(["A00001", "A00002"]), st.integers(1, 5), st.booleans())), st.randoms())
def test_a_batch_collapses_to_the_same_in_every_order(told: list[tuple[str, int, bool]], chance: Any) -> None:
    messages: list[Message] = [
        message(scored(key, 300 + sequence, sequence)) if is_scored else message(eligible(key, sequence=sequence))
        for key, sequence, is_scored in told
    ]
    shuffled = [*messages, *messages]
    chance.shuffle(shuffled)
    assert collapse(shuffled) == collapse(messages)
    assert {key: body.sequence for key, body in collapse(messages).scored.items()} == {
        key: max(s for k, s, is_scored in told if is_scored and k == key) for key, _, is_scored in told if is_scored
    }


def test_an_erasure_is_not_taken_for_a_message() -> None:
    found = collapse([message(scored("A00001", 400)), erasure("scored", "A00001"), erasure("held", "x")])
    assert (found.erased, found.settled, list(found.scored), found.profiles) == (
        {"A00001"},
        {"x"},
        ["A00001"],
        ["A00001"],
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (CATEGORY, []),
        ({**CATEGORY, "category_version": "2026-V2"}, []),
        ({**CATEGORY, "category_version": "2023-V1"}, ["version_not_in_force"]),
        ({**CATEGORY, "category": "pilots"}, ["category_unknown"]),
        ({**CATEGORY, "category": "agriculture"}, ["category_not_in_force"]),
        ({**CATEGORY, "economic_goal": None}, ["economic_goal_missing"]),
        ({"kind": "category", "economic_goal": "g"}, ["missing_for_kind"]),
        ({"kind": "program"}, ["missing_for_kind"]),
        ({"kind": "program", "program": "CEC"}, []),
        ({"kind": "program", "program": "CEC", "category": "french"}, ["contradicts_kind"]),
        ({"program": "CEC"}, ["contradicts_kind"]),
        ({"period_to": DAY - timedelta(days=1)}, ["period_reversed"]),
        ({"period_from": DAY + timedelta(days=1)}, ["instant_outside_period"]),
    ],
)
def test_what_stands_against_an_instruction_is_said(changes: dict[str, Any], expected: list[str]) -> None:
    assert [one.code for one in objections(instruction(**changes), INSTANT)] == expected


def test_an_instruction_is_over_when_its_day_is() -> None:
    last = INSTANT.replace(hour=23, minute=59, second=59, microsecond=999_999)
    assert objections(instruction(), last) == []
    assert [one.code for one in objections(instruction(), last + timedelta(microseconds=1))] == ["day_over"]


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from([{}, CATEGORY, {"kind": "program", "program": "FST"}]),
)
def test_whatever_an_instruction_says_its_objections_are_reasons(
    instant: datetime, now: datetime, changes: dict[str, Any]
) -> None:
    day = instant.date()
    ordered = instruction(instant=instant, period_from=day, period_to=day, **changes)
    codes = {one.code for one in objections(ordered, now)}
    assert ("day_over" in codes) is (now.date() > day)
    assert codes <= {"day_over", "category_not_in_force"}


def test_the_version_of_a_category_is_the_one_of_the_day() -> None:
    in_2025: dict[str, Any] = {
        "instant": INSTANT.replace(year=2025),
        "period_from": date(2025, 8, 18),
        "period_to": date(2025, 8, 19),
    }
    assert category_version(instruction(**CATEGORY)) == "2026-V2"
    assert category_version(instruction(**CATEGORY, **in_2025)) == "2023-V1"
    assert category_version(instruction()) is None


def test_the_hash_covers_everything_that_an_instruction_says() -> None:
    changes: list[dict[str, Any]] = [
        {"invitations": 4},
        {"instant": INSTANT + timedelta(microseconds=1)},
        {"legal_base": "A10.3(1)(h.1)(ii)"},
        {"accept_held": True},
        {"max_cut_off_change": 5},
    ]
    assert (
        len(
            {
                content_hash(
                    instruction(),
                ),
                *(content_hash(instruction(**change)) for change in changes),
            }
        )
        == 6
    )
    assert content_hash(Instruction.read(instruction().json_bytes())) == content_hash(instruction())


@pytest.mark.parametrize(
    ("drafted_by", "approved_by", "expected"),
    [
        ("anna", "anna", True),
        ("anna", "benoit", False),
        ("/ircc/operators/anna", "anna", True),
        ("/ircc/operators/joanna", "anna", False),
    ],
)
def test_a_draft_on_the_topic_is_the_own_one_of_whom_its_source_ends_in(
    drafted_by: str, approved_by: str, expected: bool
) -> None:
    assert is_same_operator(drafted_by, approved_by) is expected


def test_the_bands_are_those_that_are_published() -> None:
    edges = [0, 300, 301, 350, 351, 400, 401, 410, 411, 420, 421, 430, 431, 440, 441, 450]
    edges += [451, 460, 461, 470, 471, 480, 481, 490, 491, 500, 501, 600, 601, 1200]
    assert distribution(dict.fromkeys(edges, 1)) == {
        "dd1": 2,
        "dd2": 2,
        "dd3": 10,
        **dict.fromkeys(("dd4", "dd5", "dd6", "dd7", "dd8"), 2),
        "dd9": 10,
        **dict.fromkeys(("dd10", "dd11", "dd12", "dd13", "dd14", "dd15", "dd16", "dd17"), 2),
        "dd18": 30,
    }


async def test_lines_are_read_however_they_are_cut() -> None:
    raw = b"500\t2026-03-01T09:30:00.000000Z\tA00002\n490\t2026-03-01T09:30:00.000000Z\tA00001\n"
    for size in range(1, len(raw) + 1):
        lines = Lines(2)
        for start in range(0, len(raw), size):
            await lines.feed(raw[start : start + size])
        assert [first[:2] for first in lines.first] == [("A00002", 500), ("A00001", 490)]
        assert lines.hash.hexdigest() == "d13717db4d9d956d4e30878b96cf725f68e6f3baf9075d3422440cb604fc98da"


def test_every_reason_has_its_text() -> None:
    assert reason("wait_kafka").text.fr == "Kafka ne répond pas."
    assert {"round.state.held", "round.wait_held", "round.same_operator"} <= set(TEXTS)
