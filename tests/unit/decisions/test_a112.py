"""A11.2: each exception, each failure, each boundary."""

from datetime import timedelta
from typing import Any

import pytest

from services.decisions.case import Case
from services.decisions.inputs import Declared
from shared.rules import Facts
from tests.unit.decisions.given import (
    DECLARED,
    PLAIN,
    RECEIVED_AT,
    application,
    applied,
    clearances,
    facts,
    finding,
    folded,
    invitation,
    last,
    officer,
    said,
)

DAY = timedelta(1)
T = RECEIVED_AT

YOUNGER = {**PLAIN, "date_of_birth": "1986-09-10"}
"""39 years old on the day of the invitation, 40 at receipt."""


def results_of(case: Case) -> dict[str, tuple[str, str | None]]:
    """The tests of the last proposal: name to result and section."""
    lines = next(one for one in reversed(case.sayings) if one.code == "proposed").content["lines"]
    return {line.code: (line.row, line.section) for line in lines if line.code.startswith("test.")}


def case_of(
    at_invitation: dict[str, Any],
    at_receipt: dict[str, Any],
    *more: dict[str, Any],
    invited: dict[str, Any] | None = None,
) -> Case:
    """An application whose facts changed from the one day to the other."""
    declared = Facts.model_validate(at_invitation)
    sent = application(facts=at_receipt)
    kept = {1: Declared(DECLARED[1].submitted_on, declared)}
    return folded(invitation(declared=declared, **(invited or {})), sent, *more, declared=kept)


def test_facts_that_did_not_change_meet_every_test() -> None:
    assert {result for result, _ in results_of(case_of(PLAIN, PLAIN)).values()} == {"met"}


def test_points_lost_by_a_birthday_after_the_invitation_are_excused() -> None:
    case = case_of(YOUNGER, YOUNGER)
    assert results_of(case)["test.qualifications.receipt"] == ("excused", "A11.2(2)(a)")
    assert applied(case).grounds["accuracy"] is None


def test_points_lost_by_a_changed_fact_under_the_lowest_score_of_the_round_are_not_excused() -> None:
    lower = {**PLAIN, "education": [{"level": "two_year", "country": "CAN", "completed_on": "2020-04-30"}]}
    case = case_of(PLAIN, lower)
    assert results_of(case)["test.qualifications.receipt"] == ("failed", "A11.2(1)(b)")
    assert applied(case).grounds["accuracy"] is False


@pytest.mark.parametrize(("above", "result"), [(0, "excused"), (1, "failed")])
def test_changed_qualifications_are_excused_down_to_the_very_score_of_the_round(above: int, result: str) -> None:
    lower = {**PLAIN, "education": [{"level": "two_year", "country": "CAN", "completed_on": "2020-04-30"}]}
    total = invitation(declared=facts(**lower))["total"]
    case = case_of(PLAIN, lower, invited={"cut_off": total + above})
    assert results_of(case)["test.qualifications.receipt"][0] == result


def test_a_birthday_does_not_count_in_the_score_that_is_held_against_the_lowest_of_the_round() -> None:
    older = {**YOUNGER, "education": [{"level": "two_year", "country": "CAN", "completed_on": "2020-04-30"}]}
    held = invitation(declared=Facts.model_validate(older))["total"]
    case = case_of(YOUNGER, older, invited={"cut_off": held})
    assert results_of(case)["test.qualifications.receipt"] == ("excused", "A11.2(2)(b)")


def test_changed_qualifications_are_not_excused_where_the_criteria_are_no_longer_met() -> None:
    away = {**PLAIN, "work": []}
    case = case_of(PLAIN, away, invited={"cut_off": 0})
    found = results_of(case)
    assert found["test.program.receipt"] == ("failed", "A11.2(1)(a)")
    assert found["test.qualifications.receipt"][0] == "failed"


