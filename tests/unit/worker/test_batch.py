"""The consume loop's decisions, over every interleaving that Hypothesis can think of."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.worker.batch import PROBE_S, Batch, Breaker, Outcome, Phase, after, backoff_s, first

WORKING = (Phase.GUARD, Phase.APPLY, Phase.ISOLATE, Phase.PUBLISH, Phase.COMMIT)


@pytest.mark.parametrize("phase", WORKING)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_offsets_are_committed_only_after_everything_was_published(phase: Phase, outcome: Outcome) -> None:
    following = after(Batch(phase), outcome, may_wait=True)
    if following.phase is Phase.COMMIT:
        assert phase in {Phase.PUBLISH, Phase.COMMIT}
    if following.phase is Phase.DONE:
        assert (phase, outcome) == (Phase.COMMIT, Outcome.OK)


def test_a_batch_begins_with_a_look_at_its_topics() -> None:
    assert Batch().phase is Phase.GUARD
    assert after(Batch(), Outcome.REFUSED, may_wait=True) == Batch(waits=1)
    assert after(Batch(), Outcome.LOST, may_wait=True).phase is Phase.ABANDON


@pytest.mark.parametrize("phase", WORKING)
def test_a_transient_failure_repeats_the_same_step_while_there_is_time(phase: Phase) -> None:
    assert after(Batch(phase, waits=2), Outcome.TRANSIENT, may_wait=True) == Batch(phase, waits=3)


@pytest.mark.parametrize("phase", WORKING)
def test_a_batch_that_may_not_wait_is_given_back(phase: Phase) -> None:
    assert after(Batch(phase), Outcome.TRANSIENT, may_wait=False).phase is Phase.ABANDON


def test_the_backoff_doubles_from_a_tenth_of_a_second_to_five_seconds() -> None:
    assert [backoff_s(n) for n in (1, 2, 3, 6, 7, 20)] == [0.1, 0.2, 0.4, 3.2, 5.0, 5.0]


def test_the_breaker_opens_at_its_limit_and_one_success_closes_it() -> None:
    breaker = Breaker(limit=3)
    breaker.failed(2)
    assert not breaker.open
    breaker.failed()
    assert breaker.open
    breaker.succeeded()
    assert not breaker.open


def test_a_transaction_that_takes_too_long_is_cut_in_halves_until_it_passes_and_later_joined_again() -> None:
    batch = Batch(Phase.APPLY)
    for pieces in (2, 4, 8):
        batch = after(batch, Outcome.SLOW, may_wait=True)
        assert (batch.phase, batch.pieces) == (Phase.APPLY, pieces)
    given_back = after(batch, Outcome.SLOW, may_wait=False)
    assert (given_back.phase, first(given_back).pieces) == (Phase.ABANDON, 16)
    assert first(Batch(Phase.DONE, pieces=16)).pieces == 8
    assert first(Batch(Phase.DONE)).pieces == 1


def test_behind_an_open_breaker_each_part_is_committed_before_the_next_record_is_tried() -> None:
    batch, steps = Batch(Phase.ISOLATE), []
    for outcome in (Outcome.PART, Outcome.OK, Outcome.OK, Outcome.OK, Outcome.OK, Outcome.OK):
        batch = after(batch, outcome, may_wait=True)
        steps.append((batch.phase, batch.pause_s if batch.waits else 0))
    assert steps == [
        (Phase.PUBLISH, 0),
        (Phase.COMMIT, 0),
        (Phase.ISOLATE, PROBE_S),
        (Phase.PUBLISH, 0),
        (Phase.COMMIT, 0),
        (Phase.DONE, 0),
    ]


@dataclass
class Broker:
    """A log of numbered records, a table that each may change once, an output topic."""

    committed: int = 0
    applied: set[int] = field(default_factory=set)
    published: set[int] = field(default_factory=set)


CAN_END = {
    Phase.GUARD: (Outcome.OK, Outcome.TRANSIENT, Outcome.REFUSED, Outcome.LOST),
    Phase.APPLY: (Outcome.OK, Outcome.TRANSIENT, Outcome.SLOW, Outcome.BUG),
    Phase.ISOLATE: (Outcome.OK, Outcome.TRANSIENT, Outcome.SLOW, Outcome.PART),
    Phase.PUBLISH: (Outcome.OK, Outcome.TRANSIENT, Outcome.BUG),
    Phase.COMMIT: (Outcome.OK, Outcome.TRANSIENT, Outcome.BUG, Outcome.LOST),
}


class ConsumeLoop(RuleBasedStateMachine):
    """Polls, crashes, revokes, failing publishes and commits in any order: what is committed is published."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = Broker()
        self.log_end = self.start = self.done = self.end = 0
        self.batch: Batch | None = None
        self.last = Batch()

    @rule(count=st.integers(1, 5))
    def produce(self, count: int) -> None:
        self.log_end += count

    @precondition(lambda self: self.batch is None and self.broker.committed < self.log_end)
    @rule(size=st.integers(1, 4))
    def poll(self, size: int) -> None:
        self.start = self.done = self.broker.committed
        self.end, self.batch = min(self.start + size, self.log_end), first(self.last)

    @precondition(lambda self: self.batch is not None)
    @rule(data=st.data(), may_wait=st.booleans())
    def act(self, data: st.DataObject, may_wait: bool) -> None:
        assert self.batch is not None
        outcome = data.draw(st.sampled_from(CAN_END[self.batch.phase]))
        if outcome is Outcome.PART and self.done + 1 == self.end:
            outcome = Outcome.OK
        if outcome in (Outcome.OK, Outcome.PART):
            self._effect(self.batch.phase, outcome)
        self.last = self.batch = after(self.batch, outcome, may_wait=may_wait)
        if self.batch.over:
            assert self.batch.phase is Phase.ABANDON or self.broker.committed == self.end
            self.batch = None

    def _effect(self, phase: Phase, outcome: Outcome) -> None:
        match phase:
            case Phase.APPLY | Phase.ISOLATE:
                done = self.done + 1 if outcome is Outcome.PART else self.end
                self.broker.applied |= set(range(self.done, done))
                self.done = done
            case Phase.PUBLISH:
                self.broker.published |= set(range(self.start, self.done))
            case Phase.COMMIT:
                self.broker.committed = self.start = self.done

    @rule()
    def crash(self) -> None:
        self.batch = None

    @invariant()
    def what_is_committed_was_applied_and_published(self) -> None:
        done = set(range(self.broker.committed))
        assert done <= self.broker.applied
        assert done <= self.broker.published


TestConsumeLoop = ConsumeLoop.TestCase
TestConsumeLoop.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
