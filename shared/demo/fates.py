"""What invited candidates, officers and other systems do after the rounds: messages on `application`, seeded."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.rounds import Invited
from shared.kafka.producer import Record

PORTAL, OFFICE = "/upstream/portal", "/upstream/officers"
FIRST = datetime(2026, 9, 1, 15, tzinfo=UTC)
SECOND = datetime(2026, 9, 15, 15, tzinfo=UTC)
THIRD = datetime(2026, 10, 6, 15, tzinfo=UTC)
LATE = datetime(2026, 10, 23, 15, tzinfo=UTC)
LAST = datetime(2026, 11, 1, 15, tzinfo=UTC)
STOPS = (FIRST, SECOND, THIRD, LATE, LAST)


class Fate(StrEnum):
    """What happens to an invitation."""

    APPROVED = "approved"
    INCOMPLETE_FIRST = "incomplete_first"
    DECLINED = "declined"
    LAPSED = "lapsed"
    LATE = "late"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    BY_OFFICER = "by_officer"


_WEIGHTS = {
    Fate.APPROVED: 760,
    Fate.INCOMPLETE_FIRST: 60,
    Fate.DECLINED: 60,
    Fate.LAPSED: 60,
    Fate.REFUSED: 20,
    Fate.WITHDRAWN: 15,
    Fate.SUSPENDED: 10,
    Fate.BY_OFFICER: 15,
}
_ONCE = (Fate.LATE, Fate.TERMINATED, Fate.REFUSED, Fate.SUSPENDED, Fate.WITHDRAWN, Fate.BY_OFFICER, Fate.DECLINED)


@dataclass(frozen=True, slots=True)
class Plan:
    """One invited candidate with the facts that were declared and a fate."""

    invited: Invited
    facts: Mapping[str, Any]
    fate: Fate

    @property
    def application_id(self) -> str:
        return f"A-{self.invited.profile_id}-{self.invited.round_id}"

    @property
    def children(self) -> list[str]:
        """Everybody in the family but the applicant: in this population dependent children."""
        return [f"F{number}" for number in range(1, self.facts["family_size"])]


def plans(invited: Sequence[Invited], bodies: Mapping[str, Mapping[str, Any]], seed: int) -> list[Plan]:
    """A fate for each; the rare ones once at least."""
    random = Random(seed)
    fates = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=len(invited))
    for place, fate in enumerate(_ONCE[: len(fates)]):
        fates[-1 - place] = fate
    return [Plan(one, _facts(bodies[one.profile_id]), fate) for one, fate in zip(invited, fates, strict=True)]


def messages(plan: Plan, at: datetime) -> Iterator[Record]:
    """What is published about a plan at one of the `STOPS`."""
    for place, (source, body) in enumerate(_SCRIPT[plan.fate](plan, at)):
        ce_id = f"{plan.application_id}:{body['type']}:{at:%m%d}:{place}"
        key = plan.invited.profile_id
        yield Record(
            "application",
            key.encode(),
            json.dumps({**body, "profile_id": key}).encode(),
            headers(Attributes(body["type"], source, ce_id, at), key),
        )


_CHILD = {"relation": "dependent_child", "accompanying": True, "date_of_birth": "2019-02-03"}
_Said = Iterator[tuple[str, dict[str, Any]]]


def _facts(body: Mapping[str, Any]) -> dict[str, Any]:
    outside = ("profile_id", "version", "submitted_at", "correspondence_language", "identity")
    return {name: value for name, value in body.items() if name not in outside}


def _application(plan: Plan, at: datetime, *, complete: bool = True) -> tuple[str, dict[str, Any]]:
    received = at - timedelta(hours=2)
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
    plan: Plan, at: datetime, ground: str, result: str, section: str | None = None, of: str = "applicant"
) -> tuple[str, dict[str, Any]]:
    return OFFICE, {
        "type": "finding.recorded",
        "application_id": plan.application_id,
        "finding_id": f"F-{plan.application_id}-{ground}-{result}-{of}",
        "of": of,
        "ground": ground,
        "section": section,
        "result": result,
        "recorded_by": "screening",
        "recorded_at": _iso(at - timedelta(hours=1)),
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
        yield _finding(plan, at, "accuracy", "doubt", "A16(1)")
        concern = "The letter of the employer does not confirm the duties that were declared."
        yield _officer(plan, at, "send_fairness_letter", ground="accuracy", sections=["A11.2(1)(b)"], concern=concern)
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
    if at == FIRST:
        yield _application(plan, at)
        yield _finding(plan, at, "accuracy", "verified")
    if at == THIRD:
        yield from _admissible(plan, at)
        yield _officer(plan, at, "approve")


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
}


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
