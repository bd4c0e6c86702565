"""Topics `rejected` and `notice`: what became of an input, and what a candidate should be told besides."""

from datetime import date

from pydantic import Field

from shared.contracts.base import Instant, Json, Message, ProfileId, Reason, Sequence, Text


class Rejected(Message):
    """An input that was refused, with every reason at once. `version` is null where none could be read."""

    profile_id: str
    sequence: Sequence
    source_topic: str = Field(description="topic of the input")
    source_type: str | None = Field(None, description="its ce_type")
    source: str | None = Field(None, description="its ce_source: whose it was")
    source_id: str | None = Field(None, description="its ce_id")
    version: int | None = Field(None, description="its version")
    state: str | None = Field(default=None, description="the state that was found, where it stood in the way")
    reasons: list[Reason] = Field(min_length=1)
    rejected_at: Instant = Field(description="business time of the refusal")
    correspondence_language: str = Field("en", description="en or fr, as the candidate chose")


class Notice(Message):
    """Something that a candidate should be told and no other message says."""

    profile_id: ProfileId
    sequence: Sequence
    code: str = Field(description="stable; decide by it, not by the text")
    text: Text
    params: dict[str, Json] = Field({}, description="why, how many days before, which reasons")
    due_on: date | None = Field(None, description="the day that a reminder is about")
    noticed_at: Instant = Field(description="business time of what it tells")
    correspondence_language: str = Field("en", description="en or fr, as the candidate chose")
