"""Whatever order, repetition, batches and clock: the same state, and the same facts said net of withdrawals.

The order of the law is the reference: every message is read at its instant of receipt, the clock acts on time.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.decisions.inputs import Input
from services.decisions.moves import ALIVE
from tests.unit.decisions.given import (
    DEADLINE,
    INVITED_AT,
    answer,
    application,
    cancellation,
    clearances,
    declined,
    extension,
    finding,
    invitation,
    officer,
    profile_withdrawn,
    stored,
    withdrawn,
)
from tests.unit.decisions.life import END, Life

LETTER = "letter"


_instants = st.sampled_from(
    [
        INVITED_AT - timedelta(1),
        *(INVITED_AT + timedelta(days) for days in (1, 2, 3, 5, 8, 40)),
        DEADLINE - timedelta(microseconds=1),
        DEADLINE,
        DEADLINE + timedelta(1, 3600),
        DEADLINE + timedelta(40),
    ]
)
"""Few, so that several messages fall on one instant."""


@st.composite
def _bodies(draw: st.DrawFn) -> dict[str, Any]:
    at = draw(_instants)
    return draw(
        st.sampled_from(
            [
                application(at),
                application(at, "A2"),
                application(at, "A3", form_complete=False),
                application(at, form_complete=False),
                application(at, program="FSW"),
                declined(at),
                profile_withdrawn(at),
                extension(at, DEADLINE + timedelta(12)),
                cancellation(at),
                withdrawn(at),
                answer(at, LETTER),
                finding("admissibility", "inadmissible", at, "F", section="A40(1)(a)", determined_in="canada"),
                finding("admissibility", "doubt", at, "F"),
                finding("program", "contradicted", at, application_id=None, field="intended_province", found="QC"),
                *clearances(at),
                *(
                    officer(act, at, sections=["R12"])
                    for act in ("approve", "return", "suspend", "resume", "terminate")
                ),
                officer("refuse", at, ground="accuracy"),
                officer("refuse", at, ground="admissibility", sections=["A40(1)(a)"]),
                officer("send_fairness_letter", at, ground="admissibility", concern="unclear"),
            ]
        )
    )


@st.composite
def _inputs(draw: st.DrawFn) -> list[Input]:
    bodies = draw(st.lists(_bodies(), min_size=1, max_size=9))
    found = [stored(invitation(), "invited")]
    if draw(st.booleans()):
        found.append(stored(application(INVITED_AT + timedelta(2)), "first"))
    for place, body in enumerate(bodies):
        number = LETTER if body.get("action") == "send_fairness_letter" else f"e{place}"
        found.append(replace(stored(body, number), automatic=draw(st.booleans())))
    return list({one.id: one for one in found}.values())


def _in_order(inputs: list[Input]) -> Life:
    life = Life()
    for one in sorted(inputs, key=lambda one: one.order):
        life.tick(one.at)
        life.read(one)
    life.tick(END)
    return life


@settings(max_examples=120, deadline=None)
@given(inputs=_inputs(), data=st.data())
def test_order_repetition_batches_and_clock_change_neither_the_state_nor_what_holds(
    inputs: list[Input], data: st.DataObject
) -> None:
    reference = _in_order(inputs)
    life = Life()
    arrivals = data.draw(st.permutations(inputs + data.draw(st.lists(st.sampled_from(inputs), max_size=4))))
    while arrivals:
        size = data.draw(st.integers(1, 4))
        life.read(*arrivals[:size])
        arrivals = arrivals[size:]
        if data.draw(st.booleans()):
            life.tick(data.draw(_instants))
    life.tick(END)
    assert life.holds == reference.holds
    assert life.case.invitations == reference.case.invitations
    assert life.case.bar == reference.case.bar
    assert [one.id for one in life.case.waiting] == [one.id for one in reference.case.waiting]


@settings(max_examples=60, deadline=None)
@given(inputs=_inputs(), data=st.data())
def test_the_last_decided_always_carries_the_standing_of_the_case(inputs: list[Input], data: st.DataObject) -> None:
    life = Life()
    for one in data.draw(st.permutations(inputs)):
        life.read(one)
        if data.draw(st.booleans()):
            life.tick(data.draw(_instants))
        standings = [standing for code, standing in life.published if standing is not None]
        if standings:
            assert standings[-1] == life.case.standing(life.case.invitations["I1"])


@settings(max_examples=80, deadline=None)
@given(inputs=_inputs())
def test_after_the_last_deadline_nothing_is_open_or_due(inputs: list[Input]) -> None:
    case = _in_order(inputs).case
    assert case.invitations["I1"].state != "open"
    for one in case.invitations["I1"].applications.values():
        assert one.state not in ALIVE or all(letter.over for letter in one.letters.values())