def test_nothing_excuses_qualifications_missing_at_the_invitation() -> None:
    lie = finding(
        "accuracy", "contradicted", T + DAY, field="education[0].level", found="two_year", as_of=["invitation"]
    )
    case = case_of(PLAIN, PLAIN, lie, invited={"cut_off": 0})
    assert results_of(case)["test.qualifications.invitation"] == ("failed", "A11.2(1)(b)")
    assert results_of(case)["test.qualifications.receipt"][0] == "met"


def test_a_finding_as_of_receipt_alone_leaves_the_day_of_the_invitation_as_declared() -> None:
    found = finding(
        "accuracy", "contradicted", T + DAY, field="education[0].level", found="two_year", as_of=["receipt"]
    )
    case = case_of(PLAIN, PLAIN, found)
    assert results_of(case)["test.qualifications.invitation"][0] == "met"
    assert results_of(case)["test.qualifications.receipt"][0] == "failed"


def test_a_category_is_tested_on_both_days_and_only_where_the_invitation_names_one() -> None:
    french = {"kind": "category", "category": "french", "category_version": "2026-V2"}
    english = [
        {
            "test": "ielts_general_training",
            "taken_on": "2025-09-01",
            "listening": 7.5,
            "reading": 6.5,
            "writing": 6.0,
            "speaking": 7.0,
        }
    ]
    other = {**PLAIN, "first_official_language": "english", "language_tests": english}
    found = results_of(case_of(PLAIN, other, invited={**french, "cut_off": 0}))
    assert found["test.category.invitation"] == ("met", "A11.2(1)(c)")
    assert found["test.category.receipt"] == ("failed", "A11.2(1)(c)")
    assert not [name for name in results_of(case_of(PLAIN, other)) if "category" in name]


TRADE = {
    **PLAIN,
    "residence": "SEN",
    "intended_province": "ON",
    "work": [{"noc": "21231", "country": "SEN", "from": "2016-09-01", "to": None, "hours_per_week": 40}],
}


def test_the_67_points_go_to_an_officer_who_may_substitute_an_evaluation_with_a_second_one() -> None:
    weak = {
        **TRADE,
        "date_of_birth": "1966-01-01",
        "education": [{"level": "secondary", "country": "CAN", "completed_on": "1990-06-30"}],
        "work": [{"noc": "21231", "country": "SEN", "from": "2024-01-08", "to": None, "hours_per_week": 40}],
    }
    declared = {1: Declared(DECLARED[1].submitted_on, Facts.model_validate(weak))}
    start = [
        invitation(declared=Facts.model_validate(weak), program="FSW", cut_off=0),
        application(facts=weak, program="FSW"),
        *clearances(T + DAY),
    ]
    case = folded(*start, declared=declared)
    assert results_of(case)["test.pass_mark.receipt"] == ("officer", "R76(1)(a)")
    assert applied(case).proposal == "substitute"
    alone = folded(*start, officer("approve", T + 2 * DAY), declared=declared)
    assert last(alone).code == "second_officer_needed"
    both = folded(*start, officer("approve", T + 2 * DAY, second_officer="officer-2"), declared=declared)
    assert said(both)[-1] == "approved"


def test_funds_must_hold_on_the_day_of_decision_too() -> None:
    declared = {1: Declared(DECLARED[1].submitted_on, Facts.model_validate(TRADE))}
    start = [
        invitation(declared=Facts.model_validate(TRADE), program="FSW"),
        application(facts=TRADE, program="FSW"),
        *clearances(T + DAY),
    ]
    approved = folded(*start, officer("approve", T + 2 * DAY), declared=declared)
    assert said(approved)[-1] == "approved"
    third_run = last(approved).content["lines"][-1]
    assert (third_run.code, third_run.section, third_run.row) == ("test.program.decision", "R77", "met")
    assert third_run.quantities == {"on": "2026-10-02"}
    spent = finding("program", "contradicted", T + DAY, field="settlement_funds_cad", found=100, as_of=["receipt"])
    case = folded(*start, spent, officer("approve", T + 2 * DAY), declared=declared)
    assert last(case).code == "ground_not_met"
