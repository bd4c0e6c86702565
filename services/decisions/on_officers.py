"""The acts of an officer on an application."""

from collections.abc import Callable

from services.decisions.case import Application, Invitation, Letter
from services.decisions.folding import Folding
from services.decisions.inputs import Input
from services.decisions.law import after_letter
from services.decisions.moves import OFFICER, Move
from services.decisions.on_applications import may
from services.decisions.outcome import approve, known_findings, on_day, reassess, refuse
from services.decisions.words import reason
from shared.contracts.application import OfficerDecided
from shared.contracts.base import Reason
from shared.contracts.decided import ApplicationState, Ground, Outcome
from shared.rules.periods import deadline_after, fairness_period

Act = Callable[[Folding, Input, Invitation, Application], None]
_MAX_LETTER_ID = 100


def decided(folding: Folding, one: Input) -> None:
    """An officer's act, if the state of the application allows it."""
    body: OfficerDecided = one.body
    known = may(folding, one, body.application_id, OFFICER[body.action])
    if known is None:
        return
    invitation, application = known
    _ACTS[OFFICER[body.action]](folding, one, invitation, application)


def _approve(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    on_the_day, met = on_day(folding, invitation, application, one.at)
    why = _unapprovable(one, application, met_on_the_day=met)
    if why is None:
        approve(folding, one, invitation, application, one.body.officer, on_the_day)
    else:
        folding.reject(one, invitation, [why], application.state)


def _unapprovable(one: Input, application: Application, *, met_on_the_day: bool) -> Reason | None:
    """What the law does not let an officer pass over (A11(1), A11.2(1), R77); the 67 points need a second one."""
    assessed = application.assessment
    assert assessed is not None
    failed = [ground for ground, met in assessed.grounds.items() if met is False]
    if failed == [Ground.PROGRAM.value] and assessed.substitutable:
        if one.body.second_officer in (None, one.body.officer):
            return reason("second_officer_needed", field="second_officer", section="R76(4)")
    elif failed:
        return reason("ground_not_met", section="A11.2(1)", ground=failed[0])
    if not met_on_the_day:
        return reason("ground_not_met", section="R77", ground=Ground.PROGRAM.value)
    return None


def _refuse(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    why = _unrefusable(folding, one, application)
    if why is None:
        refuse(folding, one, invitation, application)
    else:
        folding.reject(one, invitation, [why], application.state)


def _unrefusable(folding: Folding, one: Input, application: Application) -> Reason | None:
    """Nobody is refused on credibility or inadmissibility before a letter and the time to answer it."""
    body: OfficerDecided = one.body
    if body.ground is None:
        return reason("refusal_needs_ground", field="ground")
    doubts = (found.result == "doubt" for found in known_findings(folding, application) if found.ground == body.ground)
    if not (body.ground is Ground.ADMISSIBILITY or after_letter(body.sections) or any(doubts)):
        return None
    letters = [letter for letter in application.letters.values() if letter.ground in (None, body.ground)]
    if any(letter.spent(one.at) for letter in letters):
        return None
    if letters:
        return reason("fairness_time_runs", until=min(letter.respond_by for letter in letters))
    return reason("fairness_letter_first", ground=body.ground.value)


def _return(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    """Found incomplete after all (R12): within the period the same invitation takes another application."""
    application.state, invitation.returned_at = ApplicationState.RETURNED, max(one.at, folding.instant)
    why = [reason("returned_under", section=section, law=section) for section in one.body.sections or ["R12"]]
    folding.decide(
        one,
        invitation,
        Outcome.RETURNED,
        reasons=why,
        decided_by=one.body.officer,
        shown={"deadline": invitation.deadline},
    )
    folding.release(("application", application.body.application_id))


def letter_id_of(one: Input) -> str:
    """The number by which a letter is answered: the `ce_id` of the officer's message."""
    return one.id[:_MAX_LETTER_ID]


def _send_letter(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    """The time to answer runs from the letter, or from the end of the suspension that held it back."""
    if not (one.body.concern or "").strip():
        folding.reject(one, invitation, [reason("letter_needs_concern", field="concern")], application.state)
        return
    sent_at = max(one.at, folding.instant)
    letter = Letter(letter_id_of(one), one.body.ground, deadline_after(sent_at, fairness_period()))
    application.letters[letter.letter_id] = letter
    application.settle()
    shown = {"letter_id": letter.letter_id, "concern": one.body.concern, "respond_by": letter.respond_by}
    why = reason("concern", section="procedural fairness", **shown)
    folding.decide(
        one,
        invitation,
        Outcome.FAIRNESS_LETTER_SENT,
        ground=one.body.ground,
        reasons=[why],
        decided_by=one.body.officer,
        shown={"deadline": letter.respond_by},
    )
    folding.release(("application", application.body.application_id))


def _suspend(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    application.suspended = True
    application.settle()
    folding.decide(one, invitation, Outcome.SUSPENDED, decided_by=one.body.officer, reasons=_by_order(one))


def _resume(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    application.suspended = False
    application.settle()
    folding.decide(one, invitation, Outcome.RESUMED, decided_by=one.body.officer)
    folding.release(("application", application.body.application_id))
    reassess(folding, one, invitation, application)


def _terminate(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    application.state = ApplicationState.TERMINATED
    folding.decide(one, invitation, Outcome.TERMINATED, decided_by=one.body.officer, reasons=_by_order(one))
    folding.release(("application", application.body.application_id))


def _by_order(one: Input) -> list[Reason]:
    return [reason("by_order", section=section, law=section) for section in one.body.sections]


_ACTS: dict[Move, Act] = {
    Move.APPROVE: _approve,
    Move.REFUSE: _refuse,
    Move.RETURN: _return,
    Move.SEND_LETTER: _send_letter,
    Move.SUSPEND: _suspend,
    Move.RESUME: _resume,
    Move.TERMINATE: _terminate,
}
