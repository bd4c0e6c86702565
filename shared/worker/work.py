"""One batch on its way through the consume loop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.worker.record import DeadLetter, Record


@dataclass(slots=True)
class Part:
    """One transaction: how many records it has done, and what it leaves to be published."""

    records: int
    touched: Iterable[str] = ()
    announced: Iterable[str] = ()
    dead: Sequence[DeadLetter] = ()
    failures: int = 0
    """Records on which we failed, with nothing of ours that could be read beside them."""
    handled: bool = False


@dataclass(slots=True)
class Work:
    """One batch on its way: its records up to `done` are applied, those before `start` are committed."""

    records: Sequence[Record]
    began: float
    deadline: float
    start: int = 0
    done: int = 0
    touched: dict[str, None] = field(default_factory=dict)
    announced: dict[str, None] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)

    @property
    def part(self) -> Sequence[Record]:
        """Applied, and not yet committed."""
        return self.records[self.start : self.done]

    @property
    def rest(self) -> Sequence[Record]:
        """Not yet committed."""
        return self.records[self.start :]

    def add(self, part: Part) -> None:
        """This transaction is done."""
        self.touched |= dict.fromkeys(part.touched)
        self.announced |= dict.fromkeys(part.announced)
        self.dead += part.dead
        self.done += part.records

    def committed(self) -> None:
        """The part in hand is behind the group; what follows is a part of its own."""
        self.start, self.touched, self.announced, self.dead = self.done, {}, {}, []
