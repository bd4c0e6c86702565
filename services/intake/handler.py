"""What intake does with a batch, top to bottom.

1. Steps of invitations come first: `invited` locks a profile, `decided` releases or closes it.
2. Then the submissions, in the order in which the broker took them. One that was seen gets its stored outcome again;
   a new one is accepted, superseded, or rejected with every reason.
3. What is due by now is acted on, and everything is written in one go.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from services.intake import life
from services.intake.account import UNACCOUNTED
from services.intake.assessment import Assess, assess
from services.intake.batch import Batch, Taken, open_batch
from services.intake.inflow import invitation_steps, submissions_in_order
from services.intake.life import Invitation
from services.intake.outcomes import Outcome, rejection
from services.intake.person import People, Recognition, Vault
from services.intake.profile import Profile
from services.intake.reasons import of_field, reason
from services.intake.received import Received, decode
from services.intake.rivals import newest_bar
from services.intake.settings import IntakeSettings
from services.intake.steps import Steps
from services.intake.store import QUERIES
from shared.contracts.base import Reason
from shared.contracts.decided import InvitationState
from shared.contracts.profile import Status
from shared.contracts.submission import Submission, Withdrawal
from shared.contracts.types import MODELS
from shared.ops import metrics
from shared.rules.errors import check_on
from shared.rules.periods import utc_day
from shared.worker.decode import reader
from shared.worker.record import Message
from shared.worker.service import Service, StateQueries
from shared.worker.settings import WorkerSettings
from shared.worker.step import Step

NAME = "intake"


class Intake:
    """The service. `assess` is the law; tests give another one."""

    def __init__(self, settings: IntakeSettings, tolerance: timedelta, assess: Assess = assess) -> None:
        self._recognition = Recognition(settings)
        self._vault = Vault(settings)
        self._tolerance = tolerance
        self._assess = assess

    async def handle(self, step: Step, messages: Sequence[Message]) -> None:
        """Apply a batch inside the step's transaction."""
        submissions = submissions_in_order(messages)
        steps = [message for message in messages if message.topic != "submission"]
        batch = await open_batch(step, self._recognition, submissions, steps)
        self.apply(batch, steps, step.now)
        await batch.write(step, self._vault)
        step.touch(message.key for message in messages)

    def apply(self, batch: Batch, steps: Sequence[Message], now: datetime) -> None:
        """What becomes of the batch, by what is in hand alone."""
        for invitation in invitation_steps(steps, batch.invitations):
            self._stand(batch, invitation, now)
        for place, message in enumerate(batch.submissions):
            self._submission(batch, message, batch.hashes.get(place), now)
        for profile in batch.profiles.values():
            life.advance(profile, now, self._assess)

    # 1. Invitations

    def _stand(self, batch: Batch, invitation: Invitation, now: datetime) -> None:
        """Apply a step of an invitation to its profile; one of an unknown number waits in its row."""
        known = batch.invitations.get(invitation.profile_id, {}).get(invitation.invitation_id)
        batch.learn(invitation)
        profile = batch.profiles.get(invitation.profile_id)
        if profile is None or profile.version is None or profile.erased_at is not None:
            return
        if known is None or known.state is not invitation.state:
            self._change(batch, profile, invitation, now)
        batch.people.bar(profile, newest_bar(batch.invitations_of(profile.profile_id)))

    def _change(self, batch: Batch, profile: Profile, invitation: Invitation, now: datetime) -> None:
        if profile.invited:
            life.advance(profile, min(now, invitation.at), self._assess)  # until then the invitation held it
        states = [one.state for one in batch.invitations_of(profile.profile_id)]
        profile.invited, profile.dirty = InvitationState.OPEN in states, True
        free = batch.people.in_the_way(profile.profile_id, profile.people, now) is None
        again = free and InvitationState.APPLIED not in states
        life.stand(profile, invitation, again=again, now=now, assess=self._assess)
        if profile.in_pool:
            batch.people.hold(profile)

    # 2. Submissions

    def _submission(self, batch: Batch, message: Message, people: People | None, now: datetime) -> None:
        stored = batch.stored(message)
        if stored is not None:
            batch.repeat(stored)
            return
        received: Received = message.body
        profile = batch.profile(message.key)
        body = received.body
        if batch.version_is_taken(message):
            self._reject(batch, message, [reason("version_reused", field="version")], now)
        elif profile.erased_at is not None:
            self._reject(batch, message, [reason("profile_erased")], now)
        elif isinstance(body, Withdrawal):
            self._withdrawal(batch, message, profile, body, now)
        else:
            life.advance(profile, now, self._assess)
            self._profile(batch, message, profile, people, now)

    def _withdrawal(self, batch: Batch, message: Message, profile: Profile, body: Withdrawal, now: datetime) -> None:
        """The first one is accepted whatever its version and the profile's state; only its instant can be wrong."""
        life.advance(profile, min(now, body.withdrawn_at), self._assess)
        wrong = self._instant("withdrawn_at", body.withdrawn_at, now)
        if wrong:
            self._reject(batch, message, wrong, now)
        elif profile.withdrawn_at is None:
            life.withdraw(profile, body.version, body.withdrawn_at, now)
            self._keep(batch, message, "accepted", now)
        elif body.version < profile.newest:
            self._keep(batch, message, "superseded", now)
        else:
            self._reject(batch, message, _closed(profile), now)

    def _profile(self, batch: Batch, message: Message, profile: Profile, people: People | None, now: datetime) -> None:
        received: Received = message.body
        body = received.body
        if not isinstance(body, Submission) or people is None:
            unread = received.withdrawal or received.version is None
            self._reject(batch, message, [*received.reasons, *([] if unread else _standing(profile))], now)
            return
        wrong = self._wrong_values(body, now)
        if wrong:
            self._reject(batch, message, [*wrong, *_standing(profile)], now)
        elif body.version < profile.newest:
            self._keep(batch, message, "superseded", now)
        elif obstacles := [*_changed_instant(profile, body), *_standing(profile)]:
            self._reject(batch, message, obstacles, now)
        else:
            self._take(batch, message, profile, people, now)

    def _take(self, batch: Batch, message: Message, profile: Profile, people: People, now: datetime) -> None:
        """Nothing of the profile's own stands in the way: is the person free, and is a program met?"""
        body: Submission = message.body.body
        first = profile.status is None
        barred = batch.people.barred(message.key, people.hashes, utc_day(body.submitted_at if first else now))
        if barred:
            self._reject(batch, message, [barred], now)
            return
        rival = batch.people.in_the_way(message.key, people.hashes, body.submitted_at if first else now)
        if rival:
            second = reason("second_live_profile", section="A10.1(5)", state=rival)
            self._reject(batch, message, [second], now, state=rival)
            return
        facts = body.facts()
        found = self._assess(facts, life.day_of_evaluation(body, now), utc_day(body.submitted_at))
        life.enter(profile, body, facts, people, found, now)
        batch.taken.append(Taken(body, facts, found.met))
        if found.met:
            self._keep(batch, message, "accepted", now)
            batch.people.hold(profile)
        else:
            none_met = [reason("no_program_met", section="A10.2(1)(a)"), *found.reasons]
            self._reject(batch, message, none_met, now, state=Status.INELIGIBLE.value)
        if first:
            for invitation in batch.invitations_of(profile.profile_id):  # those that came before their profile
                self._change(batch, profile, invitation, now)
                batch.people.bar(profile, invitation.bar)

    def _wrong_values(self, body: Submission, now: datetime) -> list[Reason]:
        """What is wrong with the values as such, whatever the state of the profile."""
        wrong = [of_field(error) for error in check_on(body, utc_day(now))]
        return wrong + self._instant("submitted_at", body.submitted_at, now)

    def _instant(self, field: str, instant: datetime, now: datetime) -> list[Reason]:
        """Receipt is judged by the upstream's instant, so that instant has to be possible."""
        if instant > now + self._tolerance:
            return [reason("receipt_in_future", field=field)]
        if instant < life.FIRST_INSTANT:
            return [reason("before_express_entry", field=field)]
        return []

    def _keep(self, batch: Batch, message: Message, outcome: str, now: datetime) -> None:
        metrics.submission(outcome)
        batch.keep(message, Outcome(outcome, message.body.content, now))

    def _reject(
        self, batch: Batch, message: Message, reasons: list[Reason], now: datetime, *, state: str | None = None
    ) -> None:
        profile = batch.profile(message.key)
        metrics.submission("rejected", [one.code for one in reasons])
        draft = rejection(message, reasons, state or _state(profile), profile.language, now)
        batch.keep(message, Outcome("rejected", message.body.content, now), draft)


