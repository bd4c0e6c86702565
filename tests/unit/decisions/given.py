"""One candidate, one invitation, one application and what may follow, for the tests of decisions."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from services.decisions.case import Case, Saying
from services.decisions.fold import fold
from services.decisions.inputs import (
    CANCELLED,
    EXTENDED,
    ISSUED,
    PROFILE_WITHDRAWN,
    Deadline,
    Declared,
    Input,
    read,
)
from shared.contracts.base import iso
from shared.contracts.decided import ApplicationStanding
from shared.rules import Facts, evaluate

ID = "E000000001"
INVITED_AT = datetime(2026, 8, 19, 14, tzinfo=UTC)
DEADLINE = datetime(2026, 10, 20, tzinfo=UTC)
"""60 days after 2026-08-19 is Sunday 2026-10-18: the Monday counts whole."""
RECEIVED_AT = datetime(2026, 9, 30, 15, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
OFFICER, SECOND = "officer-1", "officer-2"

PLAIN: dict[str, Any] = {
    "date_of_birth": "1994-05-17",
    "citizenship": "SEN",
    "residence": "CAN",
    "intended_province": "ON",
    "family_size": 1,
    "settlement_funds_cad": 25000,
    "education": [
        {"level": "masters_or_professional", "country": "CAN", "completed_on": "2020-04-30"},
    ],
    "first_official_language": "french",
    "language_tests": [
        {
            "test": "tef_canada",
            "taken_on": "2025-10-02",
            "results_on": "2025-10-30",
            "listening": 546,
            "reading": 546,
            "writing": 558,
            "speaking": 556,
        }
    ],
    "work": [{"noc": "21231", "country": "CAN", "from": "2021-01-11", "to": None, "hours_per_week": 37.5}],
    "primary_noc": "21231",
}


def facts(**changes: Any) -> Facts:
    """The candidate's facts; `changes` replaces fields."""
    return Facts.model_validate({**PLAIN, **changes})


