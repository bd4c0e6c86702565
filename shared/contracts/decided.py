"""Topic `decided`: every step of an invitation and its application (facts, written by decisions).

Each message also carries the whole state after it, so that a reader of the state alone keeps the highest
`sequence` and needs no history.
"""

from datetime import date
from enum import StrEnum

from pydantic import Field

from shared.contracts.base import Instant, Line, Message, ProfileId, Reason, Sequence, Text


class InvitationState(StrEnum):
    OPEN = "open"
    DECLINED = "declined"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    APPLIED = "applied"


class ApplicationState(StrEnum):
    RETURNED = "returned"
    IN_PROCESS = "in_process"
    FAIRNESS_LETTER = "fairness_letter"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    REFUSED = "refused"


class Outcome(StrEnum):
    """What this message says happened."""

    DECLINED = "declined"
    LAPSED = "lapsed"
    LAPSE_WITHDRAWN = "lapse_withdrawn"
    EXTENDED = "extended"
    CANCELLED = "cancelled"
    RECEIVED = "received"
    RETURNED = "returned"
    PROPOSED = "proposed"
    FAIRNESS_LETTER_SENT = "fairness_letter_sent"
    FAIRNESS_ANSWERED = "fairness_answered"
    FAIRNESS_TIME_OVER = "fairness_time_over"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    REFUSED = "refused"
    CORRECTED = "corrected"


class Ground(StrEnum):
    """The four grounds of a decision (steps 7 and 8)."""

    PROGRAM = "program"
    ACCURACY = "accuracy"
    CATEGORY = "category"
    ADMISSIBILITY = "admissibility"


class InvitationStanding(Message):
    """The invitation after this message."""

    invitation_id: str
    round_id: str
    state: InvitationState
    deadline: Instant


class ApplicationStanding(Message):
    """The application after this message, with the proposal; a ground is null while something must still arrive."""

    application_id: str
    state: ApplicationState
    received_at: Instant
    proposal: str | None = None
    grounds: dict[str, bool | None] = {}
    service_standard: date | None = Field(default=None, description="last day of the six months from receipt")


class Bar(Message):
    """A bar for misrepresentation (A40(2)(a)): no new profile before `until`; null: no end known yet."""

    section: str
    since: date
    until: date | None = None


class Decided(Message):
    """One step, with the sections of law, both texts, who may act next and until when."""

    profile_id: ProfileId
    sequence: Sequence
    outcome: Outcome
    at: Instant = Field(description="the instant that counts: of receipt, of the deadline, of the decision")
    program: str = Field(description="class of the invitation")
    ground: Ground | None = Field(None, description="ground of a refusal or a letter")
    reasons: list[Reason] = []
    lines: list[Line] = Field([], description="every test with its section and its result")
    rule_sets: list[str] = Field([], description="dated tables of the tests")
    provisional: bool = Field(False, description="a test rests on a table that is not confirmed")
    text: Text
    next_actor: str | None = Field(default=None, description="candidate, officer or null: nobody")
    act_by: Instant | None = Field(None, description="what the next actor does must be received before it")
    review_until: date | None = Field(default=None, description="last day to ask for leave, A72(2)(b)")
    decided_by: str | None = Field(default=None, description="officer, or rule for an automatic approval")
    invitation: InvitationStanding = Field(description="as it stands now")
    application: ApplicationStanding | None = Field(None, description="as it stands now")
    bar: Bar | None = Field(None, description="in force for misrepresentation")
    correspondence_language: str = Field("en", description="en or fr, as the candidate chose")
