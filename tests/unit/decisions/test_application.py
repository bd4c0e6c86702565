"""An application: findings, fairness, decision; which state allows what."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.unit.decisions.given import (
    DEADLINE,
    PLAIN,
    RECEIVED_AT,
    answer,
    application,
    applied,
    clearances,
    finding,
    folded,
    invitation,
    last,
    officer,
    reasons,
    run,
    said,
    stored,
    withdrawn,
)

DAY = timedelta(1)
T = RECEIVED_AT
LETTER = "letter-1"
RESPOND_BY = datetime.fromisoformat("2026-11-10T00:00:00Z")
"""30 days after Saturday 2026-10-10 is Monday 2026-11-09, which counts whole."""


def letter(at: datetime = T + 10 * DAY, ground: str = "admissibility", number: str = LETTER) -> Any:
    return stored(officer("send_fairness_letter", at, ground=ground, concern="unclear"), number)


def refusal(at: datetime, ground: str = "admissibility", sections: tuple[str, ...] = ("A36(1)(b)",)) -> dict[str, Any]:
    return officer("refuse", at, ground=ground, sections=list(sections))


def test_when_all_four_grounds_are_met_approval_is_proposed_and_an_officer_approves() -> None:
    case = folded(invitation(), application(), *clearances(T + DAY))
    assert applied(case).proposal == "approve"
    assert applied(case).grounds == {
        "program": True,
        "accuracy": True,
        "category": True,
        "admissibility": True,
    }
    decided = folded(invitation(), application(), *clearances(T + DAY), officer("approve", T + 2 * DAY))
    assert said(decided) == ["received", "approved"]
    assert last(decided).content["decided_by"] == "officer-1"


def test_only_the_last_proposal_holds() -> None:
    case = folded(invitation(), application(), *clearances(T + DAY))
    assert [one.code for one in case.sayings] == ["received", "proposed"]


def test_an_automatic_application_is_approved_by_rule_with_the_last_finding() -> None:
    findings = clearances(T + DAY)
    whole = stored(application(), automatic=True)
    assert said(folded(invitation(), whole, *findings[:-1])) == ["received"]
    case = folded(invitation(), whole, *findings)
    assert said(case) == ["received", "approved"]
    assert last(case).content["decided_by"] == "rule"
    assert last(case).at == T + DAY + timedelta(minutes=3)


def test_a_doubt_that_waited_with_the_clearances_keeps_an_application_from_being_approved_by_rule() -> None:
    doubt = finding("program", "doubt", T - DAY, application_id=None)
    early = clearances(T - 2 * DAY)
    case = folded(invitation(), stored(application(), automatic=True), *early, doubt)
    assert said(case) == ["received"]
    assert said(folded(invitation(), stored(application(), automatic=True), *early)) == ["received", "approved"]


def test_nothing_is_approved_by_rule_on_provisional_results() -> None:
    whole = stored(application(), automatic=True)
    case = folded(invitation(provisional=True), whole, *clearances(T + DAY))
    assert said(case) == ["received"]


def test_every_family_member_is_examined_but_a_citizen() -> None:
    child = {"member_id": "F1", "relation": "dependent_child", "accompanying": False, "date_of_birth": "2019-02-03"}
    citizen = {**child, "member_id": "F2", "status_in_canada": "citizen"}
    family = application(family_members=[child, citizen], facts={**PLAIN, "family_size": 3})
    case = folded(invitation(), stored(family, automatic=True), *clearances(T + DAY))
    assert said(case) == ["received"]
    waits = [line for line in last(case).content["lines"] if line.code == "waits.admissibility"]
    assert [(line.quantities["of"], line.quantities["test"]) for line in waits] == [
        ("F1", "security"),
        ("F1", "criminality"),
        ("F1", "medical"),
    ]
    cleared = clearances(T + 2 * DAY, of="F1")
    assert said(folded(invitation(), stored(family, automatic=True), *clearances(T + DAY), *cleared))[-1] == "approved"


def test_an_officer_cannot_approve_while_a_ground_is_not_met() -> None:
    found = finding("admissibility", "inadmissible", T + DAY, section="A36(1)(b)")
    case = folded(invitation(), application(), found, officer("approve", T + 2 * DAY))
    assert (last(case).topic, last(case).code) == ("rejected", "ground_not_met")


def test_nobody_is_refused_as_inadmissible_before_a_letter_and_its_time_to_answer() -> None:
    found = finding("admissibility", "inadmissible", T + DAY, section="A36(1)(b)")
    start = [invitation(), application(), found]
    assert last(folded(*start, refusal(T + 2 * DAY))).code == "fairness_letter_first"
    running = folded(*start, letter(), refusal(RESPOND_BY - timedelta(microseconds=1)))
    assert last(running).code == "fairness_time_runs"
    assert said(run(*start, letter(), refusal(RESPOND_BY), until=RESPOND_BY))[-2:] == ["fairness_time_over", "refused"]


def test_an_answered_letter_lets_the_officer_decide_at_once() -> None:
    found = finding("admissibility", "inadmissible", T + DAY, section="A36(1)(b)")
    answered = answer(T + 12 * DAY, LETTER)
    case = folded(invitation(), application(), found, letter(), answered, refusal(T + 13 * DAY))
    assert said(case) == ["received", "fairness_letter_sent", "fairness_answered", "refused"]
    assert last(case).content["review_until"] == date(2026, 10, 28)
    assert "within 15 days, until 2026-10-28 (A72(2)(b))" in last(case).content["text"].en


def test_a_letter_on_another_ground_gives_no_chance_to_answer_this_one() -> None:
    found = finding("admissibility", "inadmissible", T + DAY, section="A36(1)(b)")
    other = [letter(ground="accuracy"), answer(T + 12 * DAY, LETTER)]
    case = folded(invitation(), application(), found, *other, refusal(T + 13 * DAY))
    assert last(case).code == "fairness_letter_first"


def test_an_answer_at_the_end_of_its_time_is_too_late() -> None:
    start = [invitation(), application(), letter()]
    assert said(folded(*start, answer(RESPOND_BY - timedelta(microseconds=1), LETTER)))[-1] == "fairness_answered"
    assert said(folded(*start, answer(RESPOND_BY, LETTER)))[-1] == "answer_too_late"


def test_a_letter_that_states_no_concern_is_rejected() -> None:
    case = folded(invitation(), application(), officer("send_fairness_letter", T + DAY, ground="accuracy", concern=" "))
    assert (last(case).topic, last(case).code) == ("rejected", "letter_needs_concern")
    assert case.invitations["I1"].applications["A1"].state == "in_process"


def test_the_time_to_answer_a_letter_that_a_suspension_held_back_runs_from_its_end() -> None:
    suspended = [officer("suspend", T + 9 * DAY), letter(), officer("resume", T + 50 * DAY)]
    case = run(invitation(), application(), *suspended, until=T + 400 * DAY)
    sent = next(one for one in case.sayings if one.code == "fairness_letter_sent")
    assert sent.content["act_by"] == datetime.fromisoformat("2026-12-20T00:00:00Z")
    assert said(case)[-1] == "fairness_time_over"


def test_an_answer_waits_for_its_letter() -> None:
    case = folded(invitation(), application(), answer(T + DAY, LETTER))
    assert [one.kind for one in case.waiting] == ["fairness.responded"]
    assert said(folded(invitation(), application(), answer(T + DAY, LETTER), letter()))[-1] == "fairness_answered"


def test_no_letter_is_owed_where_documents_do_not_prove_a_requirement() -> None:
    case = folded(invitation(), application(), refusal(T + DAY, "accuracy", ("A11.2(1)(b)",)))
    assert said(case) == ["received", "refused"]


def test_a_refusal_for_misrepresentation_bars_from_canada_without_end_until_removal_is_enforced() -> None:
    found = finding("admissibility", "inadmissible", T + DAY, "M", section="A40(1)(a)", determined_in="canada")
    refused = [
        invitation(),
        application(),
        found,
        letter(),
        answer(T + 12 * DAY, LETTER),
        refusal(T + 13 * DAY, sections=("A40(1)(a)",)),
    ]
    bar = folded(*refused).bar
    assert bar is not None
    assert (bar.since, bar.until) == (date(2026, 10, 13), None)
    enforced = {**found, "removal_enforced_on": "2027-02-01", "recorded_at": "2027-02-02T10:00:00Z"}
    case = folded(*refused, enforced)
    assert case.bar is not None
    assert case.bar.until == date(2032, 2, 1)
    assert said(case)[-1] == "corrected"


def test_a_refusal_for_misrepresentation_outside_canada_bars_for_five_years() -> None:
    found = finding("admissibility", "inadmissible", T + DAY, section="A40(1)(a)", determined_in="outside")
    decided = refusal(T + 13 * DAY, sections=("A40(1)(a)",))
    case = folded(invitation(), application(), found, letter(), answer(T + 12 * DAY, LETTER), decided)
    assert case.bar is not None
    assert case.bar.until == date(2031, 10, 13)


def test_a_finding_of_misrepresentation_after_a_refusal_that_started_no_bar_is_rejected() -> None:
    found = finding("admissibility", "inadmissible", T + 3 * DAY, section="A40(1)(a)", determined_in="canada")
    case = folded(invitation(), application(), refusal(T + DAY, "program", ("R87.1(2)(a)",)), found)
    assert (last(case).topic, last(case).content["state"], case.bar) == ("rejected", "refused", None)


def test_what_answers_an_application_not_yet_read_waits_for_it() -> None:
    case = folded(invitation(), *clearances(T + DAY), officer("approve", T + 2 * DAY), withdrawn(T + 3 * DAY))
    assert len(case.waiting) == 6


def test_an_approval_during_a_suspension_waits_for_its_end() -> None:
    start = [invitation(), application(), officer("suspend", T + DAY), officer("approve", T + 2 * DAY)]
    assert said(folded(*start)) == ["received", "suspended"]
    assert said(folded(*start, officer("resume", T + 3 * DAY))) == ["received", "suspended", "resumed", "approved"]


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (withdrawn(T + 2 * DAY), "withdrawn"),
        (officer("terminate", T + 2 * DAY, sections=["A11.3"]), "terminated"),
        (officer("approve", T + 2 * DAY), "approved"),
        (refusal(T + 2 * DAY, "program", ("R87.1(2)(a)",)), "refused"),
    ],
)
def test_a_final_state_allows_nothing_more(end: dict[str, Any], state: str) -> None:
    later = [
        *clearances(T + 3 * DAY),
        *(officer(act, T + 4 * DAY) for act in ("approve", "refuse", "return", "suspend", "resume", "terminate")),
        letter(T + 4 * DAY),
        withdrawn(T + 5 * DAY),
    ]
    case = folded(invitation(), application(), end, *later)
    rejected = [one for one in case.sayings if one.topic == "rejected"]
    assert {(one.code, one.content["state"]) for one in rejected} == {("state_does_not_allow", state)}
    assert len(rejected) == len(later)
    assert case.waiting == []


def test_an_application_that_an_officer_returns_may_be_sent_again_while_the_period_runs() -> None:
    returned = officer("return", T + DAY, sections=["R12"])
    case = folded(invitation(), application(), returned)
    assert (case.invitations["I1"].state, said(case)) == ("applied", ["received", "returned"])
    again = folded(invitation(), application(), returned, application(T + 2 * DAY, "A2"))
    assert said(again) == ["received", "returned", "received"]


def test_an_application_returned_after_the_deadline_leaves_a_lapsed_invitation() -> None:
    returned = officer("return", DEADLINE + DAY, sections=["R12"])
    case = run(invitation(), application(), returned, until=DEADLINE + 2 * DAY)
    assert said(case)[-2:] == ["returned", "lapsed"]
    assert last(case).at == DEADLINE + DAY + timedelta(microseconds=1)


def test_a_finding_on_a_returned_application_waits_until_it_can_no_longer_be_sent_again() -> None:
    partial = application(form_complete=False)
    late = finding("accuracy", "verified", T + DAY)
    case = folded(invitation(), partial, late)
    assert [one.kind for one in case.waiting] == ["finding.recorded"]
    lapsed = run(invitation(), partial, late, until=DEADLINE)
    assert (last(lapsed).topic, last(lapsed).code, lapsed.waiting) == ("rejected", "state_does_not_allow", [])
    assert folded(invitation(), partial, late, application(T + 2 * DAY)).waiting == []


def test_what_waits_for_a_returned_application_is_answered_when_another_takes_its_invitation() -> None:
    late = finding("accuracy", "verified", T + DAY)
    case = folded(invitation(), application(form_complete=False), late, application(T + 2 * DAY, "A2"))
    assert said(case) == ["returned", "received", "state_does_not_allow"]
    assert case.waiting == []


def test_a_finding_on_the_profile_counts_for_an_application_that_comes_later() -> None:
    third_party = finding(
        "program", "contradicted", T - DAY, application_id=None, field="intended_province", found="QC"
    )
    waiting = folded(invitation(), third_party)
    assert len(waiting.waiting) == 1
    case = folded(invitation(), third_party, application())
    assert (applied(case).grounds["program"], applied(case).proposal) == (False, "refuse")
    assert case.waiting == []


def test_a_finding_with_a_field_that_was_not_declared_is_rejected() -> None:
    wrong = finding("accuracy", "contradicted", T + DAY, field="work[7].to", found="2021-02-01")
    assert last(folded(invitation(), application(), wrong)).code == "finding_does_not_fit"
    assert reasons(last(folded(invitation(), application(), wrong))) == ["finding_does_not_fit"]


def test_a_suspended_application_still_takes_the_answer_to_its_letter() -> None:
    inputs = [letter(), officer("suspend", T + 11 * DAY), answer(T + 12 * DAY, LETTER), officer("resume", T + 13 * DAY)]
    case = folded(invitation(), application(), *inputs)
    assert case.invitations["I1"].applications["A1"].state == "in_process"


def test_an_act_before_the_receipt_of_the_application_is_rejected_and_a_finding_before_it_counts() -> None:
    long_ago = datetime.fromisoformat("1999-01-01T00:00:00Z")
    case = folded(invitation(), application(), officer("refuse", long_ago, ground="program"))
    assert said(case) == ["received", "before_application"]
    early = clearances(long_ago)
    assert said(folded(invitation(), stored(application(), automatic=True), *early)) == ["received", "approved"]


def test_better_words_make_no_other_fact() -> None:
    saying = folded(invitation(), application(form_complete=False)).sayings[-1]
    reason = saying.content["reasons"][0]
    worded = reason.model_copy(update={"text": reason.text.model_copy(update={"en": "Better."})})
    again = replace(saying, content={**saying.content, "reasons": [worded], "text": worded.text})
    assert again.identity == saying.identity
    other = reason.model_copy(update={"code": "other"})
    assert replace(saying, content={**saying.content, "reasons": [other]}).identity != saying.identity
