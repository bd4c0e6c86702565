"""What happens to an invitation: issued, extended, cancelled, declined, withdrawn with its profile, lapsed."""

from datetime import timedelta

from services.decisions.case import Invitation
from services.decisions.folding import Folding
from services.decisions.inputs import Deadline, Input
from services.decisions.words import reason, text
from shared.contracts.decided import InvitationState, Outcome
from shared.rules.periods import utc_day


def issued(folding: Folding, one: Input) -> None:
    """Opens when the facts that it was issued on are known; until then it waits, with everything that answers it."""
    invited = one.body
    if invited.invitation_id in folding.case.invitations:
        return
    declared = folding.declared.get(invited.profile_sequence)
    if declared is None:
        folding.wait(("profile", str(invited.profile_sequence)), one)
        return
    invitation = Invitation(invited, declared, invited.deadline)
    folding.case.invitations[invited.invitation_id] = invitation
    if folding.withdrawn:
        _declined_with_profile(folding, one, invitation)
    folding.release(("invitation", invited.invitation_id))


def extended(folding: Folding, one: Input) -> None:
    """A later deadline; void where the period is over or the invitation is closed."""
    invitation = folding.case.invitations.get(one.body.invitation_id)
    if invitation is None:
        folding.wait(("invitation", one.body.invitation_id), one)
    elif invitation.takes_application(one.at) and one.body.deadline > invitation.deadline:
        invitation.deadline = one.body.deadline
        folding.decide(
            one,
            invitation,
            Outcome.EXTENDED,
            shown={"deadline": invitation.deadline},
            reasons=[reason("incident", section="A10.3(1)(k)", why=one.body.reason)],
        )


def cancelled(folding: Folding, one: Input) -> None:
    """Issued in error (A10.2(5)); void once an application was received or the invitation is closed."""
    invitation = folding.case.invitations.get(one.body.invitation_id)
    if invitation is None:
        folding.wait(("invitation", one.body.invitation_id), one)
    elif invitation.state is InvitationState.OPEN and not invitation.applications and one.at < invitation.deadline:
        invitation.state = InvitationState.CANCELLED
        why = reason("cancelled_in_error", section="A10.2(5)", why=one.body.reason)
        folding.decide(one, invitation, Outcome.CANCELLED, reasons=[why])


def declined(folding: Folding, one: Input) -> None:
    """The candidate declines in time (A10.1(7)); too late, or where something else happened, it is rejected."""
    invitation = folding.case.invitations.get(one.body.invitation_id)
    if invitation is None:
        folding.wait(("invitation", one.body.invitation_id), one)
        return
    if one.at < invitation.invited.invited_at:
        early = reason("before_invitation", section="A10.1(7)", invited_at=invitation.invited.invited_at)
        folding.reject(one, invitation, [early], invitation.state)
        return
    late = one.at >= invitation.deadline and invitation.state in (InvitationState.OPEN, InvitationState.LAPSED)
    if late:
        why = reason("too_late", section="A10.1(7)", deadline=invitation.deadline, received_at=one.at)
        folding.reject(one, invitation, [why], InvitationState.LAPSED)
    elif invitation.state is not InvitationState.OPEN:
        why = reason("invitation_closed", section="A10.1(7)", state=invitation.state)
        folding.reject(one, invitation, [why], invitation.state)
    else:
        _close(folding, one, invitation, Outcome.DECLINED)


def profile_withdrawn(folding: Folding, one: Input) -> None:
    """A withdrawal of the profile declines an open invitation; an application received earlier stands."""
    folding.withdrawn = True
    for invitation in folding.case.invitations.values():
        if invitation.state is InvitationState.OPEN and one.at < invitation.deadline:
            _declined_with_profile(folding, one, invitation)


def _declined_with_profile(folding: Folding, one: Input, invitation: Invitation) -> None:
    invitation.state = InvitationState.DECLINED
    folding.decide(one, invitation, Outcome.DECLINED, reasons=[reason("profile_withdrawn", section="A10.1(7)")])
    folding.release_applications(invitation)


def lapse(folding: Folding, due: Deadline) -> None:
    """The period is over without an application (A10.1(6)): only the clock says so."""
    invitation = folding.case.invitations.get(due.subject)
    if invitation is not None and invitation.lapses_at == due.at:
        _close(folding, due, invitation, Outcome.LAPSED)


def remind(folding: Folding, due: Deadline) -> None:
    """The period ends in some days."""
    invitation = folding.case.invitations.get(due.subject)
    if invitation is None or invitation.state is not InvitationState.OPEN:
        return
    days = invitation.reminders().get(due.at)
    if days is not None:
        deadline = invitation.deadline
        content = {
            "text": text("notice.invitation_ends", days=days, deadline=deadline),
            "params": {"days": days, "invitation_id": invitation.invitation_id},
            "due_on": utc_day(deadline - timedelta(microseconds=1)),
        }
        folding.notify(due, invitation, "invitation_ends", content)


def _close(folding: Folding, origin: Input | Deadline, invitation: Invitation, outcome: Outcome) -> None:
    invitation.state = InvitationState(outcome.value)
    invitation.returned_at = None
    folding.decide(origin, invitation, outcome)
    folding.release_applications(invitation)
