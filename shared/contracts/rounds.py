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
    eligible: int
    invited: int
    cut_off: int | None
    tie_break: TieBreak | None
    distribution: dict[str, int] = Field(description="the pool by the published score bands dd1 to dd18")
    grouping_hash: str = Field(description="SHA-256 of the ordered grouping, a line a candidate")
    rule_sets: list[str]
    held_entries: int = 0
    change_number: int
    offsets: dict[str, dict[str, int]] = Field(description="by topic and partition: everything before was handled")


class Round(Message):
    """A step in the life of a round: approved, held (with the certificate), refused, cancelled."""

    round_id: str
    sequence: Sequence
    state: RoundState
    at: Instant
    instruction: Instruction
    drafted_by: str
    approved_by: str | None = None
    certificate: Certificate | None = None
    reasons: list[Reason] = []
    text: Text


class Invited(Message):
    """One invitation to apply (A10.2): for what, on which score, and until when."""

    profile_id: ProfileId
    sequence: Sequence
    invitation_id: str
    round_id: str
    program: Program
    kind: Kind
    category: str | None = None
    category_version: str | None = None
    rank: int = Field(ge=1)
    total: int = Field(ge=0, le=1200)
    factors: dict[str, dict[str, int]]
    cut_off: int
    tie_break: Instant
    submitted_at: Instant
    expires_at: Instant
    profile_sequence: Sequence
    scored_sequence: Sequence
    on: date
    rule_sets: list[str]
    provisional: bool = False
    invited_at: Instant
    period_days: int
    deadline: Instant
    correspondence_language: str = "en"
