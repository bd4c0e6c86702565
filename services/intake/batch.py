"""What one transaction holds in hand: the locked rows, what is stored already, and what is to be written.

A handful of statements whatever the size of the batch. Locks are taken in one order everywhere: people by hash,
then profiles by number; nothing is read before its lock is held.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.intake import notices, store
from services.intake.life import Invitation
from services.intake.outcomes import EventKey, Outcome, VersionKey, event_key, version_key
from services.intake.person import People as Hashes
from services.intake.person import Recognition, Vault
from services.intake.profile import Profile
from services.intake.rivals import People
from shared.contracts.submission import Submission
from shared.rules.facts import Facts
from shared.worker.record import Message
from shared.worker.step import Connection, Fact, FactDraft, Step


class Taken(NamedTuple):
    """A version that is in force now, or closed its profile."""

    submission: Submission
    facts: Facts
    met: bool


@dataclass(slots=True)
class Batch:
    """One batch: `submissions` in order, the rest by key."""

    submissions: Sequence[Message]
    hashes: dict[int, Hashes]
    profiles: dict[str, Profile]
    people: People
    invitations: dict[str, dict[str, Invitation]]
    outcomes: dict[VersionKey, Outcome]
    events: dict[EventKey, Outcome]
    learned: dict[tuple[str, str], Invitation] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    new_outcomes: dict[VersionKey, Outcome] = field(default_factory=dict)
    new_events: dict[EventKey, Outcome] = field(default_factory=dict)
    drafts: list[tuple[FactDraft, Outcome]] = field(default_factory=list)
    repeated: dict[str, Fact] = field(default_factory=dict)

    def profile(self, profile_id: str) -> Profile:
        """The profile of a number, a blank one where it was never seen."""
        return self.profiles.setdefault(profile_id, Profile(profile_id))

    def invitations_of(self, profile_id: str) -> list[Invitation]:
        """What is known of the invitations of a profile, the newest step last."""
        known = self.invitations.get(profile_id, {})
        return sorted(known.values(), key=lambda one: (one.sequence, one.invitation_id))

    def stored(self, message: Message) -> Outcome | None:
        """The outcome that this very content has already."""
        key = version_key(message)
        known = self.outcomes.get(key) if key else None
        if known is not None and known.content == message.body.content:
            return known
        return self.events.get(event_key(message))

    def version_is_taken(self, message: Message) -> bool:
        """Whether this version has an outcome already (that of other content, where `stored` found none)."""
        return version_key(message) in self.outcomes

    def keep(self, message: Message, outcome: Outcome, draft: FactDraft | None = None) -> None:
        """This is what becomes of the submission, now and whenever it is repeated."""
        key = version_key(message)
        if key is None or key in self.outcomes:
            self.events[event_key(message)] = self.new_events[event_key(message)] = outcome
        else:
            self.outcomes[key] = self.new_outcomes[key] = outcome
        if draft is not None:
            self.drafts.append((draft, outcome))

    def repeat(self, outcome: Outcome) -> None:
        """Say a stored rejection again, the same bytes under the same `ce_id`; a new one is said already."""
        if outcome.fact is not None:
            self.repeated[outcome.fact.ce_id] = outcome.fact

    def learn(self, invitation: Invitation) -> None:
        """A newer step of an invitation."""
        self.invitations.setdefault(invitation.profile_id, {})[invitation.invitation_id] = invitation
        self.learned[invitation.profile_id, invitation.invitation_id] = invitation

    async def write(self, step: Step, vault: Vault) -> None:
        """Everything that changed, facts included."""
        connection = step.connection
        await write_changed(step, self.profiles.values())
        await store.write_people(connection, self.people.changed())
        await store.write_bars(connection, self.people.bars)
        await store.write_invitations(connection, list(self.learned.values()))
        await self._write_taken(connection, step.now, vault)
        await self._write_facts(step)
        await store.write_outcomes(connection, self.new_outcomes)
        await store.write_event_outcomes(connection, self.new_events)

    async def _write_taken(self, connection: Connection, now: datetime, vault: Vault) -> None:
        rows = [
            (one.profile_id, one.version, one.correspondence_language, facts.model_dump_json(), met, now)
            for one, facts, met in self.taken
        ]
        in_force = {one.profile_id: one for one, _, _ in self.taken}
        identities = [
            (key, one.version, vault.key_id, vault.seal(one.identity)) for key, one in sorted(in_force.items())
        ]
        await store.write_versions(connection, rows)
        await store.write_identities(connection, identities)

    async def _write_facts(self, step: Step) -> None:
        facts = await step.add([draft for draft, _ in self.drafts])
        for fact, (_, outcome) in zip(facts, self.drafts, strict=True):
            outcome.fact = fact
        if self.repeated:
            await step.repeat(list(self.repeated.values()))


async def write_changed(step: Step, profiles: Iterable[Profile]) -> list[Profile]:
    """Write the rows that changed, with their notices; returns those of which the published state moved."""
    changed = [profile for profile in profiles if profile.dirty]
    for profile in changed:
        profile.seal(step.now)
    await store.write_profiles(step.connection, changed)
    await step.add([draft for profile in changed for draft in notices.drafts(profile)])
    return [profile for profile in changed if profile.moved]


async def open_batch(
    step: Step, recognition: Recognition, submissions: Sequence[Message], others: Sequence[Message]
) -> Batch:
    """Lock and read what these messages are about."""
    connection = step.connection
    erased = await store.erased_among(connection, (message.key for message in submissions))
    hashes = {  # a profile that was forgotten names nobody any more, whatever is sent under its number
        place: recognition.people(message.body.body.identity)
        for place, message in enumerate(submissions)
        if isinstance(message.body.body, Submission) and message.key not in erased
    }
    keys = {message.key for message in (*submissions, *others)}
    wanted = {one for found in hashes.values() for one in found.hashes}
    if others:
        wanted |= await store.people_of(connection, {message.key for message in others})
    people = await store.lock_people(connection, wanted)
    profiles = await store.lock_profiles(connection, keys)
    if any(submissions[place].key in profiles and profiles[submissions[place].key].erased_at for place in hashes):
        raise store.MovedOnError("a profile of the batch was forgotten meanwhile")
    return Batch(
        submissions=submissions,
        hashes=hashes,
        profiles=profiles,
        people=People(people, profiles),
        invitations=await store.read_invitations(connection, keys),
        outcomes=await store.read_outcomes(connection, filter(None, map(version_key, submissions))),
        events=await store.read_event_outcomes(connection, map(event_key, submissions)),
    )
