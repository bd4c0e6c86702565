"""An invitation: sixty days to apply, decline, or let it lapse."""

from datetime import UTC, datetime, timedelta

import pytest

from services.decisions.inputs import Deadline
from tests.unit.decisions.given import (
    DEADLINE,
    DECLARED,
    INVITED_AT,
    MOMENT,
    PLAIN,
    RECEIVED_AT,
    application,
    cancellation,
    declined,
    extension,
    folded,
    invitation,
    last,
    profile_withdrawn,
    reasons,
    run,
    said,
)

DAY = timedelta(1)


def test_an_invitation_waits_for_the_facts_that_it_was_issued_on_and_so_does_what_answers_it() -> None:
    case = folded(invitation(), application(), declined(RECEIVED_AT), declared={})
    assert [one.kind for one in case.waiting] == [
        "invitation.issued",
        "application.submitted",
        "invitation.declined",
    ]
    assert said(case) == []
    assert case.deadlines(frozenset()) == []


def test_a_decline_one_microsecond_before_the_deadline_is_in_time() -> None:
    case = run(invitation(), declined(DEADLINE - MOMENT), until=DEADLINE)
    assert said(case)[-1] == "declined"
    assert case.invitations["I1"].state == "declined"


def test_a_decline_at_the_deadline_is_too_late_whether_or_not_the_clock_has_acted() -> None:
    before = folded(invitation(), declined(DEADLINE))
    after = run(invitation(), declined(DEADLINE), until=DEADLINE)
    assert said(before) == ["too_late"]
    assert before.sayings[0].identity in {one.identity for one in after.sayings}
    assert after.invitations["I1"].state == "lapsed"


def test_an_application_one_microsecond_before_the_deadline_is_received() -> None:
    case = run(invitation(), application(DEADLINE - MOMENT), until=DEADLINE + DAY)
    assert said(case) == ["invitation_ends", "invitation_ends", "invitation_ends", "received"]


def test_an_application_at_the_deadline_is_rejected_with_the_deadline_and_the_instant_of_receipt() -> None:
    case = run(invitation(), application(DEADLINE), until=DEADLINE)
    rejection = last(case)
    assert (rejection.topic, rejection.code) == ("rejected", "too_late")
    assert rejection.content["reasons"][0].params == {
        "deadline": "2026-10-20T00:00:00.000000Z",
        "received_at": "2026-10-20T00:00:00.000000Z",
    }


def test_reminders_come_thirty_seven_and_one_days_before_and_the_lapse_at_the_deadline() -> None:
    case = run(invitation(), until=DEADLINE)
    assert [(one.code, one.at) for one in case.sayings] == [
        ("invitation_ends", datetime(2026, 9, 20, tzinfo=UTC)),
        ("invitation_ends", datetime(2026, 10, 13, tzinfo=UTC)),
        ("invitation_ends", datetime(2026, 10, 19, tzinfo=UTC)),
        ("lapsed", DEADLINE),
    ]
    assert case.sayings[0].content["due_on"].isoformat() == "2026-10-19"


def test_nothing_lapses_without_the_clock() -> None:
    assert said(folded(invitation(), declined(DEADLINE + 400 * DAY))) == ["too_late"]
    assert folded(invitation()).deadlines(frozenset())[-1] == Deadline(DEADLINE, "lapse", "I1")


def test_a_lapse_does_not_hold_when_an_application_received_in_time_is_read_late() -> None:
    lapsed = run(invitation(), until=DEADLINE)
    case = folded(invitation(), application(), acted=[Deadline(DEADLINE, "lapse", "I1")])
    assert said(lapsed)[-1] == "lapsed"
    assert said(case) == ["received"]
    assert case.invitations["I1"].state == "applied"


def test_an_extension_moves_the_deadline_and_the_reminders() -> None:
    later = DEADLINE + 10 * DAY
    case = run(invitation(), extension(RECEIVED_AT, later), until=later)
    assert [(one.code, one.at) for one in case.sayings] == [
        ("invitation_ends", datetime(2026, 9, 20, tzinfo=UTC)),
        ("extended", RECEIVED_AT),
        ("invitation_ends", datetime(2026, 10, 23, tzinfo=UTC)),
        ("invitation_ends", datetime(2026, 10, 29, tzinfo=UTC)),
        ("lapsed", datetime(2026, 10, 30, tzinfo=UTC)),
    ]


def test_an_application_within_the_extended_period_is_in_time() -> None:
    later = DEADLINE + 10 * DAY
    case = run(invitation(), extension(RECEIVED_AT, later), application(DEADLINE + DAY), until=later)
    assert case.invitations["I1"].state == "applied"


