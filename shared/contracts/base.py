"""What every message model shares."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)

PROFILE_ID_PATTERN = r"^[A-Z0-9-]{6,36}$"


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and last day of the calendar, with an offset that leaves it
        raise ValueError("outside the calendar") from None


def iso(value: datetime) -> str:
    """One spelling of an instant, to the microsecond: equal instants are equal bytes."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


Instant = Annotated[AwareDatetime, AfterValidator(_utc), PlainSerializer(iso, return_type=str, when_used="json")]
"""An instant in UTC, with an offset when written, up to microseconds."""

ProfileId = Annotated[
    str, StringConstraints(pattern=PROFILE_ID_PATTERN), Field(description="number of the profile, from its upstream")
]
"""The upstream's number for a profile: 6 to 36 of `A-Z 0-9 -`; the key of every message about it."""

Sequence = Annotated[int, Field(ge=1, description="of state: drop what is not above the highest seen; of facts: dense")]
"""A counter in the row of the service that publishes; docs/subscribing.md says how it is read."""
Json = Any


class Message(BaseModel):
    """A message body. `json()` is what goes on the wire; `read` is how a reader takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def json_bytes(self) -> bytes:
        """The body as UTF-8 JSON, fields in the order of the model: the same message is the same bytes."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Parse a body, ignoring unknown fields. Raises `pydantic.ValidationError`."""
        return cls.model_validate_json(body, extra="ignore")


class Text(Message):
    """A text that a candidate may read, in both official languages (from the catalogue)."""

    en: str
    fr: str


class Reason(Message):
    """Why something was refused, left out or asked for. `params` are derived quantities, never declared values."""

    code: str = Field(description="stable; decide by it, not by the text")
    field: str | None = Field(None, description="the field of the input that it is about")
    section: str | None = Field(None, description="section of law")
    params: dict[str, Json] = Field({}, description="derived quantities of the text")
    text: Text


class Line(Message):
    """One line of an explanation: what the law counted, by which row of which table, for how many points."""

    code: str = Field(description="stable; what was counted")
    points: int | None = Field(None, description="null where the line gives no points")
    section: str | None = Field(None, description="section of law")
    rule_set: str | None = Field(None, description="the dated table")
    row: str | None = Field(None, description="the row of the table that was used")
    quantities: dict[str, Json] = Field(
        {}, description="what the law derived: levels, years, months, never what was declared"
    )


class NextChange(Message):
    """The next day on which the result changes if nothing is declared, and why."""

    on: date
    reason: str = Field(description="code of what changes")
