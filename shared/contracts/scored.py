"""Topics `scored` and `eligible`: one evaluation of one profile, written by scoring under one `sequence`."""

from datetime import date

from pydantic import Field

from shared.contracts.base import Instant, Line, Message, NextChange, ProfileId, Sequence
from shared.contracts.profile import ProgramVerdict, Status


class Evaluated(Message):
    """What `scored` and `eligible` share: whose, of what, on which day, under which rule sets."""

    profile_id: ProfileId
    sequence: Sequence
    profile_sequence: Sequence = Field(description="sequence of the profile that was evaluated")
    status: Status
    submitted_at: Instant = Field(description="first submission: breaks ties")
    expires_at: Instant = Field(description="end of the twelve months in the pool")
    correspondence_language: str = Field("en", description="en or fr, as the candidate chose")
    on: date = Field(description="day of evaluation, UTC")
    rule_sets: list[str] = Field(description="dated tables that made it")
    provisional: bool = Field(description="a table of this day is not confirmed")
    missing_tables: list[str] = Field([], description="the tables that are not confirmed")
    next_change: NextChange | None = Field(None, description="null: no day is known on which it changes")


class Scored(Evaluated):
    """The CRS score out of 1,200 with its factors and a line for every point."""

    total: int = Field(ge=0, le=1200, description="the score")
    factors: dict[str, dict[str, int]] = Field(description="points of parts A to D by factor, with the total of each")
    lines: list[Line] = Field(description="where every point comes from")


class CategoryVerdict(Message):
    """Whether the test of one version of one category is met (A10.3(1)(h.2))."""

    version: str = Field(description="version of the category in force on the day")
    eligible: bool
    reasons: list[Line] = Field([], description="what is lacking, all of it")


class Eligible(Evaluated):
    """The programs met, whether a nomination is in force, and the verdict of every category in force."""

    programs: dict[str, ProgramVerdict] = Field(description="by CEC, FSW, FST, PNP")
    nominee: bool = Field(description="a nomination is in force on the day")
    categories: dict[str, CategoryVerdict] = Field(description="by key of the category")
