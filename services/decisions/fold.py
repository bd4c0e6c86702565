"""The whole of a case from the set of its stored inputs and the deadlines acted on: pure, whatever came when.

Inputs and deadlines are taken in the order of the law (instant of receipt, then names; a deadline before what is
received at the same instant). So a message that was read late takes its place, and what follows from it is said anew.
"""

from collections.abc import Collection, Iterable, Mapping

from services.decisions import on_applications, on_invitations, on_officers
from services.decisions.case import Case
from services.decisions.folding import Apply, Folding
from services.decisions.inputs import CANCELLED, EXTENDED, ISSUED, PROFILE_WITHDRAWN, Deadline, Declared, Input
from services.decisions.outcome import approve_by_rule

HANDLERS: Mapping[str, Apply] = {
    ISSUED: on_invitations.issued,
    EXTENDED: on_invitations.extended,
    CANCELLED: on_invitations.cancelled,
    PROFILE_WITHDRAWN: on_invitations.profile_withdrawn,
    "invitation.declined": on_invitations.declined,
    "application.submitted": on_applications.submitted,
    "application.withdrawn": on_applications.withdrawn,
    "finding.recorded": on_applications.finding,
    "fairness.responded": on_applications.answered,
    "officer.decided": on_officers.decided,
}
_DUE = {"reminder": on_invitations.remind, "lapse": on_invitations.lapse, "fairness": on_applications.letter_over}


def fold(inputs: Iterable[Input], declared: Mapping[int, Declared], acted: Collection[Deadline]) -> Case:
    """The case. `declared`: the facts of the profile by the sequence of `profile`."""
    folding = Folding(declared, HANDLERS)
    events: list[Input | Deadline] = [*inputs, *acted]
    events.sort(key=lambda event: event.order)
    for event in events:
        folding.reach(event)
        if isinstance(event, Deadline):
            _DUE[event.kind](folding, event)
        else:
            folding.apply(event)
        approve_by_rule(folding, event)
    return folding.close()
