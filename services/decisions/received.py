"""Reading topic `application`: inputs by strangers, many producers, no sequence.

Headers, key and a JSON object with `profile_id` must be there, else the record is a dead letter. Everything else
that is wrong is said to the upstream: the message then carries the reasons instead of a parsed body.
"""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.decisions.words import of_field, reason
from shared.contracts.application import MODELS, ApplicationSubmitted, Input
from shared.contracts.base import PROFILE_ID_PATTERN, Reason
from shared.kafka.bounds import fingerprint, length
from shared.rules.errors import check_on, field_errors
from shared.rules.periods import utc_day
from shared.worker.decode import envelope
from shared.worker.inputs import canonical, json_object
from shared.worker.record import Message, Poison, Record

MAX_BYTES = 256 * 1024
_TYPES = frozenset(MODELS)
_PROFILE_ID = re.compile(PROFILE_ID_PATTERN)
_RECEIPT = ("received_at", "recorded_at", "decided_at")


@dataclass(frozen=True, slots=True)
class Received:
    """One message as received. `content` is the hash of the JSON, whatever its white space and order of keys."""

    kind: str
    content: bytes
    text: str | None = field(repr=False)
    body: Input | None
    reasons: tuple[Reason, ...] = ()

    @property
    def at(self) -> datetime | None:
        """The instant of receipt that the upstream recorded; None where the body could not be read."""
        found = (getattr(self.body, name, None) for name in _RECEIPT)
        return next((instant for instant in found if instant is not None), None)


def decode(record: Record) -> Message:
    """Read one record. Raises `Poison` where nobody could be answered."""
    event, key = envelope(record, _TYPES)
    if not _PROFILE_ID.fullmatch(key):
        raise Poison("key_not_a_profile_number")
    if record.value is None:
        raise Poison("body_missing")
    if length(record.value) > MAX_BYTES:
        unread = fingerprint(record.value)
        return Message(
            record, event, key, Received(event.type, unread, None, None, (reason("too_large", limit=MAX_BYTES),))
        )
    found = json_object(record.value)
    if found.get("profile_id") != key:
        raise Poison("key_differs")
    return Message(record, event, key, _received(event.type, found, record.value.decode()))


def _received(kind: str, found: dict[str, Any], text: str) -> Received:
    content = hashlib.sha256(canonical(found)).digest()
    try:
        body = MODELS[kind].model_validate_json(text)
    except ValidationError as error:
        return Received(kind, content, text, None, tuple(map(of_field, field_errors(error))))
    wrong = check_on(body.facts, utc_day(body.received_at)) if isinstance(body, ApplicationSubmitted) else []
    reasons = [of_field(replace(error, field=f"facts.{error.field}")) for error in wrong]
    return Received(kind, content, text, None if reasons else body, tuple(reasons))
