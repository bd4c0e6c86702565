"""A case in the making: what handlers of inputs share, namely saying, rejecting, and letting an input wait."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.decisions.case import Application, Case, Invitation, Saying
from services.decisions.inputs import Deadline, Declared, Input
from services.decisions.words import text
from shared.contracts.application import FindingRecorded
from shared.contracts.base import Reason, iso
from shared.contracts.decided import ApplicationState, InvitationState, Outcome

Target = tuple[str, str]
"""What an input waits for: its kind and its number."""

ANY_APPLICATION: Target = ("application", "")

_BEGINNING = datetime.min.replace(tzinfo=UTC)

Apply = Callable[["Folding", Input], None]


def cause_of(origin: Input | Deadline) -> str:
    """The stable name of what is behind a fact."""
    if isinstance(origin, Input):
        return f"{origin.source} {origin.id}"
    return f"{origin.kind} {origin.subject} {iso(origin.at)}"


@dataclass(slots=True)
class Folding:
    """The case so far. `declared` are the facts of the profile by sequence."""

    declared: Mapping[int, Declared]
    handlers: Mapping[str, Apply]
    case: Case = field(default_factory=Case)
    profile_findings: dict[str, FindingRecorded] = field(default_factory=dict)
    withdrawn: bool = False
    pending: dict[Target, list[Input]] = field(default_factory=dict)
    instant: datetime = _BEGINNING
    """That of the event in hand: what waited takes effect then."""

    def reach(self, event: Input | Deadline) -> None:
        """The next event is at hand: the deadlines before it have come."""
        self.case.pass_to(event.order)
        self.instant = event.at

    def apply(self, one: Input) -> None:
        """Hand an input to its handler; one that reading refused is only said."""
        if one.refused:
            self._say_rejected(one, None, one.refused, None)
        else:
            self.handlers[one.kind](self, one)

    def wait(self, target: Target, one: Input) -> None:
        """Nothing that the input answers is known yet."""
        self.pending.setdefault(target, []).append(one)

    def release(self, target: Target) -> None:
        """What the inputs waited for has come, or has changed: each is tried again, in order."""
        for one in self.pending.pop(target, ()):
            self.apply(one)

    def release_applications(self, invitation: Invitation) -> None:
        """The invitation is closed or spent: what waited for an application to be sent again is answered."""
        for application_id in invitation.applications:
            self.release(("application", application_id))

    def close(self) -> Case:
        """The case, with the inputs that still wait in the order of receipt."""
        waiting = [one for some in self.pending.values() for one in some]
        self.case.waiting = sorted(waiting, key=lambda one: one.order)
        return self.case

    def find(self, application_id: str) -> tuple[Invitation, Application] | None:
        """The application of this number and its invitation."""
        for invitation in self.case.invitations.values():
            application = invitation.applications.get(application_id)
            if application is not None:
                return invitation, application
        return None

    def decide(self, origin: Input | Deadline, invitation: Invitation, outcome: Outcome, **content: Any) -> None:
        """Say a step, with the standing after it."""
        shown = content.pop("shown", {})
        whole = {
            "outcome": outcome,
            "at": origin.at,
            "text": text(f"outcome.{outcome}", program=invitation.invited.program, **shown),
            **_next(invitation),
            **content,
        }
        self.case.sayings.append(
            Saying(
                "decided",
                cause_of(origin),
                origin.at,
                whole,
                invitation.invitation_id,
                self.case.standing(invitation),
            )
        )

    def propose(self, origin: Input | Deadline, invitation: Invitation, application: Application) -> None:
        """Say the proposal of an application; it takes the place of the one before."""
        assessed = application.assessment
        assert assessed is not None
        mine = (invitation.invitation_id, Outcome.PROPOSED)
        self.case.sayings = [
            one for one in self.case.sayings if (one.invitation_id, one.content.get("outcome")) != mine
        ]
        self.decide(
            origin,
            invitation,
            Outcome.PROPOSED,
            shown={"proposal": assessed.proposal or "open"},
            lines=list(assessed.lines),
            rule_sets=list(assessed.rule_sets),
            provisional=assessed.provisional,
        )

    def notify(self, origin: Deadline, invitation: Invitation, code: str, content: Mapping[str, Any]) -> None:
        """Say what no other message says."""
        whole = {"code": code, "noticed_at": origin.at, **content}
        self.case.sayings.append(Saying("notice", cause_of(origin), origin.at, whole, invitation.invitation_id))

    def reject(self, one: Input, invitation: Invitation, reasons: Sequence[Reason], state: str) -> None:
        """Say that an input is refused, with the state that was found."""
        self._say_rejected(one, invitation, reasons, state)

    def _say_rejected(
        self, one: Input, invitation: Invitation | None, reasons: Sequence[Reason], state: str | None
    ) -> None:
        content = {
            "source_topic": "application",
            "source_type": one.kind,
            "source": one.source,
            "source_id": one.id,
            "state": state,
            "reasons": list(reasons),
            "rejected_at": one.at,
        }
        named = invitation.invitation_id if invitation else None
        standing = self.case.standing(invitation) if invitation else None
        self.case.sayings.append(Saying("rejected", cause_of(one), one.at, content, named, standing))


def _next(invitation: Invitation) -> dict[str, Any]:
    """Who may act next, and until when."""
    application = invitation.applications.get(invitation.latest or "")
    if application is not None and application.state is ApplicationState.FAIRNESS_LETTER:
        until = min(letter.respond_by for letter in application.letters.values() if not letter.over)
        return {"next_actor": "candidate", "act_by": until}
    if application is not None and application.state in (ApplicationState.IN_PROCESS, ApplicationState.SUSPENDED):
        return {"next_actor": "officer", "act_by": None}
    if invitation.state is InvitationState.OPEN or invitation.returned_at is not None:
        return {"next_actor": "candidate", "act_by": invitation.deadline}
    return {"next_actor": None, "act_by": None}
