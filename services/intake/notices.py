"""Notices: what a candidate should be told and no other message says."""

from typing import Any

from services.intake.profile import Noticed, Profile
from services.intake.reasons import joined, text
from shared.contracts import types
from shared.contracts.outcomes import Notice
from shared.worker.step import FactDraft


def drafts(profile: Profile) -> list[FactDraft]:
    """The facts for the notices of a profile, in the order of what happened."""
    return [_draft(profile, noticed) for noticed in profile.notices]


def _draft(profile: Profile, noticed: Noticed) -> FactDraft:
    def build(sequence: int) -> Notice:
        return Notice(
            profile_id=profile.profile_id,
            sequence=sequence,
            code=noticed.code,
            text=text(_catalogue_code(noticed), **_shown(noticed)),
            params=_params(noticed),
            due_on=noticed.due_on,
            noticed_at=noticed.at,
            correspondence_language=profile.language,
        )

    return FactDraft("notice", profile.profile_id, types.NOTICE, noticed.at, build)


def _catalogue_code(noticed: Noticed) -> str:
    return ".".join(filter(None, ("notice", noticed.code, noticed.why)))


def _shown(noticed: Noticed) -> dict[str, Any]:
    shown: dict[str, Any] = {"reasons": joined(noticed.reasons)}
    if noticed.due_on is not None:
        shown["on"] = noticed.due_on.isoformat()
    return shown


def _params(noticed: Noticed) -> dict[str, Any]:
    params = {"why": noticed.why, "days": noticed.days}
    found: dict[str, Any] = {name: value for name, value in params.items() if value is not None}
    if noticed.reasons:
        found["reasons"] = [r.model_dump(include={"code", "section", "params"}) for r in noticed.reasons]
    return found
