"""A profile as intake keeps it: one row, and the message that is built from it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from services.intake.assessment import Assessment
from services.intake.person import People
from services.intake.reminders import next_reminder_on
from shared.contracts.base import Reason
from shared.contracts.profile import ProfileState, Status
from shared.contracts.submission import Submission
from shared.rules.facts import Facts
from shared.rules.periods import profile_expires_at, utc_day

COLUMNS = (
    "profile_id", "revision", "sequence", "version", "newest", "status", "closed_at", "withdrawn_at", "submitted_at",
    "submitted_on", "expires_at", "language", "law", "way_back", "invited", "reminded_until", "due_at",
    "passport_hash", "client_hash", "body", "changed_at", "erased_at",
)  # fmt: skip
"""The columns of the table, in order; each is an attribute of `Profile`."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that the candidate is to be told. `why` completes the code."""

    code: str
    at: datetime
    why: str | None = None
    due_on: date | None = None
    days: int | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(slots=True)
class Profile:
    """The row of a profile number. `status` None: nothing but invitations is known of the number."""

    profile_id: str
    revision: int = 0
    sequence: int = 0
    version: int | None = None
    newest: int = 0
    status: Status | None = None
    closed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    submitted_at: datetime | None = None
    submitted_on: date | None = None
    expires_at: datetime | None = None
    language: str = "en"
    law: str | None = None
    way_back: str | None = None
    invited: bool = False
    reminded_until: datetime | None = None
    due_at: datetime | None = None
    passport_hash: bytes | None = None
    client_hash: bytes | None = None
    body: str | None = field(default=None, repr=False)
    changed_at: datetime | None = None
    erased_at: datetime | None = None

    dirty: bool = False
    """The row is to be written."""
    moved: bool = False
    """What is published changes."""
    notices: list[Noticed] = field(default_factory=list)
    _facts: Facts | None = None
    _assessment: Assessment | None = None

    @classmethod
    def read(cls, row: Any) -> "Profile":
        """The profile of a row of the table."""
        found = cls(**{name: row[name] for name in COLUMNS})
        found.status = Status(found.status) if found.status else None
        return found

    @property
    def people(self) -> tuple[bytes, ...]:
        """The hashes of the candidate."""
        return tuple(h for h in (self.passport_hash, self.client_hash) if h is not None)

    @property
    def in_pool(self) -> bool:
        """Whether the profile has not been closed. One that is invited stays so until the invitation ends."""
        return self.status is Status.IN_POOL

    @property
    def locked(self) -> bool:
        """While an invitation is open nothing but a withdrawal is taken (lifecycle, step 7)."""
        return self.invited and self.in_pool

    @property
    def facts(self) -> Facts:
        """The facts of the version in force. Raises `LookupError` where there are none (any more)."""
        self._read_body()
        if self._facts is None:
            raise LookupError("the profile has no facts")
        return self._facts

    @property
    def assessment(self) -> Assessment:
        """The last assessment. Raises `LookupError` where there was none."""
        self._read_body()
        if self._assessment is None:
            raise LookupError("the profile was never assessed")
        return self._assessment

    def live_at(self, instant: datetime) -> bool:
        """Whether the person is live by this profile: it is in the pool or holds an open invitation."""
        return live_at(self.status, self.expires_at, invited=self.invited, instant=instant)

    def take_over(self, submission: Submission, facts: Facts, people: People) -> None:
        """This version is in force from now on."""
        self.version = submission.version
        self.newest = max(self.newest, submission.version)
        self.submitted_at = submission.submitted_at
        self.submitted_on = utc_day(submission.submitted_at)
        self.expires_at = profile_expires_at(submission.submitted_at)
        self.language = submission.correspondence_language
        self.passport_hash, self.client_hash = people
        self._facts = facts

    def assessed(self, found: Assessment, at: datetime) -> None:
        """A new assessment is part of the state, also where no verdict differs."""
        self._read_body()
        self._assessment = found
        self.law = ",".join(found.rule_sets)
        self.change(at)

    def change(self, at: datetime) -> None:
        """What is published changes at this instant."""
        self.moved = self.dirty = True
        self.changed_at = at

    def close(self, status: Status, at: datetime, now: datetime) -> None:
        """Leave the pool. `at` is the instant of the event, `now` the one at which it was acted on."""
        self.status, self.closed_at, self.way_back = status, at, None
        self.change(now)

    def say(self, code: str, at: datetime, **more: Any) -> None:
        """A notice for the candidate."""
        self.notices.append(Noticed(code, at, **more))
        self.dirty = True

    def schedule(self) -> None:
        """Set the instant at which the clock has something to do here (None: never)."""
        self.due_at = min(self._instants(), default=None)

    def seal(self, now: datetime) -> None:
        """Last act before the row is written: its numbers, its next instant, the body to be published."""
        self.revision += 1
        self.changed_at = self.changed_at or now
        self.schedule()
        if self.moved and self.version is not None and self.erased_at is None:
            self.sequence += 1
            self.body = self.state().json_bytes().decode()

    def state(self) -> ProfileState:
        """The message of topic `profile`."""
        found = self.assessment
        return ProfileState(
            profile_id=self.profile_id,
            sequence=self.sequence,
            version=self.version,
            status=self.status,
            closed_at=self.closed_at,
            withdrawn_at=self.withdrawn_at,
            submitted_at=self.submitted_at,
            expires_at=self.expires_at,
            correspondence_language=self.language,
            on=found.on,
            programs=found.programs,
            rule_sets=list(found.rule_sets),
            provisional=found.provisional,
            next_change=found.next_change,
            facts=self.facts,
        )

    def reassessment_due_at(self) -> datetime | None:
        """00:00 UTC of the day on which the programs change by themselves."""
        day = self._reassessment_on()
        return None if day is None else midnight(day)

    def _instants(self) -> list[datetime]:
        if not self.in_pool or self.erased_at is not None:
            return []
        days = [self._reminder_on(), self._reassessment_on()]
        found = [midnight(day) for day in days if day is not None]
        if self.expires_at is not None and self.way_back != Status.EXPIRED:
            found.append(self.expires_at)
        return found

    def _reminder_on(self) -> date | None:
        if self.expires_at is None or self.reminded_until is None:
            return None
        return next_reminder_on(self.facts, self.expires_at, utc_day(self.reminded_until))

    def _reassessment_on(self) -> date | None:
        found = self.assessment
        change = found.next_change
        return change.on if change is not None and change.on > found.on else None

    def _read_body(self) -> None:
        if self._facts is not None or self.body is None:
            return
        state = ProfileState.read(self.body.encode())
        self._facts = state.facts
        self._assessment = self._assessment or Assessment(
            on=state.on,
            programs=state.programs,
            rule_sets=tuple(state.rule_sets),
            provisional=state.provisional,
            next_change=state.next_change,
        )


def live_at(status: str | None, expires_at: datetime | None, *, invited: bool, instant: datetime) -> bool:
    """Whether a profile that stands so makes its person live at an instant (A10.1(5)).

    A profile of which the year is over is not, also where the clock step has not closed it yet. A withdrawal and an
    application end an invitation, also where `decided` has not said so yet.
    """
    if invited:
        return status not in {Status.APPLIED, Status.WITHDRAWN}
    return status == Status.IN_POOL and expires_at is not None and instant < expires_at


def midnight(day: date) -> datetime:
    """The instant at which a day begins."""
    return datetime.combine(day, time(tzinfo=UTC))
