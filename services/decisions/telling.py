"""From what the fold has to say to what is published: only what is new, and what no longer holds is withdrawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.decisions.case import Case, Saying
from services.decisions.store import Spoken
from services.decisions.words import reason, text
from shared.contracts import base, types
from shared.contracts.decided import Decided, Outcome
from shared.contracts.outcomes import Notice, Rejected
from shared.worker.step import FactDraft

_PUBLISHED: Mapping[str, tuple[str, type[base.Message]]] = {
    "decided": (types.DECIDED, Decided),
    "rejected": (types.REJECTED, Rejected),
    "notice": (types.NOTICE, Notice),
}


def news(case: Case, said: Sequence[Spoken]) -> list[Saying]:
    """What was not said yet, in the order of the case.

    Where something is said late, in between, it carries the standing of now: a reader of the highest `sequence`
    would else take an old standing for the present one.
    """
    known = {one.identity for one in said}
    fresh = [(place, one) for place, one in enumerate(case.sayings) if one.identity not in known]
    last = max((place for place, one in enumerate(case.sayings) if one.identity in known), default=-1)
    late = bool(gone(case, said)) or any(place < last for place, _ in fresh)
    return [_as_of_now(case, one) if late else one for _, one in fresh]


def gone(case: Case, said: Sequence[Spoken]) -> list[Spoken]:
    """What was said and no longer holds. A proposal gives way to the next, a notice is only ever sent."""
    holds = {one.identity for one in case.sayings}
    return [one for one in said if one.identity not in holds]


def corrections(case: Case, lost: Sequence[Spoken], now: datetime) -> list[Saying]:
    """One fact for each invitation about which something no longer holds."""
    by_invitation: dict[str, list[Spoken]] = {}
    for one in lost:
        if one.topic != "notice" and one.code != Outcome.PROPOSED and one.invitation_id in case.invitations:
            by_invitation.setdefault(one.invitation_id, []).append(one)
    return [_correction(case, invitation_id, some, now) for invitation_id, some in by_invitation.items()]


def _correction(case: Case, invitation_id: str, lost: Sequence[Spoken], now: datetime) -> Saying:
    lapse = any(one.code == Outcome.LAPSED for one in lost)
    outcome = Outcome.LAPSE_WITHDRAWN if lapse else Outcome.CORRECTED
    invitation = case.invitations[invitation_id]
    content = {
        "outcome": outcome,
        "at": now,
        "text": text(f"outcome.{outcome}", program=invitation.invited.program),
        "reasons": [reason("message_withdrawn", what=one.code, ce_id=one.ce_id) for one in lost],
    }
    cause = f"correction {' '.join(one.ce_id for one in lost)}"
    return Saying("decided", cause, now, content, invitation_id, case.standing(invitation))


def _as_of_now(case: Case, saying: Saying) -> Saying:
    invitation = case.invitations.get(saying.invitation_id or "")
    return replace(saying, standing=case.standing(invitation)) if invitation else saying


def draft(profile_id: str, language: str, saying: Saying) -> FactDraft:
    """The fact, before it has its number."""
    type_, model = _PUBLISHED[saying.topic]
    return FactDraft(saying.topic, profile_id, type_, saying.at, _builder(model, profile_id, language, saying))


def _builder(
    model: type[base.Message], profile_id: str, language: str, saying: Saying
) -> Callable[[int], base.Message]:
    whole: dict[str, Any] = {"profile_id": profile_id, "correspondence_language": language, **saying.content}
    if saying.topic == "decided":
        assert saying.standing is not None
        whole |= saying.standing.fields()

    def build(sequence: int) -> base.Message:
        return model.model_validate({"sequence": sequence, **whole})

    return build
