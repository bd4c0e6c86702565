"""Topic `submission`: what an upstream publishes about a profile."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from shared.contracts.base import Instant, ProfileId
from shared.rules.facts import Fact, Facts

SUBMITTED = "profile.submitted"
UPDATED = "profile.updated"
WITHDRAWN = "profile.withdrawn"
TYPES = frozenset({SUBMITTED, UPDATED, WITHDRAWN})


def _text(value: object) -> object:
    """Instants are written as text: a number would be taken for seconds since 1970."""
    return value if isinstance(value, str) or hasattr(value, "tzinfo") else str(type(value))


Version = Annotated[int, Field(ge=1, lt=2**63)]
Name = Annotated[str, StringConstraints(max_length=200)]
ReceivedInstant = Annotated[Instant, Field(strict=False), BeforeValidator(_text)]


class Identity(Fact):
    """Who the candidate is. Stays in intake; used to enforce one live profile per person (A10.1(5))."""

    client_id: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    family_name: Name
    given_names: Name = ""
    passport_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    passport_number: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    email: Annotated[str, StringConstraints(max_length=320)] | None = None


class Submission(Facts):
    """`profile.submitted` and `profile.updated`: the whole profile, always (both are the same upsert)."""

    profile_id: ProfileId
    version: Version
    submitted_at: ReceivedInstant
    correspondence_language: Literal["en", "fr"] = "en"
    identity: Identity

    def facts(self) -> Facts:
        """The facts alone, as every other service may see them."""
        return Facts.model_construct(**{name: getattr(self, name) for name in Facts.model_fields})


class Withdrawal(Fact):
    """`profile.withdrawn`: terminal, and declines an open invitation."""

    profile_id: ProfileId
    version: Version
    withdrawn_at: ReceivedInstant