def test_an_extension_at_the_deadline_is_void() -> None:
    case = folded(invitation(), extension(DEADLINE, DEADLINE + 10 * DAY))
    assert case.invitations["I1"].deadline == DEADLINE


def test_a_cancelled_invitation_allows_no_application() -> None:
    case = folded(invitation(), cancellation(RECEIVED_AT - DAY), application())
    assert said(case) == ["cancelled", "invitation_closed"]
    assert last(case).content["state"] == "cancelled"


def test_an_invitation_is_not_cancelled_once_an_application_was_received() -> None:
    case = folded(invitation(), application(), cancellation(RECEIVED_AT + DAY))
    assert said(case) == ["received"]


def test_the_withdrawal_of_the_profile_declines_an_open_invitation() -> None:
    case = folded(invitation(), profile_withdrawn(RECEIVED_AT))
    assert said(case) == ["declined"]
    assert reasons(last(case)) == ["profile_withdrawn"]


@pytest.mark.parametrize(
    ("withdrawn_at", "outcome"), [(RECEIVED_AT + MOMENT, "applied"), (RECEIVED_AT - MOMENT, "declined")]
)
def test_a_withdrawal_of_the_profile_yields_to_an_application_with_an_earlier_receipt(
    withdrawn_at: datetime, outcome: str
) -> None:
    case = folded(invitation(), application(), profile_withdrawn(withdrawn_at))
    assert case.invitations["I1"].state == outcome


def test_an_invitation_issued_after_the_withdrawal_of_the_profile_is_declined_at_once() -> None:
    assert said(folded(invitation(), profile_withdrawn(INVITED_AT - DAY))) == ["declined"]


def test_who_declined_may_be_invited_again_and_apply() -> None:
    again = invitation("I2", at=INVITED_AT + 20 * DAY, deadline=DEADLINE + 20 * DAY, profile_sequence=2)
    case = folded(
        invitation(),
        declined(INVITED_AT + 10 * DAY),
        again,
        application(RECEIVED_AT, invitation_id="I2"),
        declared={1: DECLARED[1], 2: DECLARED[1]},
    )
    assert said(case) == ["declined", "received"]
    assert {key: one.state for key, one in case.invitations.items()} == {"I1": "declined", "I2": "applied"}


def test_an_application_for_another_program_is_rejected_and_the_invitation_stays_open() -> None:
    case = folded(invitation(), application(program="FSW"))
    assert said(case) == ["other_program"]
    assert case.invitations["I1"].state == "open"


def test_an_incomplete_application_is_returned_with_all_that_is_missing_and_may_be_sent_again() -> None:
    partial = application(RECEIVED_AT - DAY, documents=[], fees=[], declaration=False, form_complete=False)
    case = folded(invitation(), partial)
    assert reasons(last(case)) == ["form_incomplete", "declaration_missing", "document_missing", "fee_missing"]
    assert case.invitations["I1"].state == "open"
    assert said(folded(invitation(), partial, application())) == ["returned", "received"]


def test_an_application_returned_and_not_sent_again_leaves_a_lapsed_invitation() -> None:
    case = run(invitation(), application(form_complete=False), until=DEADLINE)
    assert case.invitations["I1"].state == "lapsed"


@pytest.mark.parametrize(("results_on", "codes"), [("2024-09-30", ["language_test_too_old"]), ("2024-10-01", None)])
def test_a_language_test_of_two_years_at_receipt_makes_the_application_incomplete(
    results_on: str, codes: list[str] | None
) -> None:
    test = {**PLAIN["language_tests"][0], "taken_on": "2024-09-01", "results_on": results_on}
    case = folded(invitation(), application(facts={**PLAIN, "language_tests": [test]}))
    assert case.sayings[0].code == ("returned" if codes else "received")
    if codes:
        assert reasons(case.sayings[0]) == codes


def test_a_second_application_on_a_spent_invitation_is_rejected_with_the_state() -> None:
    case = folded(invitation(), application(), application(RECEIVED_AT + DAY, "A2"))
    assert said(case) == ["received", "invitation_closed"]
    assert last(case).content["state"] == "applied"


def test_what_was_received_before_the_invitation_was_issued_does_not_answer_it() -> None:
    long_ago = datetime(1999, 1, 1, tzinfo=UTC)
    case = folded(invitation(), application(long_ago), declined(long_ago))
    assert said(case) == ["before_invitation", "before_invitation"]
    assert case.invitations["I1"].state == "open"
