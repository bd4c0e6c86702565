"""The consume loop's decisions, over every interleaving that Hypothesis can think of."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.worker.batch import Batch, Breaker, Outcome, Phase, after, backoff_s

WORKING = (Phase.APPLY, Phase.ISOLATE, Phase.PUBLISH, Phase.COMMIT)


@pytest.mark.parametrize("phase", WORKING)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_offsets_are_committed_only_after_everything_was_published(phase: Phase, outcome: Outcome) -> None:
    following = after(Batch(phase), outcome, may_wait=True)
    if following.phase is Phase.COMMIT:
        assert phase in {Phase.PUBLISH, Phase.COMMIT}
    if following.phase is Phase.DONE:
        assert (phase, outcome) == (Phase.COMMIT, Outcome.OK)


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


@dataclass
class Broker:
    """A log of numbered records, a table that each may change once, an output topic."""

    committed: int = 0
    applied: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    published: set[int] = field(default_factory=set)


class ConsumeLoop(RuleBasedStateMachine):
    """Polls, crashes, revokes, failing publishes and commits in any order: what is committed is published."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = Broker()
        self.log_end = 0
        self.records: range | None = None
        self.batch = Batch()

    @rule(count=st.integers(1, 5))
    def produce(self, count: int) -> None:
        self.log_end += count

    @precondition(lambda self: self.records is None and self.broker.committed < self.log_end)
    @rule(size=st.integers(1, 4))
    def poll(self, size: int) -> None:
        start = self.broker.committed
        self.records, self.batch = range(start, min(start + size, self.log_end)), Batch()

    @precondition(lambda self: self.records is not None)
    @rule(outcome=st.sampled_from(Outcome), may_wait=st.booleans())
    def act(self, outcome: Outcome, may_wait: bool) -> None:
        assert self.records is not None
        if outcome is Outcome.OK:
            self._effect(self.records)
        self.batch = after(self.batch, outcome, may_wait=may_wait)
        if self.batch.over:
            self.records = None

    def _effect(self, records: range) -> None:
        match self.batch.phase:
            case Phase.APPLY:
                self.broker.applied |= set(records)
            case Phase.ISOLATE:
                self.broker.dead.add(records[0])
                self.broker.applied |= set(records[1:])
            case Phase.PUBLISH:
                self.broker.published |= set(records)
            case Phase.COMMIT:
                self.broker.committed = records[-1] + 1

    @rule()
    def crash(self) -> None:
        self.records, self.batch = None, Batch()

    @invariant()
    def what_is_committed_was_applied_or_dead_and_published(self) -> None:
        done = set(range(self.broker.committed))
        assert done <= self.broker.applied | self.broker.dead
        assert done <= self.broker.published


TestConsumeLoop = ConsumeLoop.TestCase
TestConsumeLoop.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
