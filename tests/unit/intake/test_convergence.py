"""The same messages end in the same state, whatever arrived first and however late the clock step ran."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake import life
from services.intake.batch import Batch
from services.intake.handler import Intake
from services.intake.inflow import submissions_in_order
from services.intake.person import Recognition
from services.intake.profile import Profile
from services.intake.rivals import People, Person
from shared.contracts.submission import Submission
from shared.worker.record import Message
from tests.unit.intake.given import EXPIRES, ID, NOW, SETTINGS, decided, invited, law, submission, withdrawal

LATE = EXPIRES + timedelta(days=40)
NOMINATION = {"province": "BC", "issued_on": "2026-02-01", "expires_on": "2026-08-01"}
CLOCK = "clock"


class Memory:
    """Intake without a database: rows are kept, each delivery is a batch of its own."""

    def __init__(self) -> None:
        self.intake = Intake(SETTINGS, timedelta(minutes=5), law)
        self.recognition = Recognition(SETTINGS)
        self.profiles: dict[str, Profile] = {}
        self.people: dict[bytes, Person] = {}
        self.stored: tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]] = ({}, {}, {})

    def take(self, messages: Sequence[Message], now: datetime) -> None:
        submissions = submissions_in_order(messages)
        hashes = {
            place: self.recognition.people(message.body.body.identity)
            for place, message in enumerate(submissions)
            if isinstance(message.body.body, Submission)
        }
        for found in hashes.values():
            for one in found.hashes:
                self.people.setdefault(one, Person(one))
        batch = Batch(submissions, hashes, self.profiles, People(self.people, self.profiles), *self.stored)
        self.intake.apply(batch, [m for m in messages if m.topic != "submission"], now)
        self.close(now)

    def tick(self, now: datetime) -> None:
        for profile in self.profiles.values():
            life.advance(profile, now, law)
        self.close(now)

    def close(self, now: datetime) -> None:
        for profile in self.profiles.values():
            if profile.dirty:
                profile.seal(now)
                profile.dirty = profile.moved = False

    def end(self) -> tuple[Any, ...]:
        found = self.profiles[ID]
        return found.status, found.closed_at, found.withdrawn_at, found.invited, found.version


_after = st.integers(1, 60 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Message], list[Message], list[Message]]:
    """Submissions, invitations and decisions that are true together, each in the order of its topic."""
    more: dict[str, Any] = draw(st.sampled_from([{}, {"nomination": NOMINATION}]))
    submissions = [submission(offset=1, **more)]
    ends = draw(st.sampled_from(["never invited", "open", "declined", "cancelled", "lapsed", "applied", "late"]))
    withdrawn_at = draw(st.none() | _after)
    if withdrawn_at is not None:
        submissions.append(withdrawal(at=withdrawn_at.isoformat(), offset=2))
    if ends == "never invited":
        return submissions, [], []
    at = draw(_after)
    decisions = [decided("open", 2)] if draw(st.booleans()) else []
    if withdrawn_at is not None and (withdrawn_at < at or ends in ("open", "lapsed", "late")):
        if ends in ("lapsed", "applied") and draw(st.booleans()):  # what was said before the withdrawal was read
            decisions.append(decided(ends, 3, at=at, received_at=at if ends == "applied" else None))
        decisions.append(decided("declined", 4, at=withdrawn_at))
    elif ends == "late":
        decisions += [decided("lapsed", 3, at=NOW + timedelta(60)), decided("applied", 5, at=at, received_at=at)]
    elif ends != "open":
        decisions.append(decided(ends, 3, at=at, received_at=at if ends == "applied" else None))
    return submissions, [invited()], decisions


@st.composite
def deliveries(draw: st.DrawFn, topics: Sequence[list[Any]]) -> list[Any]:
    """The messages of several topics in one order that keeps the order of each, with the clock in between."""
    left = [list(topic) for topic in topics if topic]
    found = []
    while left:
        topic = draw(st.sampled_from(left))
        found.append(topic.pop(0))
        if draw(st.booleans()):
            found.append(CLOCK)
        left = [one for one in left if one]
    return found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_order_of_the_topics_ends_alike(data: st.DataObject) -> None:
    story = data.draw(stories())
    ends = []
    for _ in range(2):
        memory = Memory()
        for event in data.draw(deliveries(story)):
            if event == CLOCK:
                memory.tick(LATE)
            else:
                memory.take([event], LATE)
        memory.tick(LATE)
        ends.append(memory.end())
    assert ends[0] == ends[1]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_one_batch_in_any_order_and_doubled_ends_like_one_by_one(data: st.DataObject) -> None:
    messages = [message for topic in data.draw(stories()) for message in topic]
    one_by_one, at_once = Memory(), Memory()
    for message in messages:
        one_by_one.take([message], NOW + timedelta(days=61))
    shuffled = data.draw(st.permutations([*messages, *messages]))
    at_once.take(shuffled, NOW + timedelta(days=61))
    assert at_once.end() == one_by_one.end()


def test_sequence_rises_only_when_what_is_published_changes() -> None:
    memory = Memory()
    message = submission()
    memory.take([message], NOW)
    memory.take([message, invited()], NOW)
    assert memory.profiles[ID].sequence == 1
    memory.tick(datetime(2027, 1, 30, tzinfo=UTC))
    assert memory.profiles[ID].sequence == 1, "a reminder"
    memory.take([decided("lapsed", 2)], LATE)
    assert memory.profiles[ID].sequence == 2
