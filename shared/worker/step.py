"""One transaction of a service: what it writes, what it will publish, and at which business instant."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from asyncpg.pool import PoolConnectionProxy

from shared.db.queries import load
from shared.kafka.topics import TOPICS
from shared.worker.record import DeadLetter, Message

Connection = PoolConnectionProxy

QUERIES = load("shared.worker")


ENVELOPE_BYTES = 16 * 1024
"""What key, headers and batch add to a body, at most."""


class FactTooLarge(Exception):
    """In the outbox it could never leave: the record that causes it fails instead, alone."""


class Body(Protocol):
    """A message as it is published: a model, or what writes the same bytes faster."""

    def json_bytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FactDraft:
    """A fact before it has its number. `build` gives the message for a sequence; `at` is its `ce_time`."""

    topic: str
    key: str
    type: str
    at: datetime
    build: Callable[[int], Body]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as it is published, any number of times, always the same bytes under the same `ce_id`."""

    topic: str
    key: str
    type: str
    ce_id: str
    at: datetime
    body: str


@dataclass(slots=True)
class Step:
    """The open transaction of a message step or a clock step.

    In a message step the uncommitted offset is the outbox of state: `touch` only remembers the key. In a clock
    step nothing else would remember it, so `close` writes an outbox row for each touched key.
    """

    connection: Connection
    now: datetime
    state_topic: str | None = None
    by_clock: bool = False
    set_aside: Sequence[str] = ()
    touched: dict[str, None] = field(default_factory=dict)
    announced: dict[str, None] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)
    in_hand: tuple[str, ...] = ()

    def touch(self, keys: Iterable[str]) -> None:
        """The current rows of these keys are to be published, also where this step changed nothing."""
        self.touched.update(dict.fromkeys(keys))

    def announce(self, keys: Iterable[str]) -> None:
        """Outbox rows of these keys were written: a message step publishes them before its offsets."""
        self.announced.update(dict.fromkeys(keys))

    def working_on(self, keys: Iterable[str]) -> None:
        """The keys that a clock step has taken: where one of them makes it fail, it is set aside."""
        self.in_hand = tuple(keys)

    def poison(self, message: Message, code: str) -> None:
        """This message can never be processed: dead letters, before the offset is committed."""
        self.dead.append(DeadLetter(message.record, code))

    async def add(self, drafts: Sequence[FactDraft]) -> list[Fact]:
        """Number the facts (dense per topic and key) and put them in the outbox. The caller holds the keys' locks."""
        if not drafts:
            return []
        wanted = Counter((draft.topic, draft.key) for draft in drafts)
        pairs = sorted(wanted)
        rows = await self.connection.fetch(
            QUERIES.raise_fact_sequences,
            [topic for topic, _ in pairs],
            [key for _, key in pairs],
            [wanted[pair] for pair in pairs],
        )
        lasts = {(row["topic"], row["key"]): row["last"] for row in rows}
        following = {pair: last - wanted[pair] + 1 for pair, last in lasts.items()}
        facts = []
        for draft in drafts:
            pair = (draft.topic, draft.key)
            facts.append(_numbered(draft, following[pair]))
            following[pair] += 1
        await self.repeat(facts)
        return facts

    async def repeat(self, facts: Sequence[Fact]) -> None:
        """Put facts in the outbox as they are: new ones, or a stored outcome that was asked for again."""
        self.announce(fact.key for fact in facts)
        await self.connection.execute(
            QUERIES.add_outbox_facts,
            [fact.topic for fact in facts],
            [fact.key for fact in facts],
            [fact.type for fact in facts],
            [fact.ce_id for fact in facts],
            [fact.at for fact in facts],
            [fact.body for fact in facts],
        )

    async def close(self) -> None:
        """Last act before the commit."""
        if self.by_clock and self.state_topic and self.touched:
            await self.connection.execute(QUERIES.add_outbox_states, self.state_topic, list(self.touched))


def _numbered(draft: FactDraft, sequence: int) -> Fact:
    body = draft.build(sequence).json_bytes()
    limit = int(TOPICS[draft.topic].config["max.message.bytes"]) - ENVELOPE_BYTES
    if len(body) > limit:
        raise FactTooLarge(f"a fact for {draft.topic} has {len(body)} bytes, its topic takes {limit}")
    return Fact(draft.topic, draft.key, draft.type, f"{draft.topic}:{draft.key}:{sequence}", draft.at, body.decode())