def invitation(
    invitation_id: str = "I1",
    *,
    at: datetime = INVITED_AT,
    deadline: datetime = DEADLINE,
    declared: Facts | None = None,
    profile_sequence: int = 1,
    program: str = "CEC",
    cut_off: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The body of `invited`, with the points that the facts give on its day."""
    points = evaluate(declared or facts(), at.date()).crs.as_dict()
    total = points.pop("total")
    return {
        "profile_id": ID,
        "sequence": 1,
        "invitation_id": invitation_id,
        "round_id": "436",
        "program": program,
        "kind": "program",
        "rank": 1,
        "total": total,
        "factors": points,
        "cut_off": total if cut_off is None else cut_off,
        "tie_break": iso(at),
        "submitted_at": "2026-03-01T18:34:05.120000Z",
        "expires_at": "2027-03-01T18:34:05.120000Z",
        "profile_sequence": profile_sequence,
        "scored_sequence": 1,
        "on": at.date().isoformat(),
        "rule_sets": [],
        "invited_at": iso(at),
        "period_days": 60,
        "deadline": iso(deadline),
        "correspondence_language": "fr",
        **more,
    }


def application(at: datetime = RECEIVED_AT, application_id: str = "A1", **changes: Any) -> dict[str, Any]:
    """The body of a complete `application.submitted`."""
    return {
        "type": "application.submitted",
        "profile_id": ID,
        "invitation_id": "I1",
        "application_id": application_id,
        "received_at": iso(at),
        "program": "CEC",
        "facts": PLAIN,
        "documents": [{"kind": "police_certificate", "country": "SEN", "issued_on": "2026-08-30"}],
        "fees": [{"kind": "processing", "of": "applicant", "amount_cad": 990, "paid_at": iso(at)}],
        "form_complete": True,
        "declaration": True,
        "signed_on": "2026-09-30",
        **changes,
    }


def finding(ground: str, result: str, at: datetime, finding_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """The body of `finding.recorded`."""
    return {
        "type": "finding.recorded",
        "profile_id": ID,
        "application_id": "A1",
        "finding_id": finding_id or f"{ground}-{result}-{changes.get('section')}-{changes.get('of')}",
        "ground": ground,
        "result": result,
        "recorded_by": "system",
        "recorded_at": iso(at),
        **changes,
    }


def officer(action: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """The body of `officer.decided`."""
    return {
        "type": "officer.decided",
        "profile_id": ID,
        "application_id": "A1",
        "action": action,
        "officer": OFFICER,
        "decided_at": iso(at),
        **changes,
    }


def clearances(at: datetime, of: str = "applicant") -> list[dict[str, Any]]:
    """Everything that must arrive before all four grounds are met, a minute apart."""
    cleared = [
        finding("admissibility", "cleared", at + timedelta(minutes=place), section=section, of=of)
        for place, section in enumerate(("A34(1)", "A36(1)", "A38(1)"), 1)
    ]
    return [finding("accuracy", "verified", at, of=of), *cleared]


def declined(at: datetime, invitation_id: str = "I1") -> dict[str, Any]:
    """The body of `invitation.declined`."""
    return {"type": "invitation.declined", "profile_id": ID, "invitation_id": invitation_id, "received_at": iso(at)}


def answer(at: datetime, letter_id: str) -> dict[str, Any]:
    """The body of `fairness.responded`."""
    whose = {"type": "fairness.responded", "profile_id": ID, "application_id": "A1"}
    return {**whose, "letter_id": letter_id, "received_at": iso(at)}


def withdrawn(at: datetime) -> dict[str, Any]:
    """The body of `application.withdrawn`."""
    whose = {"type": "application.withdrawn", "profile_id": ID, "application_id": "A1"}
    return {**whose, "received_at": iso(at)}


_RECEIPT = ("received_at", "recorded_at", "decided_at", "invited_at", "withdrawn_at", "at")


def stored(body: dict[str, Any], number: str | None = None, *, automatic: bool = False) -> Input:
    """The input that a body becomes; `at` of an operator's command is given beside its body."""
    kind = body.get("type") or _kind(body)
    at = datetime.fromisoformat(next(body[name] for name in _RECEIPT if name in body))
    plain = {name: value for name, value in body.items() if name != "at"}
    name = number or orjson.dumps([kind, iso(at), plain.get("finding_id"), plain.get("application_id")]).decode()
    return Input(at, "/upstream/test", name, kind, read(kind, orjson.dumps(plain).decode()), (), automatic)


def _kind(body: dict[str, Any]) -> str:
    if "invited_at" in body:
        return ISSUED
    if "withdrawn_at" in body:
        return PROFILE_WITHDRAWN
    return CANCELLED if "confirmed_by" in body else EXTENDED


def extension(at: datetime, deadline: datetime, invitation_id: str = "I1") -> dict[str, Any]:
    """An operator's extension."""
    whose = {"profile_id": ID, "invitation_id": invitation_id, "reason": "outage", "by": "op1"}
    return {**whose, "deadline": iso(deadline), "at": iso(at)}


def cancellation(at: datetime, invitation_id: str = "I1") -> dict[str, Any]:
    """An invitation cancelled in error, by two operators."""
    whose = {"profile_id": ID, "invitation_id": invitation_id, "reason": "wrong round"}
    return {**whose, "by": "op1", "confirmed_by": "op2", "at": iso(at)}


def profile_withdrawn(at: datetime) -> dict[str, Any]:
    """The withdrawal of the profile."""
    return {"profile_id": ID, "withdrawn_at": iso(at)}


DECLARED = {1: Declared(date(2026, 3, 1), facts())}


def folded(
    *inputs: Input | dict[str, Any],
    acted: Iterable[Deadline] = (),
    declared: dict[int, Declared] | None = None,
) -> Case:
    """The case of these inputs."""
    known = [one if isinstance(one, Input) else stored(one) for one in inputs]
    return fold(known, DECLARED if declared is None else declared, list(acted))


def run(*inputs: Input | dict[str, Any], until: datetime, declared: dict[int, Declared] | None = None) -> Case:
    """The case of these inputs after the clock acted on every deadline up to an instant."""
    acted: set[Deadline] = set()
    while True:
        case = folded(*inputs, acted=acted, declared=declared)
        due = [one for one in case.deadlines(acted) if one.at <= until]
        if not due:
            return case
        acted.add(due[0])


def said(case: Case) -> list[str]:
    """What the case says, in short, without proposals."""
    return [one.code for one in case.sayings if one.code != "proposed"]


def last(case: Case) -> Saying:
    """What it says last."""
    return case.sayings[-1]


def reasons(saying: Saying) -> list[str]:
    """The codes of its reasons."""
    return [one.code for one in saying.content["reasons"]]


def applied(case: Case) -> ApplicationStanding:
    """The application after the last thing said."""
    standing = last(case).standing
    assert standing is not None
    assert standing.application is not None
    return standing.application
