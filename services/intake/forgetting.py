"""Forgetting a person: when it may be done, and by which steps.

Privacy Regulations s.4(1)(a): what was used to decide on a person is kept for at least two years after its last use,
unless the person consents to its disposal. One operator orders it, another confirms it; the rules are looked at both
times. What stays is ranking keys, hashes of contents and outcomes, and, while a bar runs, the keyed hash of the person.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.intake import forgetting_store as store
from services.intake.forgetting_store import Person
from services.intake.life import Invitation
from services.intake.profile import Profile
from shared.contracts.decided import ApplicationState, InvitationState
from shared.rules.periods import retained_until, utc_day
from shared.worker.step import Step

_OVER = {
    ApplicationState.RETURNED,
    ApplicationState.TERMINATED,
    ApplicationState.WITHDRAWN,
    ApplicationState.APPROVED,
    ApplicationState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a person is not forgotten now, and the day from which it may be done, where that can be known."""

    code: str
    may_from: date | None = None


def objection(person: Person, consent: str | None, now: datetime) -> Refusal | None:
    """What stands against forgetting a person now."""
    if not person.known or (person.profiles and all(one.erased_at is not None for one in person.profiles)):
        return Refusal("unknown")
    if ends := [_end(person, one) for one in person.profiles if one.in_pool or one.invited]:
        return Refusal("live", _may_from(max(ends), consent))
    if any(_in_process(one) for one in person.invitations):
        return Refusal("in_process", None if consent else retained_until(utc_day(now)))
    last = last_decision(person)
    if last is None or consent or retained_until(utc_day(last)) <= utc_day(now):
        return None
    return Refusal("retained", retained_until(utc_day(last)))


def last_decision(person: Person) -> datetime | None:
    """The instant of the newest decision: on a submission, of a round or on an application, or the end of a profile."""
    ends = [one.closed_at for one in person.profiles if one.closed_at is not None]
    decided = [person.decided_at] if person.decided_at else []
    return max([*ends, *decided, *(one.at for one in person.invitations)], default=None)


async def obey(step: Step, limit: int) -> int:
    """Carry out operators' commands in their order; returns how many."""
    if not await store.lock_commands(step.connection):
        return 0
    commands = await store.open_commands(step.connection, step.set_aside, limit)
    for command in commands:
        step.working_on([f"command {command['command_id']}"])
        await (_order if command["kind"] == "forget" else _confirm)(step, command)
    return len(commands)


async def drop_hashes(step: Step, limit: int) -> int:
    """Forget the hashes that nothing holds: of refused submissions, and of forgotten people whose bar is over."""
    return await store.drop_hashes(step.connection, utc_day(step.now), limit)


async def _order(step: Step, command: Any) -> None:
    """Look at the rules now, so that who orders it is told; nothing is forgotten yet."""
    person = await store.lock_person(step.connection, command["profile_id"])
    await _answer(step, command, objection(person, command["consent"], step.now))


async def _confirm(step: Step, command: Any) -> None:
    ordered = await store.ordered(step.connection, command["confirms"])
    if ordered is None:
        await _answer(step, command, Refusal("nothing_to_confirm"))
    elif ordered["given_by"] == command["given_by"]:
        await _answer(step, command, Refusal("same_operator"))
    else:
        person = await store.lock_person(step.connection, ordered["profile_id"])
        refusal = objection(person, ordered["consent"], step.now)
        if refusal is None:
            step.touch(await store.forget(step.connection, person, step.now))
        await _answer(step, command, refusal, 0 if refusal else len(person.known))


async def _answer(step: Step, command: Any, refusal: Refusal | None, forgotten: int = 0) -> None:
    code, may_from = (refusal.code, refusal.may_from) if refusal else (None, None)
    await store.answer(step.connection, command["command_id"], step.now, code, may_from, forgotten)


def _end(person: Person, profile: Profile) -> date:
    """The day on which a live profile ends by itself."""
    instants = [one.deadline for one in person.invitations if one.profile_id == profile.profile_id]
    return utc_day(max([*instants, *filter(None, [profile.expires_at])]))


def _may_from(day: date, consent: str | None) -> date:
    return day if consent else retained_until(day)


def _in_process(invitation: Invitation) -> bool:
    return invitation.state is InvitationState.APPLIED and invitation.application not in _OVER
