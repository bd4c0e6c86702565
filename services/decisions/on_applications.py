"""What happens to an application: received or returned, findings, answers, withdrawal."""

from services.decisions import findings as of_findings
from services.decisions.case import Application, Invitation
from services.decisions.completeness import missing
from services.decisions.folding import ANY_APPLICATION, Folding
from services.decisions.inputs import Deadline, Input
from services.decisions.moves import ALIVE, Allowed, Move, allowed
from services.decisions.outcome import bar_after, reassess
from services.decisions.words import reason
from shared.contracts.application import ApplicationSubmitted, FindingRecorded
from shared.contracts.base import Reason
from shared.contracts.decided import ApplicationState, InvitationState, Outcome


def submitted(folding: Folding, one: Input) -> None:
    """In time and complete: the candidate is an applicant. Incomplete: returned (R12), the invitation stays."""
    body: ApplicationSubmitted = one.body
    invitation = folding.case.invitations.get(body.invitation_id)
    if invitation is None:
        folding.wait(("invitation", body.invitation_id), one)
        return
    refusal = _refusal(folding, one, invitation)
    if refusal is not None:
        folding.reject(one, invitation, [refusal[0]], refusal[1])
        return
    lacking = missing(body)
    state = ApplicationState.RETURNED if lacking else ApplicationState.IN_PROCESS
    known = invitation.applications.get(body.application_id)
    application = Application(body, one.automatic, state)
    if known is not None:
        application.findings = known.findings
    invitation.applications[body.application_id] = application
    invitation.latest = body.application_id
    if lacking:
        folding.decide(one, invitation, Outcome.RETURNED, reasons=lacking, shown={"deadline": invitation.deadline})
    else:
        invitation.state, invitation.returned_at = InvitationState.APPLIED, None
        folding.decide(one, invitation, Outcome.RECEIVED)
        reassess(folding, one, invitation, application)
    folding.release_applications(invitation)
    folding.release(ANY_APPLICATION)


def _refusal(folding: Folding, one: Input, invitation: Invitation) -> tuple[Reason, str] | None:
    """Why an application cannot be taken, with the state that was found."""
    body: ApplicationSubmitted = one.body
    if one.at < invitation.invited.invited_at:
        return reason(
            "before_invitation", section="A10.1(1)", invited_at=invitation.invited.invited_at
        ), invitation.state
    over = invitation.state in (InvitationState.OPEN, InvitationState.LAPSED) or invitation.returned_at is not None
    if over and one.at >= invitation.deadline:
        late = reason("too_late", section="A10.1(1)", deadline=invitation.deadline, received_at=one.at)
        return late, InvitationState.LAPSED
    if not invitation.takes_application(one.at):
        state = invitation.state
        return reason("invitation_closed", section="A10.1(1)", state=state), state
    if body.program != invitation.invited.program:
        named = invitation.invited.program
        return reason("other_program", field="program", section="A10.1(1)", program=named), invitation.state
    known = folding.find(body.application_id)
    if known is not None and (known[0] is not invitation or known[1].state is not ApplicationState.RETURNED):
        return reason("application_number_used", field="application_id"), known[1].state
    return None


def may(folding: Folding, one: Input, application_id: str, move: Move) -> tuple[Invitation, Application] | None:
    """The application that an input answers, if its state allows the move; else the input waits or is rejected."""
    known = folding.find(application_id)
    if known is None:
        folding.wait(("application", application_id), one)
        return None
    invitation, application = known
    if move is not Move.FINDING and one.at < application.body.received_at:
        early = reason("before_application", received_at=application.body.received_at)
        folding.reject(one, invitation, [early], application.state)
        return None
    verdict = allowed(application.state, move)
    returned = application.state is ApplicationState.RETURNED
    if verdict is Allowed.LATER and (not returned or invitation.lapses_at is not None):
        folding.wait(("application", application_id), one)
        return None
    if verdict is not Allowed.YES:
        state = application.state
        folding.reject(one, invitation, [reason("state_does_not_allow", state=state)], state)
        return None
    return known


