"""Everything that was published about one profile, as a subscriber keeps it: states by sequence, facts once."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import TypeVar

from shared.contracts.base import Message
from shared.contracts.decided import Decided
from shared.contracts.outcomes import Notice, Rejected
from shared.contracts.rounds import Invited
from shared.contracts.scored import Eligible, Scored
from shared.kafka.reader import Raw, read_to_end
from shared.kafka.settings import KafkaSettings

TOPICS = ("scored", "eligible", "rejected", "notice", "invited", "decided")


@dataclass(slots=True)
class Published:
    """What is known of a profile. Facts in the order of their sequences; `decided` without what was withdrawn since."""

    profile_id: str
    erased: bool = False
    scored: Scored | None = None
    eligible: Eligible | None = None
    rejected: list[Rejected] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    invited: list[Invited] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    _facts: dict[tuple[str, bytes, bytes], Message] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether no message is about this number."""
        return not (self.erased or self.scored or self._facts)

    def take(self, topic: str, headers: dict[str, bytes], value: bytes | None) -> None:
        """One record; copies change nothing."""
        if topic == "scored":
            self.erased = value is None
            self.scored = None if value is None else _newer(self.scored, Scored.read(value))
        elif topic == "eligible":
            self.eligible = None if value is None else _newer(self.eligible, Eligible.read(value))
        elif value is not None:
            number = (topic, headers.get("ce_source", b""), headers["ce_id"])
            self._facts.setdefault(number, _FACTS[topic].read(value))

    def sort(self) -> "Published":
        """All records were taken."""
        self.rejected = [one for one in self._facts.values() if isinstance(one, Rejected)]
        self.notices = [one for one in self._facts.values() if isinstance(one, Notice)]
        self.invited = [one for one in self._facts.values() if isinstance(one, Invited)]
        self.invited.sort(key=lambda one: (one.invited_at, one.sequence))
        self.decided = sorted(self._decided(), key=lambda one: one.sequence)
        return self

    def _decided(self) -> list[Decided]:
        """The facts that hold: one that a later one withdraws is named by it."""
        found = {number: one for (_, _, number), one in self._facts.items() if isinstance(one, Decided)}
        reasons = [reason for one in found.values() for reason in one.reasons if reason.code == "message_withdrawn"]
        gone = {str(reason.params.get("ce_id")).encode() for reason in reasons}
        return [one for number, one in found.items() if number not in gone]


S = TypeVar("S", Scored, Eligible)

_FACTS: dict[str, type[Message]] = {"rejected": Rejected, "notice": Notice, "invited": Invited, "decided": Decided}


def _newer(known: S | None, new: S) -> S:
    return new if known is None or known.sequence < new.sequence else known


async def read(kafka: KafkaSettings, profile_id: str) -> Published:
    """Read the topics that a subscriber may read. Raises `aiokafka.errors.KafkaError`."""
    return await collect(profile_id, read_to_end(kafka, TOPICS, profile_id.encode()))


async def collect(profile_id: str, records: AsyncIterable[Raw]) -> Published:
    """What these records say together."""
    found = Published(profile_id)
    async for record in records:
        found.take(record.topic, dict(record.headers), record.value)
    return found.sort()
