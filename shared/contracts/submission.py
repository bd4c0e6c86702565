"""Topic `submission`: what an upstream publishes about a profile."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.contracts.base import Instant, ProfileId
from shared.rules.facts import Fact, Facts

SUBMITTED = "profile.submitted"
UPDATED = "profile.updated"
WITHDRAWN = "profile.withdrawn"
TYPES = frozenset({SUBMITTED, UPDATED, WITHDRAWN})


def _text(value: object) -> object:
    """Instants are written as text, YYYY-MM-DDT...: a number, also as text, would be taken for seconds since 1970."""
    written = isinstance(value, str) and value[4:5] == "-"
    return value if written or hasattr(value, "tzinfo") else str(type(value))


def _storable(value: str) -> str:
    """PostgreSQL's text cannot hold U+0000."""
    if "\x00" in value:
        raise PydanticCustomError("nul_character", "U+0000 in a text")
    return value


Version = Annotated[int, Field(ge=1, lt=2**63)]
Storable = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(max_length=200), Storable]
ReceivedInstant = Annotated[Instant, Field(strict=False), BeforeValidator(_text)]


class Identity(Fact):
    """Who the candidate is. Stays in intake; used to enforce one live profile per person (A10.1(5))."""

    client_id: Annotated[str, StringConstraints(min_length=1, max_length=50), Storable] | None = None
    family_name: Name
    given_names: Name = ""
    passport_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    passport_number: Annotated[str, StringConstraints(min_length=1, max_length=50), Storable]
    email: Annotated[str, StringConstraints(max_length=320), Storable] | None = None


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
