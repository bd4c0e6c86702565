"""Where a candidate stands, from published messages alone: each position, its dates and what may be done."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.decisions import telling
from services.decisions.case import Case, Saying
from services.decisions.store import Spoken
from shared.contracts.base import Line, NextChange
from shared.contracts.decided import ApplicationState
from shared.contracts.outcomes import Rejected
from shared.contracts.profile import ProgramVerdict, Status
from shared.contracts.rounds import Invited
from shared.contracts.scored import CategoryVerdict, Eligible, Scored
from shared.status.page import page
from shared.status.published import Published
from shared.status.standing import Standing, standing
from shared.worker.step import Body
from tests.unit.decisions.given import (
    DEADLINE,
    ID,
    RECEIVED_AT,
    answer,
    application,
    cancellation,
    clearances,
    declined,
    finding,
    folded,
    invitation,
    officer,
    run,
    stored,
)

DAY = timedelta(1)
T = RECEIVED_AT
ON = date(2026, 10, 10)
LETTER = "letter"


def evaluated(status: Status = Status.IN_POOL, **more: Any) -> dict[str, Any]:
    return {
        "profile_id": ID,
        "sequence": 4,
        "profile_sequence": 2,
        "status": status,
        "submitted_at": datetime(2026, 3, 1, 18, 34, 5, tzinfo=UTC),
        "expires_at": datetime(2027, 3, 1, 18, 34, 5, tzinfo=UTC),
        "on": date(2026, 10, 1),
        "rule_sets": [],
        "provisional": False,
        "next_change": NextChange(on=date(2027, 5, 17), reason="change.birthday"),
        **more,
    }


def message(saying: Saying, sequence: int) -> Body:
    return telling.draft(ID, "en", saying).build(sequence)


def messages(case: Case | None, status: Status) -> list[tuple[str, Body]]:
    """What is on the topics: the evaluation, and what a case says."""
    lack = Line(code="fsw.work.not_met", quantities={"noc": "21231", "hours": 0, "needed": 1560})
    verdicts = {
        "CEC": ProgramVerdict(met=status is not Status.INELIGIBLE),
        "FSW": ProgramVerdict(met=False, reasons=[lack]),
    }
    categories = {
        "french": CategoryVerdict(version="2026-V2", eligible=True),
        "stem": CategoryVerdict(version="2026-V3", eligible=False),
    }
    scored = Scored(**evaluated(status), total=478, factors={}, lines=[])
    eligible = Eligible(**evaluated(status), programs=verdicts, nominee=False, categories=categories)
    found: list[tuple[str, Body]] = [("scored", scored), ("eligible", eligible)]
    if case is not None:
        found.append(("invited", Invited.model_validate(invitation())))
        found += [(saying.topic, message(saying, place)) for place, saying in enumerate(case.sayings, 1)]
    return found


def published(case: Case | None = None, status: Status = Status.IN_POOL) -> Published:
    """The same as a subscriber has it, each message twice."""
    found, records = Published(ID), messages(case, status)
    for place, (topic, one) in [*enumerate(records), *enumerate(records)]:
        found.take(topic, {"ce_source": b"/x", "ce_id": f"{topic}:{place}".encode()}, one.json_bytes())
    return found.sort()


def stands(case: Case | None = None, status: Status = Status.IN_POOL, on: date = ON) -> Standing:
    return standing(published(case, status), on)


def ahead(found: Standing) -> list[tuple[str, str]]:
    return [(one.code, one.day.isoformat()) for one in found.ahead]


def test_a_candidate_in_the_pool_waits_for_a_round() -> None:
    found = stands()
    assert (found.step, found.steps[-1].code) == (5, "waits_for_round")
    assert [one.number for one in found.steps] == [1, 2, 3, 4, 5]
    assert found.steps[2].params["total"] == 478
    assert ahead(found) == [("profile_ends", "2027-03-01"), ("result_changes", "2027-05-17")]
    assert found.may == ("update", "withdraw_profile")


@pytest.mark.parametrize(
    ("lang", "third", "change"),
    [
        (
            "en",
            "Score: 478 of 1,200 points (CRS), provisional: Comprehensive Ranking System, unheard.",
            "  2027-05-17: the result may change: birthday",
        ),
        (
            "fr",
            "Note : 478 points sur 1 200 (SCG), provisoire : système de classement global, unheard.",
            "  2027-05-17 : le résultat peut changer : anniversaire",
        ),
    ],
)
def test_what_is_provisional_and_what_changes_are_told_in_words(lang: str, third: str, change: str) -> None:
    found = published()
    found.scored = Scored(
        **evaluated(missing_tables=["crs", "unheard"]) | {"provisional": True}, total=478, factors={}, lines=[]
    )
    told = list(page(standing(found, ON), lang))
    assert told[3] == f"  [x] 3  2026-10-01  {third}"
    assert change in told


def test_what_is_told_in_french_has_a_space_before_every_colon_and_names_within_sentences_begin_small() -> None:
    told = list(page(stands(folded(invitation()), Status.APPLIED), "fr"))
    assert "Admissible : catégorie de l’expérience canadienne." in told[2]
    assert "Catégories (ensembles) : compétence linguistique en français." in told[4]
    assert [line for line in told if re.search(r"[^ \d]:", line) or re.search(r"\d: ", line)] == []


def test_a_refused_submission_stands_at_eligibility_with_its_reasons() -> None:
    found = Published(ID)
    reason = {"code": "barred", "text": {"en": "Barred.", "fr": "Exclu."}}
    whole = {"profile_id": ID, "sequence": 1, "source_topic": "submission", "reasons": [reason], "rejected_at": T}
    found.take("rejected", {"ce_id": b"1"}, Rejected.model_validate(whole).json_bytes())
    told = list(page(standing(found.sort(), ON), "fr"))
    assert told[0] == "Candidat E000000001 : étape 2 sur 8"
    assert "Exclu." in told[3]


def test_who_meets_no_program_is_told_what_is_missing() -> None:
    found = stands(status=Status.INELIGIBLE)
    assert (found.step, found.steps[-1].code, found.may) == (2, "ineligible", ("submit_anew",))
    assert "Not enough unbroken work" in "\n".join(page(found, "en"))


def test_an_open_invitation_is_the_seventh_step_with_its_deadline_in_utc_and_ottawa_time() -> None:
    found = stands(folded(invitation()))
    assert (found.step, found.may) == (7, ("apply", "decline"))
    assert ahead(found)[0] == ("apply_before", "2026-10-19")
    told = "\n".join(page(found, "en"))
    assert "2026-10-20 00:00:00 UTC (2026-10-19 20:00:00, Ottawa time): an application must be received" in told


@pytest.mark.parametrize(
    ("answered", "status", "step", "code"),
    [
        (declined(T), Status.IN_POOL, 5, "waits_for_round"),
        (cancellation(T), Status.IN_POOL, 5, "waits_for_round"),
        (declined(T), Status.EXPIRED, 5, "left.expired"),
        (application(form_complete=False), Status.IN_POOL, 7, "invitation.returned"),
    ],
)
def test_an_answered_invitation(answered: dict[str, Any], status: Status, step: int, code: str) -> None:
    found = stands(folded(invitation(), answered), status)
    assert (found.step, found.steps[-1].code) == (step, code)


def test_a_lapsed_invitation_ends_at_the_seventh_step() -> None:
    found = stands(run(invitation(), until=DEADLINE), Status.LAPSED)
    assert (found.step, found.steps[-1].code, found.may) == (7, "invitation.lapsed", ("submit_anew",))
    assert not [one for one in found.ahead if one.code == "apply_before"]


def test_an_application_shows_the_service_standard_and_the_age_of_each_stage() -> None:
    suspended = [officer("suspend", T + 3 * DAY), officer("resume", T + 5 * DAY)]
    found = stands(folded(invitation(), application(), *suspended), Status.APPLIED)
    assert (found.step, found.steps[-1].code) == (8, "application.in_process")
    assert ahead(found) == [("service_standard", "2027-03-30")]
    assert [(one.state.value, one.days) for one in found.stages] == [
        ("in_process", 3),
        ("suspended", 2),
        ("in_process", 5),
    ]


def test_a_fairness_letter_shows_the_concern_and_the_time_to_answer() -> None:
    letter = stored(officer("send_fairness_letter", T + DAY, ground="accuracy", concern="The duties."), LETTER)
    found = stands(folded(invitation(), application(), letter), Status.APPLIED)
    assert (found.steps[-1].code, found.may[0], ahead(found)[0]) == (
        "application.fairness_letter",
        "answer",
        ("answer_before", "2026-10-31"),
    )
    assert "The duties." in "\n".join(page(found, "en"))


def test_a_refusal_shows_its_grounds_the_review_and_the_bar() -> None:
    misrepresented = finding("admissibility", "inadmissible", T, section="A40(1)(a)", determined_in="outside")
    letter = stored(officer("send_fairness_letter", T + DAY, ground="admissibility", concern="x"), LETTER)
    refusal = officer("refuse", T + 3 * DAY, ground="admissibility", sections=["A40(1)(a)"])
    case = folded(invitation(), application(), misrepresented, letter, answer(T + 2 * DAY, LETTER), refusal)
    found = stands(case, Status.APPLIED)
    assert (found.step, found.steps[-1].code, found.may) == (8, "application.refused", ("ask_review", "barred"))
    assert ahead(found) == [("review_before", "2026-10-19"), ("bar_ends", "2031-10-03")]
    assert stands(case, Status.APPLIED, date(2026, 10, 20)).may == ("barred",)
    assert found.stages[-1].days is None


def test_an_approval_is_the_end() -> None:
    case = folded(invitation(), application(), *clearances(T + DAY), officer("approve", T + 2 * DAY))
    found = stands(case, Status.APPLIED)
    assert (found.step, found.steps[-1].done, found.may) == (8, True, ("land",))
    assert found.stages[-1].state is ApplicationState.APPROVED


def test_what_was_withdrawn_by_a_later_message_is_not_shown() -> None:
    lapsed = run(invitation(), until=DEADLINE)
    late = folded(invitation(), application())
    found = Published(ID)
    found.take("decided", {"ce_id": b"decided:x:1"}, message(lapsed.sayings[-1], 1).json_bytes())
    spoken = [Spoken(1, "i", "decided", "decided:x:1", "lapsed", "I1")]
    for number, one in enumerate((*telling.corrections(late, spoken, DEADLINE), *late.sayings), 2):
        found.take(
            "decided",
            {"ce_id": f"decided:x:{number}".encode()},
            telling.draft(ID, "en", one).build(number).json_bytes(),
        )
    assert [one.outcome.value for one in found.sort().decided] == ["lapse_withdrawn", "received", "proposed"]


def test_an_erased_profile_and_an_unknown_one() -> None:
    assert Published(ID).sort().nothing
    found = Published(ID)
    found.take("scored", {}, None)
    assert (found.sort().erased, found.nothing) == (True, False)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_position_has_words_in_both_languages(lang: str) -> None:
    cases = [None, folded(invitation()), folded(invitation(), declined(T)), folded(invitation(), application())]
    for case in cases:
        for status in Status:
            assert all(line.strip() for line in page(stands(case, status), lang))