def _changed_instant(profile: Profile, body: Submission) -> list[Reason]:
    if profile.submitted_at in (None, body.submitted_at):
        return []
    return [reason("submitted_at_differs", field="submitted_at")]


def _standing(profile: Profile) -> list[Reason]:
    """The state of the profile that stands in the way of a version, if one does."""
    if profile.locked:
        return [reason("profile_locked", section="A10.1(7)")]
    return _closed(profile)


def _closed(profile: Profile) -> list[Reason]:
    if profile.status is None or profile.in_pool:
        return []
    return [reason("profile_closed", state=profile.status.value)]


def _state(profile: Profile) -> str | None:
    if profile.locked:
        return "invited"
    return profile.status.value if profile.status else None


@cache
def intake() -> Intake:
    """The service under the settings of this process. Raises `pydantic.ValidationError` where a key is missing."""
    return Intake(IntakeSettings(), timedelta(seconds=WorkerSettings().receipt_tolerance_s))


async def handle(step: Step, messages: Sequence[Message]) -> None:
    """The handler of the process."""
    await intake().handle(step, messages)


SERVICE = Service(
    name=NAME,
    decoders={
        "submission": decode,
        "invited": reader(MODELS["invited"]),
        "decided": reader(MODELS["decided"]),
    },
    handle=handle,
    state=StateQueries(
        topics=("profile",), current=QUERIES.current_profiles, sequences=QUERIES.sequences, keys=QUERIES.keys
    ),
    unaccounted=UNACCOUNTED,
    steps=lambda _: Steps(assess).all(),
)
