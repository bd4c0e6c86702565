"""The dead letters as they lie in their topics: found, filtered, described without a word of their payload."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.contracts.ops import Held
from shared.kafka.reader import Raw, latest, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import SERVICES, TOPICS, dlq_name, topics_of
from shared.worker.dead_letters import CUT, taken_apart
from shared.worker.held import HELD, held_key
from shared.worker.record import Origin

Place = tuple[str, int, int]
"""Where the dead letter itself lies: topic, partition, offset."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: where it came from and why it is one. `state` is that of its entry in `held`, if it has one."""

    service: str
    origin: Origin
    place: Place
    reason: str
    detail: str
    attempt: int
    source: str
    key: bytes | None
    at: datetime
    size: int
    state: str | None = None
    cut: str = ""
    """Where it was too large to be kept whole: its size, and the hash of its key and value."""

    @property
    def name(self) -> str:
        """What people call it, and the key of its entry in `held`: `SERVICE/TOPIC/PARTITION/OFFSET`."""
        return held_key(self.service, self.origin)

    @property
    def is_input(self) -> bool:
        """Whether it came from an upstream, so that its bytes go back to their topic."""
        return TOPICS[self.origin[0]].kind == "input"

    @property
    def shown_key(self) -> str:
        """The key where it can be a number of ours; else its length, because it may be anything."""
        text = (self.key or b"").decode("ascii", errors="replace")
        if text and len(text) <= _KEY_LENGTH and text.replace("-", "").isalnum() and text.isascii():
            return text
        return "no key" if self.key is None else f"key of {len(self.key)} bytes"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant; what is left empty selects nothing out."""

    names: Collection[str] = ()
    topic: str | None = None
    service: str | None = None
    reason: str | None = None
    source: str | None = None
    key: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether this one is meant."""
        wanted = (
            (self.topic, letter.origin[0]),
            (self.service, letter.service),
            (self.reason, letter.reason),
            (self.source, letter.source),
            (self.key and self.key.encode(), letter.key),
            (self.state, letter.state),
        )
        return (
            all(want is None or want == found for want, found in wanted)
            and (not self.names or letter.name in self.names)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
        )

    @property
    def topics(self) -> list[str]:
        """The dead-letter topics in which such letters lie."""
        return [
            dlq_name(topic, service)
            for service in SERVICES
            if self.service in (None, service)
            for topic in topics_of(service)
            if self.topic in (None, topic)
            if not self.names or any(name.startswith(f"{service}/{topic}/") for name in self.names)
        ]


async def find(kafka: KafkaSettings, selection: Selection) -> list[Letter]:
    """Every dead letter that is meant, the oldest first; of one that was tried again only its last attempt."""
    held = {key: Held.read(raw.value) for key, raw in (await latest(kafka, HELD)).items() if raw.value is not None}
    states = {(key or b"").decode(): body.state for key, body in held.items()}
    found: dict[str, Letter] = {}
    async for raw in read_to_end(kafka, selection.topics):
        letter = described(raw, states)
        known = found.get(letter.name)
        if known is None or known.attempt <= letter.attempt:
            found[letter.name] = letter
    return sorted((one for one in found.values() if selection.takes(one)), key=lambda one: (one.at, one.place))


async def records(kafka: KafkaSettings, letters: Sequence[Letter]) -> AsyncIterator[tuple[Letter, Raw]]:
    """These letters with their records, payload and all."""
    wanted = {letter.place: letter for letter in letters}
    if not wanted:
        return
    async for raw in read_to_end(kafka, sorted({topic for topic, _, _ in wanted})):
        letter = wanted.get((raw.topic, raw.partition, raw.offset))
        if letter is not None:
            yield letter, raw


def described(raw: Raw, states: Mapping[str, str]) -> Letter:
    """What the headers of a dead letter say."""
    headers, added = taken_apart(tuple(raw.headers))
    topic, service = _from(raw.topic)
    origin = (added.get("dlq-topic", topic), int(added.get("dlq-partition", -1)), int(added.get("dlq-offset", -1)))
    source = next((value for name, value in headers if name == "ce_source" and value), b"")
    return Letter(
        service,
        origin,
        (raw.topic, raw.partition, raw.offset),
        added.get("dlq-reason", ""),
        added.get("dlq-detail", ""),
        int(added.get("dlq-attempt", 1)),
        printable(source),
        raw.key,
        _EPOCH + timedelta(milliseconds=raw.timestamp),
        len(raw.value or b""),
        states.get(held_key(service, origin)),
        added.get(CUT, ""),
    )


def printable(value: bytes) -> str:
    """What a stranger wrote into a header, fit for a terminal."""
    text = value.decode(errors="replace")
    return text if text.isprintable() else ascii(text)[1:-1]


def _from(dead_letter_topic: str) -> tuple[str, str]:
    topic, service, _ = dead_letter_topic.rsplit(".", 2)
    return topic, service
