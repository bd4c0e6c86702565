"""The one outcome of each version, stored to be repeated."""

from dataclasses import dataclass
from datetime import datetime

from services.intake.received import Received
from shared.contracts import types
from shared.contracts.base import Reason
from shared.contracts.outcomes import Rejected
from shared.worker.record import Message
from shared.worker.step import Fact, FactDraft

REJECTED_TOPIC = "rejected"

VersionKey = tuple[str, bool, int]
"""Profile number, whether it is a withdrawal, version."""

EventKey = tuple[str, str, str, bytes]
"""`ce_source`, `ce_id`, profile number, content: where no version can hold the outcome."""


@dataclass(slots=True)
class Outcome:
    """What became of a submission: `accepted`, `superseded`, or `rejected` with the fact that says so."""

    outcome: str
    content: bytes
    at: datetime
    fact: Fact | None = None


def version_key(message: Message) -> VersionKey | None:
    """Under which version the outcome of a submission is stored, if one can hold it."""
    received: Received = message.body
    return None if received.version is None else (message.key, received.withdrawal, received.version)


def event_key(message: Message) -> EventKey:
    """Under which event it is stored otherwise."""
    return message.event.source, message.event.id, message.key, message.body.content


def stored_fact(key: str, ce_id: str, at: datetime, body: str) -> Fact:
    """The fact of a stored rejection: the same identity and bytes as when it was first published."""
    return Fact(REJECTED_TOPIC, key, types.REJECTED, ce_id, at, body)


def rejection(message: Message, reasons: list[Reason], state: str | None, language: str, now: datetime) -> FactDraft:
    """The fact that says why a submission was refused."""
    received: Received = message.body

    def build(sequence: int) -> Rejected:
        return Rejected(
            profile_id=message.key,
            sequence=sequence,
            source_topic=message.topic,
            source_type=message.event.type,
            source=message.event.source,
            source_id=message.event.id,
            version=received.version,
            state=state,
            reasons=reasons,
            rejected_at=now,
            correspondence_language=received.language or language,
        )

    return FactDraft(REJECTED_TOPIC, message.key, types.REJECTED, now, build)
