"""What the consume loop does next, as a pure state machine: no I/O, so that every interleaving can be tried.

    GUARD --may go on--> APPLY ----applied----> PUBLISH --published--> COMMIT --committed--> DONE
      \\--refused--> (wait) |  \\--transient--> (wait)   \\--transient--> (wait)  \\--a part--> (wait) ISOLATE
                          |--slow--> APPLY in twice as many pieces
                          |--bug--> ISOLATE --isolated, or a part behind which the breaker opened--> PUBLISH
    any wait that lasts too long, or while partitions are being taken away -> ABANDON (the rest is read again)

Offsets are committed in one state only, and it is reached only through PUBLISH.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto


class Phase(Enum):
    """What to do now."""

    GUARD = auto()
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
    REFUSED = auto()
    """The topic is not the one that was read before: an operator has to say how to go on."""
    SLOW = auto()
    """The database gave up for its time limit: the same transaction would do so again."""
    BUG = auto()
    PART = auto()
    """The breaker is open: what was done until then is a part of its own, the rest waits behind it."""
    LOST = auto()
    """These records are not ours to handle: another owns the partitions now, or they are read from elsewhere."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Where one batch stands.

    `waits` counts the failures in a row, for the backoff; `pieces`: into how many transactions it is cut; `rest`:
    behind the part in hand there are records that wait for the breaker.
    """

    phase: Phase = Phase.GUARD
    waits: int = 0
    pieces: int = 1
    rest: bool = False

    @property
    def over(self) -> bool:
        return self.phase in {Phase.DONE, Phase.ABANDON}

    @property
    def pause_s(self) -> float:
        """Seconds until the step is tried again (the caller adds jitter)."""
        behind_breaker = self.rest and self.phase is Phase.ISOLATE
        return PROBE_S if behind_breaker else backoff_s(self.waits)


PROBE_S = 5.0
"""Behind an open breaker one record is tried every so many seconds: one that succeeds closes it."""

_NEXT = {
    (Phase.GUARD, Outcome.OK): Phase.APPLY,
    (Phase.GUARD, Outcome.LOST): Phase.ABANDON,
    (Phase.APPLY, Outcome.OK): Phase.PUBLISH,
    (Phase.APPLY, Outcome.BUG): Phase.ISOLATE,
    (Phase.ISOLATE, Outcome.OK): Phase.PUBLISH,
    (Phase.ISOLATE, Outcome.PART): Phase.PUBLISH,
    (Phase.PUBLISH, Outcome.OK): Phase.COMMIT,
    (Phase.COMMIT, Outcome.OK): Phase.DONE,
    (Phase.COMMIT, Outcome.LOST): Phase.ABANDON,
    (Phase.COMMIT, Outcome.BUG): Phase.ABANDON,
}


def first(last: Batch) -> Batch:
    """The batch after `last`: one that was given back is not tried in larger pieces again, a good one in larger."""
    return Batch(pieces=last.pieces if last.phase is Phase.ABANDON else max(last.pieces // 2, 1))


def after(batch: Batch, outcome: Outcome, *, may_wait: bool) -> Batch:
    """The batch after a step. Where there is nothing better it waits and does the same step again.

    `may_wait` is false while partitions are being revoked, at shutdown, and when the batch has waited so long
    that the group would think this member dead: then it is abandoned, uncommitted, and read again.
    """
    if (batch.phase, outcome) == (Phase.APPLY, Outcome.SLOW):
        batch = replace(batch, pieces=batch.pieces * 2)
    if (batch.phase, outcome) == (Phase.COMMIT, Outcome.OK) and batch.rest:
        return replace(batch, phase=Phase.ISOLATE if may_wait else Phase.ABANDON, waits=1)
    following = _NEXT.get((batch.phase, outcome))
    if following is not None:
        rest = outcome is Outcome.PART or (batch.rest and batch.phase is Phase.PUBLISH)
        return replace(batch, phase=following, waits=0, rest=rest)
    if not may_wait:
        return replace(batch, phase=Phase.ABANDON)
    return replace(batch, waits=batch.waits + 1)


def backoff_s(waits: int) -> float:
    """Seconds before the step is tried again: 0.1 s doubling to 5 s (the caller adds jitter)."""
    return float(min(0.1 * 2 ** min(max(waits - 1, 0), 10), 5.0))


@dataclass(slots=True)
class Breaker:
    """Counts our own failures in a row. Open, records go to the dead letters one by one and slowly (`PROBE_S`), so
    that a bad deploy backs up, and what follows a run of truly bad records is reached without anybody's help.

    Bad input from upstreams is not counted. One success closes it.
    """

    limit: int
    in_a_row: int = 0

    @property
    def open(self) -> bool:
        return self.in_a_row >= self.limit

    def opens_by(self, times: int) -> bool:
        """Whether it is open, or would be after so many failures."""
        return self.in_a_row + times >= self.limit

    def failed(self, times: int = 1) -> None:
        self.in_a_row += times

    def succeeded(self) -> None:
        self.in_a_row = 0
