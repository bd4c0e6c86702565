"""Topics `scored` and `eligible`: one evaluation of one profile, written by scoring under one `sequence`."""

from datetime import date

from pydantic import Field

from shared.contracts.base import Instant, Line, Message, NextChange, ProfileId, Sequence
from shared.contracts.profile import ProgramVerdict, Status


class Evaluated(Message):
    """What `scored` and `eligible` share: whose, of what, on which day, under which rule sets."""

    profile_id: ProfileId
    sequence: Sequence
    profile_sequence: Sequence
    status: Status
    submitted_at: Instant
    expires_at: Instant
    correspondence_language: str = "en"
    on: date
    rule_sets: list[str]
    provisional: bool
    missing_tables: list[str] = []
    next_change: NextChange | None = None


class Scored(Evaluated):
    """The CRS score out of 1,200 with its factors and a line for every point."""

    total: int = Field(ge=0, le=1200)
    factors: dict[str, dict[str, int]]
    lines: list[Line]


class CategoryVerdict(Message):
    """Whether the test of one version of one category is met (A10.3(1)(h.2))."""

    version: str
    eligible: bool
    reasons: list[Line] = []


class Eligible(Evaluated):
    """The programs met, whether a nomination is in force, and the verdict of every category in force."""

    programs: dict[str, ProgramVerdict]
    nominee: bool
    categories: dict[str, CategoryVerdict]