def finding(folding: Folding, one: Input) -> None:
    """A finding on an application, or on the profile (a third party's change): facts as found, a new proposal."""
    body: FindingRecorded = one.body
    if body.application_id is None:
        _profile_finding(folding, one)
        return
    known = folding.find(body.application_id)
    if known is not None and folding.case.bar is not None and _moves_bar(known[1], body):
        bar_after(folding, one, known[0], known[1], body)
        return
    known = may(folding, one, body.application_id, Move.FINDING)
    if known is None:
        return
    invitation, application = known
    if not _fits(invitation, application, body):
        folding.reject(one, invitation, [reason("finding_does_not_fit", field="field")], application.state)
        return
    application.findings.pop(body.finding_id, None)
    application.findings[body.finding_id] = body
    reassess(folding, one, invitation, application)


def _moves_bar(application: Application, body: FindingRecorded) -> bool:
    """Where a refusal for misrepresentation was determined, or when removal was enforced, may become known later."""
    return application.state is ApplicationState.REFUSED and of_findings.misrepresentation([body]) is not None


def _fits(invitation: Invitation, application: Application, body: FindingRecorded) -> bool:
    declared = invitation.declared.facts
    return declared is not None and of_findings.fits(body, declared, application.body.facts)


def _profile_finding(folding: Folding, one: Input) -> None:
    every = [(i, a) for i in folding.case.invitations.values() for a in i.applications.values()]
    if not every:
        folding.wait(ANY_APPLICATION, one)
        return
    if not any(_fits(invitation, application, one.body) for invitation, application in every):
        invitation, application = every[-1]
        folding.reject(one, invitation, [reason("finding_does_not_fit", field="field")], application.state)
        return
    folding.profile_findings.pop(one.body.finding_id, None)
    folding.profile_findings[one.body.finding_id] = one.body
    for invitation, application in every:
        reassess(folding, one, invitation, application)


def answered(folding: Folding, one: Input) -> None:
    """The candidate answers a fairness letter in time; the answer goes to the officer."""
    known = folding.find(one.body.application_id)
    if known is None or (known[1].state in ALIVE and one.body.letter_id not in known[1].letters):
        folding.wait(("application", one.body.application_id), one)
        return
    allows = may(folding, one, one.body.application_id, Move.ANSWER)
    if allows is None:
        return
    invitation, application = allows
    letter = application.letters[one.body.letter_id]
    if one.at >= letter.respond_by:
        late = reason("answer_too_late", deadline=letter.respond_by, received_at=one.at)
        folding.reject(one, invitation, [late], application.state)
    elif letter.over:
        folding.reject(one, invitation, [reason("answered_already")], application.state)
    else:
        letter.over = True
        application.settle()
        folding.decide(one, invitation, Outcome.FAIRNESS_ANSWERED)
        reassess(folding, one, invitation, application)
        folding.release(("application", application.body.application_id))


def letter_over(folding: Folding, due: Deadline) -> None:
    """The time to answer a letter is over: the officer goes on."""
    for invitation in folding.case.invitations.values():
        for application in invitation.applications.values():
            letter = application.letters.get(due.subject)
            if letter is not None and application.state in ALIVE and not letter.over and letter.respond_by == due.at:
                letter.over = True
                application.settle()
                folding.decide(due, invitation, Outcome.FAIRNESS_TIME_OVER)
                reassess(folding, due, invitation, application)


def withdrawn(folding: Folding, one: Input) -> None:
    """The applicant withdraws: no decision on merits, the invitation stays spent."""
    known = may(folding, one, one.body.application_id, Move.WITHDRAW)
    if known is not None:
        invitation, application = known
        application.state = ApplicationState.WITHDRAWN
        folding.decide(one, invitation, Outcome.WITHDRAWN)
        folding.release(("application", application.body.application_id))
