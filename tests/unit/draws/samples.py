"""Messages about profiles and rounds, for tests."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts.base import Message as Body
from shared.contracts.base import NextChange, Text
from shared.contracts.cloudevents import Attributes
from shared.contracts.decided import Decided, InvitationStanding, InvitationState, Outcome
from shared.contracts.ops import Held
from shared.contracts.profile import ProgramVerdict, Status
from shared.contracts.rounds import Instruction
from shared.contracts.scored import CategoryVerdict, Eligible, Scored
from shared.rules import rule_sets_in_force
from shared.worker.record import Message, Record

DAY = date(2026, 8, 18)
INSTANT = datetime(2026, 8, 18, 14, 0, tzinfo=UTC)
SUBMITTED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
RULE_SETS = list(rule_sets_in_force(DAY, submitted_on=SUBMITTED.date()))


def evaluated(profile_id: str, sequence: int = 1, **changes: Any) -> dict[str, Any]:
    """What `scored` and `eligible` share."""
    return {
        "profile_id": profile_id,
        "sequence": sequence,
        "profile_sequence": sequence,
        "status": Status.IN_POOL,
        "submitted_at": SUBMITTED,
        "expires_at": SUBMITTED + timedelta(days=365),
        "on": DAY,
        "rule_sets": RULE_SETS,
        "provisional": False,
        "next_change": NextChange(on=date(2026, 12, 1), reason="birthday"),
        **changes,
    }


def scored(profile_id: str, total: int, sequence: int = 1, **changes: Any) -> Scored:
    """A score."""
    factors = {"core": {"age": total}}
    return Scored(**evaluated(profile_id, sequence, **changes), total=total, factors=factors, lines=[])


def eligible(
    profile_id: str,
    programs: Iterable[str] = ("CEC",),
    sequence: int = 1,
    *,
    nominee: bool = False,
    categories: Iterable[str] = (),
    **changes: Any,
) -> Eligible:
    """Programs and categories met."""
    met = set(programs)
    return Eligible(
        **evaluated(profile_id, sequence, **changes),
        programs={name: ProgramVerdict(met=name in met) for name in ("CEC", "FSW", "FST", "PNP")},
        nominee=nominee,
        categories={key: CategoryVerdict(version="2026-V2", eligible=True) for key in categories},
    )


def decided(profile_id: str, invitation_id: str, state: InvitationState, sequence: int = 1) -> Decided:
    """What decisions says of an invitation."""
    standing = InvitationStanding(
        invitation_id=invitation_id, round_id="1", state=state, deadline=INSTANT + timedelta(days=60)
    )
    return Decided(
        profile_id=profile_id,
        sequence=sequence,
        outcome=Outcome.DECLINED,
        at=INSTANT,
        program="CEC",
        text=Text(en="-", fr="-"),
        invitation=standing,
    )


def held(origin: int, state: str = "open", sequence: int = 1, service: str = "scoring") -> Held:
    """A record that waits in dead letters, or no longer does."""
    return Held.model_validate(
        {
            "profile_id": "A00001",
            "sequence": sequence,
            "service": service,
            "topic": "profile",
            "partition": 0,
            "offset": origin,
            "state": state,
        }
    )


def instruction(round_id: str = "436", invitations: int = 3, **changes: Any) -> Instruction:
    """A general round at `INSTANT`."""
    fields: dict[str, Any] = {
        "round_id": round_id,
        "kind": "general",
        "invitations": invitations,
        "instant": INSTANT,
        "period_from": DAY,
        "period_to": DAY + timedelta(days=1),
        "legal_base": "A10.3(1)(h.1)(i)",
        **changes,
    }
    return Instruction.model_validate(fields)


_TOPICS = {
    "Scored": "scored",
    "Eligible": "eligible",
    "Decided": "decided",
    "Held": "held",
    "Instruction": "instruction",
}


def message(body: Body, offset: int = 0, *, source: str = "/express-entry/scoring", event_id: str = "1") -> Message:
    """The body as it is read from its topic."""
    topic = _TOPICS[type(body).__name__]
    fields = body.model_dump()
    key = fields.get("round_id") if topic == "instruction" else fields.get("profile_id")
    if isinstance(body, Held):
        key = f"{body.service}/{body.topic}/{body.partition}/{body.offset}"
    record = Record(topic, 0, offset, str(key).encode(), body.json_bytes(), (), 0)
    return Message(record, Attributes("-", source, event_id), str(key), body)


def erasure(topic: str, key: str, offset: int = 0) -> Message:
    """A null value."""
    record = Record(topic, 0, offset, key.encode(), None, (), 0)
    return Message(record, Attributes("-", "/express-entry/scoring", "1"), key, None)
