"""The way back of a dead letter: input bytes to their topic, a record of ours to the one service that failed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from shared.kafka.producer import Producer, Record
from shared.kafka.reader import Raw
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS, replay_name
from shared.worker.dead_letters import taken_apart
from shared.worker.letters import Letter, records

_AT_ONCE = 100
"""Records in one publish at most: a dead letter may have 5 MiB."""


def why_not(letter: Letter) -> str | None:
    """Why this one can't be replayed; None if it can."""
    if TOPICS[letter.origin[0]].kind == "replay":
        return "it lay on the replay topic without an operator's order: only what was held can be replayed"
    if letter.cut:
        return f"it was too large to be kept whole ({letter.cut}): only its upstream can send it again"
    return None


def destination(letter: Letter) -> str:
    """The topic that it goes back to."""
    return letter.origin[0] if letter.is_input else replay_name(letter.service)


def returned(letter: Letter, raw: Raw) -> Record:
    """The record as it goes back. Key, value and headers are as they came; on a replay topic the origin goes along."""
    if letter.is_input:
        headers, _ = taken_apart(tuple(raw.headers))
        topic, partition, _ = letter.origin
        return Record(topic, raw.key, raw.value, headers, partition)
    return Record(replay_name(letter.service), raw.key, raw.value, tuple(raw.headers))


async def replay(
    kafka: KafkaSettings,
    letters: Sequence[Letter],
    rate: float,
    record: Callable[[Sequence[Letter]], Awaitable[object]],
) -> int:
    """Publish them again, at most `rate` a second, and `record` it bit by bit; returns how many.

    A record of ours is recorded first: its service takes back only what was ordered. An input is recorded when it is
    stored, because what was recorded is not sent again. Raises `aiokafka.errors.KafkaError`.
    """
    producer, sent = Producer(kafka), 0
    at_once = max(1, min(_AT_ONCE, int(rate)))
    try:
        async for chunk in _chunks(records(kafka, letters), at_once):
            if sent:
                await asyncio.sleep(at_once / rate)
            await record([letter for letter, _ in chunk if not letter.is_input])
            await producer.publish([returned(letter, raw) for letter, raw in chunk])
            await record([letter for letter, _ in chunk if letter.is_input])
            sent += len(chunk)
    finally:
        await producer.stop()
    return sent


async def _chunks(found: AsyncIterator[tuple[Letter, Raw]], size: int) -> AsyncIterator[list[tuple[Letter, Raw]]]:
    chunk: list[tuple[Letter, Raw]] = []
    async for one in found:
        chunk.append(one)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
