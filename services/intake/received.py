"""Reading topic `submission`: an input by strangers.

Headers, key, JSON object, `profile_id` and `version` must be there, else the record is a dead letter. Everything
else that is wrong is said to the upstream: the message then carries the reasons instead of a parsed body.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.intake.person import plain
from services.intake.reasons import of_field, reason
from shared.contracts.base import PROFILE_ID_PATTERN, Reason
from shared.contracts.submission import TYPES, WITHDRAWN, Submission, Withdrawal
from shared.kafka.bounds import length
from shared.rules.errors import FieldError, field_errors
from shared.worker.decode import envelope
from shared.worker.inputs import canonical, json_object
from shared.worker.record import Message, Poison, Record

MAX_BYTES = 256 * 1024
_PROFILE_ID = re.compile(PROFILE_ID_PATTERN)
_BIGINT = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Received:
    """One submission. `body` or `reasons`, never both. `version` None: its outcome is stored under the event.

    `content` is the hash of the content: same JSON, whatever its white space and order of keys. Unknown fields
    count, so that what is the same today is the same under a later release.
    """

    withdrawal: bool
    version: int | None
    content: bytes
    language: str | None
    body: Submission | Withdrawal | None
    reasons: tuple[Reason, ...] = ()


def decode(record: Record) -> Message:
    """Read one record. Raises `Poison` where no outcome could be stored for it."""
    event, key = envelope(record, TYPES)
    if not _PROFILE_ID.fullmatch(key):
        raise Poison("key_not_a_profile_number")
    if record.value is None:
        raise Poison("body_missing")
    withdrawal = event.type == WITHDRAWN
    if length(record.value) > MAX_BYTES:
        return Message(record, event, key, _too_large(withdrawal))
    return Message(record, event, key, _received(json_object(record.value), key, withdrawal))


def _too_large(withdrawal: bool) -> Received:
    """Unread: known by the key and the event alone."""
    return Received(withdrawal, None, b"", None, None, (reason("too_large", limit=MAX_BYTES),))


def _received(found: dict[str, Any], key: str, withdrawal: bool) -> Received:
    if found.get("profile_id") != key:
        raise Poison("key_differs")
    version = found.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Poison("version_not_whole")
    body, errors = _parsed(found, withdrawal)
    return Received(
        withdrawal,
        version if version in _BIGINT else None,
        hashlib.sha256(canonical(found)).digest(),
        language if (language := found.get("correspondence_language")) in ("en", "fr") else None,
        body,
        tuple(map(of_field, errors)),
    )


def _parsed(found: dict[str, Any], withdrawal: bool) -> tuple[Submission | Withdrawal | None, list[FieldError]]:
    try:
        if withdrawal:
            return Withdrawal.model_validate(found), []
        submission = Submission.model_validate(found)
    except ValidationError as error:
        return None, field_errors(error)
    errors = _unrecognisable(submission)
    return (None, errors) if errors else (submission, [])


def _unrecognisable(submission: Submission) -> list[FieldError]:
    """Numbers of separators alone: all who send one would be taken for one person."""
    identity = submission.identity
    numbers = {"passport_number": identity.passport_number, "client_id": identity.client_id}
    return [
        FieldError(f"identity.{name}", "too_short", {"limit": 1})
        for name, number in numbers.items()
        if number is not None and not plain(number)
    ]
