"""What candidates, officers and other systems publish after the rounds, by fate and stop."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.submission import WITHDRAWN
from shared.demo.fates import FIRST, LAST, LATE, SECOND, THIRD, Fate, Plan
from shared.kafka.producer import Record

PORTAL, OFFICE = "/upstream/portal", "/upstream/officers"
CONCERN = "The letter of the employer does not confirm the duties that were declared."


def messages(plan: Plan, at: datetime) -> Iterator[Record]:
    """What is published about a plan at one of the `STOPS`."""
    for place, (source, body) in enumerate(_SCRIPT[plan.fate](plan, at)):
        key = plan.invited.profile_id
        yield Record(
            "submission" if body["type"] == WITHDRAWN else "application",
            key.encode(),
            json.dumps({**body, "profile_id": key}).encode(),
            headers(Attributes(body["type"], source, _number(plan, body["type"], at, place), at), key),
        )


def _number(plan: Plan, kind: str, at: datetime, place: int) -> str:
    return f"{plan.application_id}:{kind}:{at:%m%d}:{place}"


_CHILD = {"relation": "dependent_child", "accompanying": True, "date_of_birth": "2019-02-03"}
_Said = Iterator[tuple[str, dict[str, Any]]]


def _application(
    plan: Plan, at: datetime, *, complete: bool = True, received: datetime | None = None
) -> tuple[str, dict[str, Any]]:
    received = received or at - timedelta(hours=2)
    paid_at = _iso(received - timedelta(hours=1))
    amounts = {"applicant": 990} | dict.fromkeys(plan.children, 260)
    police = {"kind": "police_certificate", "of": "applicant", "country": "CAN", "issued_on": "2026-08-25"}
    suffix = "" if complete else "-1"
    return PORTAL, {
        "type": "application.submitted",
        "invitation_id": plan.invited.invitation_id,
        "application_id": plan.application_id + suffix,
        "received_at": _iso(received),
        "program": plan.invited.program,
        "facts": plan.facts,
        "documents": [police] if complete else [],
        "fees": [
            {"kind": "processing", "of": of, "amount_cad": amount, "paid_at": paid_at} for of, amount in amounts.items()
        ],
        "family_members": [{**_CHILD, "member_id": member} for member in plan.children],
        "form_complete": complete,
        "declaration": True,
        "signed_on": received.date().isoformat(),
    }


def _finding(
    plan: Plan, at: datetime, ground: str, result: str, *, number: str | None = None, **more: Any
) -> tuple[str, dict[str, Any]]:
    of = more.setdefault("of", "applicant")
    return OFFICE, {
        "type": "finding.recorded",
        "application_id": plan.application_id,
        "finding_id": f"F-{plan.application_id}-{number or f'{ground}-{result}-{of}'}",
        "ground": ground,
        "result": result,
        "recorded_by": "screening",
        "recorded_at": _iso(at - timedelta(hours=1)),
        **more,
    }


def _officer(plan: Plan, at: datetime, action: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return OFFICE, {
        "type": "officer.decided",
        "application_id": plan.application_id,
        "action": action,
        "officer": "officer-17",
        "decided_at": _iso(at - timedelta(minutes=30)),
        **more,
    }


def _cleared(plan: Plan, at: datetime) -> _Said:
    yield _finding(plan, at, "accuracy", "verified")
    yield from _admissible(plan, at)


def _admissible(plan: Plan, at: datetime) -> _Said:
    for of in ("applicant", *plan.children):
        yield _finding(plan, at, "admissibility", "cleared", of=of)


def _approved(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield _application(plan, at)
    if at == SECOND:
        yield from _cleared(plan, at)


def _incomplete_first(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield _application(plan, at, complete=False)
    if at == SECOND:
        yield _application(plan, at)
    if at == THIRD:
        yield from _cleared(plan, at)


def _declined(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        received = _iso(at - timedelta(hours=3))
        yield (
            PORTAL,
            {"type": "invitation.declined", "invitation_id": plan.invited.invitation_id, "received_at": received},
        )


def _lapsed(_: Plan, __: datetime) -> _Said:
    yield from ()


def _late(plan: Plan, at: datetime) -> _Said:
    if at == LATE:
        yield _application(plan, at)


def _refused(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield _application(plan, at)
        yield _finding(plan, at, "accuracy", "doubt", section="A16(1)")
        yield _officer(plan, at, "send_fairness_letter", ground="accuracy", sections=["A11.2(1)(b)"], concern=CONCERN)
    if at == THIRD:
        yield _officer(plan, at, "refuse", ground="accuracy", sections=["A11.2(1)(b)"])


def _withdrawn(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield _application(plan, at)
    if at == SECOND:
        received = _iso(at - timedelta(hours=3))
        yield (
            PORTAL,
            {"type": "application.withdrawn", "application_id": plan.application_id, "received_at": received},
        )


def _suspended(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield _application(plan, at)
        yield _officer(plan, at, "suspend")
    if at == SECOND:
        yield _officer(plan, at, "resume")
        yield from _cleared(plan, at)


def _terminated(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield _application(plan, at)
    if at == THIRD:
        yield _officer(plan, at, "terminate")


def _by_officer(plan: Plan, at: datetime) -> _Said:
    """A doubt that an officer does not share: nothing is approved by rule while it stands."""
    if at == FIRST:
        yield _application(plan, at)
        yield _finding(plan, at, "accuracy", "doubt", section="A16(1)")
    if at == THIRD:
        yield from _cleared(plan, at)
        yield _officer(plan, at, "approve")


def _answered(plan: Plan, at: datetime) -> _Said:
    """A doubt, a letter, an answer, and the doubt is lifted."""
    if at == FIRST:
        yield _application(plan, at)
        yield _finding(plan, at, "accuracy", "doubt", section="A16(1)", number="doubt")
        yield _officer(plan, at, "send_fairness_letter", ground="accuracy", concern=CONCERN)
    if at == SECOND:
        body = {"type": "fairness.responded", "application_id": plan.application_id}
        received = _iso(at - timedelta(hours=3))
        yield PORTAL, {**body, "letter_id": _number(plan, "officer.decided", FIRST, 2), "received_at": received}
    if at == THIRD:
        yield _finding(plan, at, "accuracy", "verified", number="doubt")
        yield from _admissible(plan, at)


def _misrepresented(plan: Plan, at: datetime) -> _Said:
    """Refused in Canada under A40: a bar without an end until the removal is enforced."""
    said = {"section": "A40(1)(a)", "number": "A40", "determined_in": "canada"}
    if at == FIRST:
        yield _application(plan, at)
        yield _finding(plan, at, "admissibility", "inadmissible", **said)
        yield _officer(plan, at, "send_fairness_letter", ground="admissibility", concern=CONCERN)
    if at == THIRD:
        yield _officer(plan, at, "refuse", ground="admissibility", sections=["A40(1)(a)"])
    if at == LAST:
        yield _finding(plan, at, "admissibility", "inadmissible", **said, removal_enforced_on="2026-10-30")


def _returned(plan: Plan, at: datetime) -> _Said:
    """An officer finds it incomplete when the period is over: the invitation lapses."""
    if at == FIRST:
        yield _application(plan, at)
    if at == LATE:
        yield _officer(plan, at, "return", sections=["R12"])


def _read_late(plan: Plan, at: datetime) -> _Said:
    """Received in time, published when the invitation has lapsed."""
    if at == LATE:
        yield _application(plan, at, received=datetime(2026, 10, 15, 9, tzinfo=UTC))
    if at == LAST:
        yield from _cleared(plan, at)


def _profile_withdrawn(plan: Plan, at: datetime) -> _Said:
    if at == FIRST:
        yield PORTAL, {"type": WITHDRAWN, "version": 99, "withdrawn_at": _iso(at - timedelta(hours=3))}


def _extended(plan: Plan, at: datetime) -> _Said:
    """Operators gave more time: the application comes after the first deadline."""
    if at == LATE:
        yield _application(plan, at)
    if at == LAST:
        yield from _cleared(plan, at)


_SCRIPT = {
    Fate.APPROVED: _approved,
    Fate.INCOMPLETE_FIRST: _incomplete_first,
    Fate.DECLINED: _declined,
    Fate.LAPSED: _lapsed,
    Fate.LATE: _late,
    Fate.REFUSED: _refused,
    Fate.WITHDRAWN: _withdrawn,
    Fate.SUSPENDED: _suspended,
    Fate.TERMINATED: _terminated,
    Fate.BY_OFFICER: _by_officer,
    Fate.ANSWERED: _answered,
    Fate.MISREPRESENTED: _misrepresented,
    Fate.RETURNED: _returned,
    Fate.READ_LATE: _read_late,
    Fate.PROFILE_WITHDRAWN: _profile_withdrawn,
    Fate.EXTENDED: _extended,
    Fate.CANCELLED: _lapsed,
}


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
