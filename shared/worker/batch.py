"""What the consume loop does next, as a pure state machine: no I/O, so that every interleaving can be tried.

    APPLY ----applied----> PUBLISH --published--> COMMIT --committed--> DONE
      |  \\--transient--> (wait) APPLY     \\--transient--> (wait) PUBLISH
      |--bug--> ISOLATE --isolated--> PUBLISH
                    \\--breaker--> (wait) ISOLATE
    any wait that lasts too long, or while partitions are being taken away -> ABANDON (nothing committed)

Offsets are committed in one state only, and it is reached only through PUBLISH.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto


class Phase(Enum):
    """What to do now."""

    APPLY = auto()
    ISOLATE = auto()
    PUBLISH = auto()
    COMMIT = auto()
    DONE = auto()
    ABANDON = auto()


class Outcome(Enum):
    """How it went."""

    OK = auto()
    TRANSIENT = auto()
    BUG = auto()
    BREAKER_OPEN = auto()
    LOST = auto()
    """The partitions belong to somebody else now: their owner does the batch again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Where one batch stands. `waits` counts the failures in a row, for the backoff."""

    phase: Phase = Phase.APPLY
    waits: int = 0

    @property
    def over(self) -> bool:
        return self.phase in {Phase.DONE, Phase.ABANDON}


_NEXT = {
    (Phase.APPLY, Outcome.OK): Phase.PUBLISH,
    (Phase.APPLY, Outcome.BUG): Phase.ISOLATE,
    (Phase.ISOLATE, Outcome.OK): Phase.PUBLISH,
    (Phase.PUBLISH, Outcome.OK): Phase.COMMIT,
    (Phase.COMMIT, Outcome.OK): Phase.DONE,
    (Phase.COMMIT, Outcome.LOST): Phase.ABANDON,
    (Phase.COMMIT, Outcome.BUG): Phase.ABANDON,
}


def after(batch: Batch, outcome: Outcome, *, may_wait: bool) -> Batch:
    """The batch after a step. Where there is nothing better it waits and does the same step again.

    `may_wait` is false while partitions are being revoked, at shutdown, and when the batch has waited so long
    that the group would think this member dead: then it is abandoned, uncommitted, and read again.
    """
    following = _NEXT.get((batch.phase, outcome))
    if following is not None:
        return Batch(following)
    if not may_wait:
        return Batch(Phase.ABANDON)
    return replace(batch, waits=batch.waits + 1)


def backoff_s(waits: int) -> float:
    """Seconds before the step is tried again: 0.1 s doubling to 5 s (the caller adds jitter)."""
    return float(min(0.1 * 2 ** max(waits - 1, 0), 5.0))


@dataclass(slots=True)
class Breaker:
    """Counts our own failures in a row; open, nothing more goes to the dead letters, so a bad deploy backs up.

    Bad input from upstreams is not counted. One success closes it.
    """

    limit: int
    in_a_row: int = 0

    @property
    def open(self) -> bool:
        return self.in_a_row >= self.limit

    def failed(self, times: int = 1) -> None:
        self.in_a_row += times

    def succeeded(self) -> None:
        self.in_a_row = 0
