"""The standing of a case while it is folded: invitations, applications, letters, and what there is to say."""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from services.decisions.assessment import Assessment
from services.decisions.inputs import Deadline, Declared, Input
from services.decisions.law import REMINDER_DAYS
from services.decisions.moves import ALIVE
from shared.contracts.application import ApplicationSubmitted, FindingRecorded
from shared.contracts.base import Line, Reason
from shared.contracts.decided import (
    ApplicationStanding,
    ApplicationState,
    Bar,
    Ground,
    InvitationStanding,
    InvitationState,
)
from shared.contracts.rounds import Invited
from shared.rules.periods import service_standard, utc_day

_WORDING = {"text", "params"}
_MOMENT = timedelta(microseconds=1)
"""What a return after the deadline brings comes just after it: a deadline goes before inputs of the same instant."""


@dataclass(slots=True)
class Letter:
    """A fairness letter: until when it may be answered, and whether it was, or its time was acted on."""

    letter_id: str
    ground: Ground | None
    respond_by: datetime
    over: bool = False

    def spent(self, at: datetime) -> bool:
        """Whether the candidate has answered, or had the time to."""
        return self.over or at >= self.respond_by


@dataclass(slots=True)
class Application:
    """One application, from receipt on; sent again after a return it begins anew."""

    body: ApplicationSubmitted
    automatic: bool
    state: ApplicationState
    findings: dict[str, FindingRecorded] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)
    suspended: bool = False
    assessment: Assessment | None = None
    bar_finding: FindingRecorded | None = None
    refused_at: datetime | None = None

    def settle(self) -> None:
        """The state that follows while nothing final has happened: suspended, waiting for an answer, or in process."""
        if self.state not in ALIVE:
            return
        waiting = any(not letter.over for letter in self.letters.values())
        self.state = ApplicationState.FAIRNESS_LETTER if waiting else ApplicationState.IN_PROCESS
        if self.suspended:
            self.state = ApplicationState.SUSPENDED

    @property
    def service_standard(self) -> date:
        """The last day of the six months; the clock runs from receipt, also while processing is suspended."""
        return service_standard(utc_day(self.body.received_at))

    @property
    def standing(self) -> ApplicationStanding:
        """As messages carry it."""
        assessed = self.assessment
        return ApplicationStanding(
            application_id=self.body.application_id,
            state=self.state,
            received_at=self.body.received_at,
            proposal=assessed.proposal if assessed else None,
            grounds=dict(assessed.grounds) if assessed else {},
            service_standard=None if self.state is ApplicationState.RETURNED else self.service_standard,
        )


@dataclass(slots=True)
class Invitation:
    """One invitation and the applications that answer it; `declared` are the facts that it was issued on."""

    invited: Invited
    declared: Declared
    deadline: datetime
    state: InvitationState = InvitationState.OPEN
    applications: dict[str, Application] = field(default_factory=dict)
    latest: str | None = None
    returned_at: datetime | None = None
    """When an officer returned the application on which the invitation was spent."""

    @property
    def invitation_id(self) -> str:
        return self.invited.invitation_id

    @property
    def lapses_at(self) -> datetime | None:
        """When it lapses if no application comes; None where it no longer can.

        One that was spent on an application that an officer returned takes another while the period runs.
        """
        if self.state is InvitationState.OPEN:
            return self.deadline
        if self.state is InvitationState.APPLIED and self.returned_at is not None:
            return max(self.deadline, self.returned_at + _MOMENT)
        return None

    def takes_application(self, at: datetime) -> bool:
        """Whether an application received at this instant answers it."""
        return self.lapses_at is not None and at < self.deadline

    def deadlines(self) -> list[Deadline]:
        """Everything that the clock may have to act on."""
        found = []
        if self.state is InvitationState.OPEN:
            found = [Deadline(at, "reminder", self.invitation_id) for at in self.reminders()]
        if (lapses_at := self.lapses_at) is not None:
            found.append(Deadline(lapses_at, "lapse", self.invitation_id))
        for application in self.applications.values():
            if application.state in ALIVE:
                letters = (letter for letter in application.letters.values() if not letter.over)
                found += [Deadline(letter.respond_by, "fairness", letter.letter_id) for letter in letters]
        return found

    def reminders(self) -> Mapping[datetime, int]:
        """The instants of the reminders, with the days that are left."""
        return {self.deadline - timedelta(days=days): days for days in REMINDER_DAYS}

    @property
    def standing(self) -> InvitationStanding:
        """As messages carry it."""
        return InvitationStanding(
            invitation_id=self.invitation_id,
            round_id=self.invited.round_id,
            state=self.state,
            deadline=self.deadline,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """An invitation, the application last received on it and the bar, after a message."""

    program: str
    invitation: InvitationStanding
    application: ApplicationStanding | None
    bar: Bar | None

    def fields(self) -> dict[str, Any]:
        """As `decided` carries it."""
        return {
            "program": self.program,
            "invitation": self.invitation,
            "application": self.application,
            "bar": self.bar,
        }


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that the fold has to say: a fact before it is published.

    `cause` names the input or deadline behind it. The identity covers the content too: the same fact is never said
    twice, a fact with other content is another fact. It does not cover the standing, texts and the quantities in
    lines: a release that words a text better must not make every case correct itself.
    """

    topic: str
    cause: str
    at: datetime
    content: Mapping[str, Any]
    invitation_id: str | None = None
    standing: Standing | None = None

    @property
    def code(self) -> str:
        """What it says, in one word."""
        if self.topic == "rejected":
            return str(self.content["reasons"][0].code)
        return str(self.content["outcome"] if self.topic == "decided" else self.content["code"])

    @property
    def identity(self) -> str:
        """The same for the same fact, whatever the order in which its inputs came."""
        content = {name: value for name, value in self.content.items() if name not in _WORDING}
        whole = [self.topic, self.cause, self.at, self.invitation_id, content]
        return hashlib.sha256(orjson.dumps(whole, default=_plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Reason):
        return [value.code, value.field, value.section, value.params]
    if isinstance(value, Line):
        return [value.code, value.section, value.row]
    raise TypeError(type(value).__name__)


@dataclass(slots=True)
class Case:
    """Everything about one profile, folded."""

    invitations: dict[str, Invitation] = field(default_factory=dict)
    sayings: list[Saying] = field(default_factory=list)
    waiting: list[Input] = field(default_factory=list)
    bar: Bar | None = None
    passed: set[Deadline] = field(default_factory=set)
    """Deadlines that came before a later input, whether or not the clock has acted on them yet."""

    def standing(self, invitation: Invitation) -> Standing:
        """The standing of one invitation now."""
        application = invitation.applications.get(invitation.latest or "")
        return Standing(
            invitation.invited.program,
            invitation.standing,
            application.standing if application else None,
            self.bar,
        )

    def deadlines(self, acted: Set[Deadline]) -> list[Deadline]:
        """What the clock has still to act on, in order: what is to come, and what came while it was late."""
        return sorted((self.running() | self.passed) - acted, key=lambda one: one.order)

    def running(self) -> set[Deadline]:
        """The deadlines of the case as it stands."""
        return {one for invitation in self.invitations.values() for one in invitation.deadlines()}

    def pass_to(self, order: tuple[datetime, int, str, str]) -> None:
        """The next input is at hand: deadlines before it have come, and stay so whatever it changes."""
        self.passed |= {one for one in self.running() if one.order < order}
