"""A profile's life: how it enters, is held by an invitation, and leaves (lifecycle.md steps 1 to 3 and 7).

Every function takes instants; none asks what time it is. Events of one profile act in the order of their instants:
`advance` first catches up with what was due, so a message that comes before a late clock step finds the same state.

A profile that was invited was in the pool then. So while the invitation is open the profile is not closed, whatever
ran out meanwhile: only its way back is (A10.1(1)). A withdrawal is terminal, unless the application came before it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from services.intake.assessment import Assess, Assessment
from services.intake.person import People
from services.intake.profile import Profile
from services.intake.reminders import reminders_on
from shared.contracts.base import Reason
from shared.contracts.decided import ApplicationState, InvitationState
from shared.contracts.profile import Status
from shared.contracts.submission import Submission
from shared.rules.facts import Facts
from shared.rules.periods import profile_expires_at, utc_day

FIRST_INSTANT = datetime(2015, 1, 1, tzinfo=UTC)
"""Express Entry began; no profile can have been received before."""

_RAN_OUT = {Status.EXPIRED, Status.INELIGIBLE}
"""Ends that an invitation issued before them holds off."""


class Barred(NamedTuple):
    """A bar for misrepresentation (A40(2)(a)); `until` None: no end is known yet."""

    since: date
    until: date | None
    section: str

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day: its last one is in it."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What intake knows of an invitation: `sequence` 0 from `invited`, then that of the newest `decided`."""

    profile_id: str
    invitation_id: str
    sequence: int
    state: InvitationState
    deadline: datetime
    at: datetime
    applied_at: datetime | None = None
    bar: Barred | None = None
    application: ApplicationState | None = None


def enter(
    profile: Profile, submission: Submission, facts: Facts, people: People, found: Assessment, now: datetime
) -> None:
    """Take over a version that nothing stands against: into the pool, or closed where no program is met."""
    first = profile.status is None
    profile.take_over(submission, facts, people)
    profile.reminded_until = now
    profile.assessed(found, now)
    if not found.met:
        profile.close(Status.INELIGIBLE, now, now)
        return
    profile.status = Status.IN_POOL
    if first:
        profile.say("entered_pool", now)


def day_of_evaluation(submission: Submission, now: datetime) -> date:
    """Today, but no day after the profile's year: who is read late is judged on a day on which the profile stood."""
    return min(utc_day(now), utc_day(profile_expires_at(submission.submitted_at)))


def withdraw(profile: Profile, version: int, at: datetime, now: datetime) -> None:
    """Take the first withdrawal. A profile that had left the pool before it keeps the end that it has."""
    profile.withdrawn_at = at
    profile.newest = max(profile.newest, version)
    ended_before = profile.closed_at is not None and profile.closed_at <= at
    if profile.status is None or profile.in_pool or not ended_before:
        was_in_pool = profile.in_pool
        profile.close(Status.WITHDRAWN, at, now)
        if was_in_pool:
            profile.say("left_pool", now, why="withdrawn")
    profile.change(now)


def stand(profile: Profile, new: Invitation, *, again: bool, now: datetime, assess: Assess) -> None:
    """An invitation stands otherwise than before. `again`: the person may become live by this profile once more.

    What a decision said may be taken back (a decline that was received before an application but read after it).
    """
    match new.state:
        case InvitationState.OPEN:
            _hold(profile, again, now)
        case InvitationState.APPLIED:
            _apply(profile, new.applied_at or new.at, now)
        case InvitationState.LAPSED:
            _lapse(profile, new.deadline, now)
        case _:
            _release(profile, min(new.at, now), again, now, assess)


def _hold(profile: Profile, again: bool, now: datetime) -> None:
    """An open invitation keeps the profile from being closed, also where it was before intake heard of it."""
    profile.dirty = True
    if not again or profile.status not in _RAN_OUT | {Status.LAPSED, Status.APPLIED}:
        return
    profile.way_back = profile.status.value if profile.status in _RAN_OUT else None
    profile.status, profile.closed_at = Status.IN_POOL, None
    profile.change(now)


