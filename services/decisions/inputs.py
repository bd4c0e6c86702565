"""What a case is made of: stored inputs, in one order, and the deadlines that were acted on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from pydantic import BaseModel

from shared.contracts.application import MODELS
from shared.contracts.base import Instant, Message, ProfileId, Reason
from shared.contracts.rounds import Invited
from shared.rules.facts import Facts

ISSUED: Final = "invitation.issued"
EXTENDED: Final = "invitation.extended"
CANCELLED: Final = "invitation.cancelled"
PROFILE_WITHDRAWN: Final = "profile.withdrawn"


class Extension(Message):
    """An operator gives an invitation a later deadline, for an incident."""

    profile_id: ProfileId
    invitation_id: str
    deadline: Instant
    reason: str
    by: str


class Cancellation(Message):
    """Two operators cancel an invitation that was issued in error (A10.2(5))."""

    profile_id: ProfileId
    invitation_id: str
    reason: str
    by: str
    confirmed_by: str


class Closing(Message):
    """The candidate withdrew the profile."""

    profile_id: ProfileId
    withdrawn_at: Instant


_MODELS: Mapping[str, type[BaseModel]] = {
    **MODELS,
    ISSUED: Invited,
    EXTENDED: Extension,
    CANCELLED: Cancellation,
    PROFILE_WITHDRAWN: Closing,
}


@dataclass(frozen=True, slots=True)
class Input:
    """A stored input. `at` is the instant of receipt; `refused` holds the reasons where reading already refused it.

    `automatic`: whether an application received under this policy may be approved without an officer.
    """

    at: datetime
    source: str
    id: str
    kind: str
    body: Any = None
    refused: tuple[Reason, ...] = ()
    automatic: bool = False

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        """The order of the law: instant of receipt, then names, so that any order of arrival gives one result."""
        return self.at, 1, self.source, self.id


DeadlineKind = Literal["reminder", "lapse", "fairness"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline of a case. Once acted on it is stored, and part of what the case is made of."""

    at: datetime
    kind: DeadlineKind
    subject: str

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        """Before the inputs of the same instant: what is received at a deadline is late."""
        return self.at, 0, self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Declared:
    """The facts of a profile under one sequence of `profile`; `facts` None where they were erased."""

    submitted_on: date
    facts: Facts | None


def read(kind: str, body: str) -> BaseModel:
    """The parsed body of a stored input."""
    return _MODELS[kind].model_validate_json(body, extra="ignore")
