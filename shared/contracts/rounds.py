"""Topics `instruction` (a draft of a round, input), `round` and `invited` (facts, written by draws)."""

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.contracts.base import Instant, Message, ProfileId, Reason, Sequence, Text

Program = Literal["CEC", "FSW", "FST", "PNP"]
Kind = Literal["general", "program", "category"]


class Instruction(Message):
    """What orders a round (A10.3(1)(h.1), (i)): grouping, number, period and instant, legal base."""

    round_id: str = Field(pattern=r"^[0-9]{1,6}[a-z]?$", description="number of the round, for example 436 or 91a")
    kind: Kind
    program: Program | None = None
    category: str | None = None
    category_version: str | None = None
    criteria: str | None = Field(default=None, max_length=4000)
    economic_goal: str | None = Field(default=None, max_length=1000)
    invitations: int = Field(ge=0, le=1_000_000)
    instant: Instant
    period_from: date
    period_to: date
    legal_base: str = Field(min_length=1, max_length=1000)
    accept_provisional: bool = False
    accept_held: bool = False
    max_eligible_change: int | None = Field(default=None, ge=0, description="candidates; null: any change accepted")
    max_cut_off_change: int | None = Field(default=None, ge=0, description="points; null: any change accepted")


class RoundState(StrEnum):
    APPROVED = "approved"
    HELD = "held"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class TieBreak(Message):
    """The submission instant that closed the round, and the last profile invited where several share it."""

    submitted_at: Instant
    profile_id: ProfileId


class Certificate(Message):
    """By what a held round can be recomputed and compared, years later."""

    round_id: str
    held_at: Instant
    on: date
    eligible: int = Field(description="candidates in the grouping")
    invited: int
    cut_off: int | None = Field(description="lowest score invited")
    tie_break: TieBreak | None
    distribution: dict[str, int] = Field(description="the pool by the published score bands dd1 to dd18")
    grouping_hash: str = Field(description="SHA-256 of the ordered grouping, a line a candidate")
    rule_sets: list[str]
    held_entries: int = Field(0, description="records about profiles that waited in dead letters, where accepted")
    change_number: int = Field(description="the change of the pool that the round stood on")
    offsets: dict[str, dict[str, int]] = Field(description="by topic and partition: everything before was handled")


class Round(Message):
    """A step in the life of a round: approved, held (with the certificate), refused, cancelled."""

    round_id: str
    sequence: Sequence
    state: RoundState
    at: Instant = Field(description="business time of the step")
    instruction: Instruction
    drafted_by: str = Field(description="login of the operator")
    approved_by: str | None = Field(None, description="login of the other operator")
    certificate: Certificate | None = Field(None, description="of a held round")
    reasons: list[Reason] = Field([], description="of a refusal or a cancellation")
    text: Text


class Invited(Message):
    """One invitation to apply (A10.2): for what, on which score, and until when."""

    profile_id: ProfileId
    sequence: Sequence
    invitation_id: str
    round_id: str
    program: Program = Field(description="the one class in which one may apply, A10.3(1)(j.1)")
    kind: Kind = Field(description="kind of the round")
    category: str | None = Field(None, description="key of the category of the round")
    category_version: str | None = None
    rank: int = Field(ge=1, description="within the grouping of the round")
    total: int = Field(ge=0, le=1200, description="the score that was ranked")
    factors: dict[str, dict[str, int]] = Field(description="points of parts A to D by factor, with the total of each")
    cut_off: int = Field(description="lowest score invited in the round")
    tie_break: Instant = Field(description="submission instant that closed the round")
    submitted_at: Instant = Field(description="first submission of this profile")
    expires_at: Instant = Field(description="end of its twelve months in the pool")
    profile_sequence: Sequence = Field(description="sequence of the profile that was ranked")
    scored_sequence: Sequence = Field(description="sequence of scored and eligible that was ranked")
    on: date = Field(description="day of evaluation, UTC")
    rule_sets: list[str] = Field(description="dated tables that made the score")
    provisional: bool = Field(False, description="the score rests on a table that is not confirmed")
    invited_at: Instant = Field(description="instant of the round")
    period_days: int = Field(description="days to apply")
    deadline: Instant = Field(description="an application must be received before it")
    correspondence_language: str = Field("en", description="en or fr, as the candidate chose")