def _apply(profile: Profile, applied_at: datetime, now: datetime) -> None:
    withdrawn_before = profile.withdrawn_at is not None and profile.withdrawn_at < applied_at
    if profile.status is not Status.APPLIED and not withdrawn_before:
        profile.close(Status.APPLIED, applied_at, now)


def _lapse(profile: Profile, deadline: datetime, now: datetime) -> None:
    withdrawn_before = profile.withdrawn_at is not None and profile.withdrawn_at < deadline
    if profile.status not in {Status.APPLIED, Status.LAPSED} and not withdrawn_before:
        profile.close(Status.LAPSED, deadline, now)


def _release(profile: Profile, at: datetime, again: bool, now: datetime, assess: Assess) -> None:
    """Declined or cancelled: back for the rest of the year, if it is not over and a program is met on that day."""
    if profile.withdrawn_at is not None:
        if profile.status is not Status.WITHDRAWN:
            profile.close(Status.WITHDRAWN, profile.withdrawn_at, now)
    elif again or profile.in_pool:
        _come_back(profile, at, now, assess)


def _come_back(profile: Profile, at: datetime, now: datetime, assess: Assess) -> None:
    profile.status, profile.closed_at, profile.way_back = Status.IN_POOL, None, None
    expires_at = _known(profile.expires_at)
    if expires_at <= at:
        _leave(profile, Status.EXPIRED, expires_at, now)
        return
    found = _reassess(profile, utc_day(at), now, assess)
    if found.met:
        profile.say("returned_to_pool", now)
    else:
        _leave(profile, Status.INELIGIBLE, at, now, found)


def advance(profile: Profile, until: datetime, assess: Assess) -> None:
    """Act on every instant that has come, in order: the end of the year, a change of the programs, reminders."""
    if profile.dirty:
        profile.schedule()
    while profile.due_at is not None and profile.due_at <= until:
        _act(profile, profile.due_at, assess)
        profile.schedule()


def _act(profile: Profile, at: datetime, assess: Assess) -> None:
    if profile.expires_at == at and profile.way_back != Status.EXPIRED:
        _run_out(profile, Status.EXPIRED, at, None)
    elif profile.reassessment_due_at() == at:
        reassess(profile, utc_day(at), at, assess)
    else:
        profile.reminded_until = at
        profile.dirty = True
        for reminder in reminders_on(profile.facts, _known(profile.expires_at), utc_day(at)):
            profile.say("reminder", at, why=reminder.code, due_on=reminder.last_on, days=reminder.days)


def reassess(profile: Profile, on: date, at: datetime, assess: Assess) -> None:
    """Evaluate the programs for a day: the profile stays, leaves, or, invited, loses or regains its way back."""
    found = _reassess(profile, on, at, assess)
    if not found.met:
        if profile.way_back is None:
            _run_out(profile, Status.INELIGIBLE, at, found)
    elif profile.way_back == Status.INELIGIBLE:
        profile.way_back = None
        profile.say("way_back_open", at)


def _reassess(profile: Profile, on: date, at: datetime, assess: Assess) -> Assessment:
    found = assess(profile.facts, on, profile.submitted_on or on)
    profile.assessed(found, at)
    return found


def _run_out(profile: Profile, status: Status, at: datetime, found: Assessment | None) -> None:
    if not profile.invited:
        _leave(profile, status, at, at, found)
        return
    profile.way_back = status.value
    profile.dirty = True
    profile.say("way_back_closed", at, why=status.value, reasons=_reasons(found))


def _leave(profile: Profile, status: Status, at: datetime, now: datetime, found: Assessment | None = None) -> None:
    profile.close(status, at, now)
    profile.say("left_pool", now, why=status.value, reasons=_reasons(found))


def _reasons(found: Assessment | None) -> tuple[Reason, ...]:
    return tuple(found.reasons) if found else ()


def _known(instant: datetime | None) -> datetime:
    if instant is None:
        raise LookupError("a profile in the pool has an instant of expiry")
    return instant
