"""Topic `profile`: the current state of every profile, without identity (written by intake)."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from shared.contracts.base import Instant, Line, Message, NextChange, ProfileId, Sequence
from shared.rules.facts import Facts

PROGRAMS = ("CEC", "FSW", "FST", "PNP")


class Status(StrEnum):
    """Where a profile stands. Only `in_pool` can be ranked; every other one is closed for good."""

    IN_POOL = "in_pool"
    INELIGIBLE = "ineligible"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    APPLIED = "applied"


class ProgramVerdict(Message):
    """Whether the class's criteria are met, and if not everything that is missing."""

    met: bool
    reasons: list[Line] = []


class ProfileState(Message):
    """The profile as it stands: facts of the version in force, status, programs on the day `on`."""

    profile_id: ProfileId
    sequence: Sequence
    version: int = Field(ge=1)
    status: Status
    closed_at: Instant | None = None
    withdrawn_at: Instant | None = None
    submitted_at: Instant
    expires_at: Instant
    correspondence_language: str = Field("en", description="en or fr, as the candidate chose")
    on: date
    programs: dict[str, ProgramVerdict]
    rule_sets: list[str]
    provisional: bool
    next_change: NextChange | None = None
    facts: Facts
