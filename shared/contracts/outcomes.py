"""Topics `rejected` and `notice`: what became of an input, and what a candidate should be told besides."""

from datetime import date

from pydantic import Field

from shared.contracts.base import Instant, Json, Message, ProfileId, Reason, Sequence, Text


class Rejected(Message):
    """An input that was refused, with every reason at once. `version` is null where none could be read."""

    profile_id: str
    sequence: Sequence
    source_topic: str
    source_type: str | None = None
    source: str | None = None
    source_id: str | None = None
    version: int | None = None
    state: str | None = Field(default=None, description="the state that was found, where it stood in the way")
    reasons: list[Reason] = Field(min_length=1)
    rejected_at: Instant
    correspondence_language: str = "en"


class Notice(Message):
    """Something that a candidate should be told and no other message says."""

    profile_id: ProfileId
    sequence: Sequence
    code: str
    text: Text
    params: dict[str, Json] = {}
    due_on: date | None = None
    noticed_at: Instant
    correspondence_language: str = "en"
