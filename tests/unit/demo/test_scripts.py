"""The population of the demo passes through every state of an invitation and of an application, and every outcome."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from services.decisions.inputs import Declared, Input
from shared.contracts.cloudevents import attributes
from shared.contracts.decided import ApplicationState, InvitationState, Outcome
from shared.contracts.rounds import Invited
from shared.demo.fates import EXTENDED_UNTIL, FIRST, STOPS, Fate, Plan, plans
from shared.demo.scripts import messages
from shared.kafka.producer import Record
from shared.rules.periods import deadline, end_of
from tests.unit.decisions.given import (
    DECLARED,
    ID,
    PLAIN,
    cancellation,
    extension,
    facts,
    invitation,
    profile_withdrawn,
    stored,
)
from tests.unit.decisions.life import Life

INVITED_AT = datetime.fromisoformat("2026-08-18T14:00:00Z")


def plan(fate: Fate) -> Plan:
    body = invitation(at=INVITED_AT, deadline=deadline(INVITED_AT), declared=facts())
    return Plan(Invited.model_validate(body), PLAIN, fate)


def ordered(fate: Fate) -> list[Input]:
    """What operators order for it at the first stop."""
    until = end_of(date.fromisoformat(EXTENDED_UNTIL))
    orders = {Fate.EXTENDED: extension(FIRST, until), Fate.CANCELLED: cancellation(FIRST)}
    return [stored(orders[fate], "order")] if fate in orders else []


def read(record: Record) -> Input:
    body: dict[str, Any] = json.loads(record.value or b"")
    if record.topic == "submission":
        body = profile_withdrawn(datetime.fromisoformat(body["withdrawn_at"]))
    return stored(body, attributes(record.headers).id, automatic=True)


def lived(fate: Fate) -> Life:
    chosen = plan(fate)
    life = Life(declared={1: Declared(DECLARED[1].submitted_on, facts())})
    life.read(stored(chosen.invited.model_dump(mode="json"), "invited"), *ordered(fate))
    for stop in STOPS:
        life.tick(stop)
        life.read(*(read(record) for record in messages(chosen, stop)))
    return life


LIVES = {fate: lived(fate) for fate in Fate}


def test_every_state_and_every_outcome_comes_at_least_once() -> None:
    said = [(code, standing) for life in LIVES.values() for code, standing in life.published if standing is not None]
    assert {code for code, _ in said} >= {outcome.value for outcome in Outcome}
    invitations = {standing.invitation.state for _, standing in said}
    assert invitations | {InvitationState.OPEN} == set(InvitationState)
    assert {standing.application.state for _, standing in said if standing.application} == set(ApplicationState)


@pytest.mark.parametrize("fate", list(Fate))
def test_nothing_that_the_demo_publishes_waits_in_the_end(fate: Fate) -> None:
    assert LIVES[fate].case.waiting == []


def test_an_application_read_late_withdraws_the_lapse() -> None:
    said = [code for code, standing in LIVES[Fate.READ_LATE].published if standing is not None]
    assert [code for code in said if code != "proposed"] == ["lapsed", "lapse_withdrawn", "received", "approved"]


def test_misrepresentation_bars_until_five_years_after_the_removal() -> None:
    bar = LIVES[Fate.MISREPRESENTED].case.bar
    assert bar is not None
    assert bar.until == date(2031, 10, 30)


def test_among_twenty_invitations_each_rare_fate_is_there() -> None:
    body = invitation(at=INVITED_AT, deadline=deadline(INVITED_AT))
    found = plans([Invited.model_validate(body)] * 20, {ID: PLAIN}, seed=437)
    assert {one.fate for one in found} >= set(Fate) - {Fate.APPROVED, Fate.INCOMPLETE_FIRST, Fate.LAPSED}
