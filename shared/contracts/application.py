"""Topic `application`: what the portal and officers' systems publish after an invitation.

Many producers and no sequence: a message is known by `ce_source` and `ce_id`, and names what it answers.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from shared.contracts.base import Instant, ProfileId
from shared.contracts.decided import Ground
from shared.contracts.rounds import Program
from shared.rules.facts import Day, Fact, Facts

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Of = Annotated[str, StringConstraints(min_length=1, max_length=50)]
"""`applicant` or the number of a family member."""


class Input(Fact):
    """What every message on `application` holds."""

    profile_id: ProfileId


class FamilyMember(Fact):
    """A family member, accompanying or not; the name stays with the upstream."""

    member_id: Id
    relation: Literal["partner", "dependent_child"]
    accompanying: bool
    date_of_birth: Day
    status_in_canada: Literal["none", "citizen", "permanent_resident"] = "none"


class Document(Fact):
    """A document listed in the application (R10(1)(c))."""

    kind: Id
    of: Of = "applicant"
    country: str | None = None
    issued_on: Day | None = None
    proof_of_request_only: bool = False


class Fee(Fact):
    """A fee with its receipt (R295, R303)."""

    kind: Literal["processing", "permanent_residence"]
    of: Of = "applicant"
    amount_cad: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    paid_at: Instant


class Representative(Fact):
    """Who is paid to represent (A91)."""

    body: Id
    member_id: Id


class ApplicationSubmitted(Input):
    """The electronic application, with the facts as of receipt."""

    type: Literal["application.submitted"]
    invitation_id: Id
    application_id: Id
    received_at: Instant
    program: Program
    facts: Facts
    family_members: Annotated[list[FamilyMember], Field(max_length=50)] = []
    documents: Annotated[list[Document], Field(max_length=500)] = []
    fees: Annotated[list[Fee], Field(max_length=100)] = []
    representative: Representative | None = None
    form_complete: bool
    declaration: bool
    signed_on: Day | None = None


class FindingRecorded(Input):
    """A finding of an officer or another system: verified facts, authenticity, medical, criminality, security."""

    type: Literal["finding.recorded"]
    application_id: Id | None = None
    finding_id: Id
    ground: Ground
    section: str | None = Field(default=None, max_length=50)
    of: Of = "applicant"
    result: Literal["verified", "contradicted", "doubt", "inadmissible", "cleared"]
    field: str | None = Field(default=None, max_length=200)
    found: Any = None
    as_of: list[Literal["invitation", "receipt"]] = []
    determined_in: Literal["canada", "outside"] | None = None
    removal_enforced_on: Day | None = None
    recorded_by: Id
    recorded_at: Instant


class OfficerDecided(Input):
    """An act of an officer on an application."""

    type: Literal["officer.decided"]
    application_id: Id
    action: Literal["approve", "refuse", "return", "send_fairness_letter", "suspend", "resume", "terminate"]
    ground: Ground | None = None
    sections: Annotated[list[str], Field(max_length=20)] = []
    concern: str | None = Field(default=None, max_length=4000)
    officer: Id
    second_officer: Id | None = None
    decided_at: Instant


class FairnessResponded(Input):
    """The candidate's answer to a procedural fairness letter.

    `letter_id` is the `ce_id` of the officer's message that sent the letter; `decided` names it with the concern.
    """

    type: Literal["fairness.responded"]
    application_id: Id
    letter_id: Id
    received_at: Instant


class InvitationDeclined(Input):
    """The candidate declines the invitation (A10.1(7))."""

    type: Literal["invitation.declined"]
    invitation_id: Id
    received_at: Instant


class ApplicationWithdrawn(Input):
    """The applicant withdraws the application."""

    type: Literal["application.withdrawn"]
    application_id: Id
    received_at: Instant


AnyInput = (
    ApplicationSubmitted
    | FindingRecorded
    | OfficerDecided
    | FairnessResponded
    | InvitationDeclined
    | ApplicationWithdrawn
)
MODELS: dict[str, type[Input]] = {
    "application.submitted": ApplicationSubmitted,
    "finding.recorded": FindingRecorded,
    "officer.decided": OfficerDecided,
    "fairness.responded": FairnessResponded,
    "invitation.declined": InvitationDeclined,
    "application.withdrawn": ApplicationWithdrawn,
}
INPUT: TypeAdapter[AnyInput] = TypeAdapter(Annotated[AnyInput, Field(discriminator="type")])
