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
        return "it was put on the replay topic without its origin: only the letter itself can be replayed"
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
    done: Callable[[Sequence[Letter]], Awaitable[object]],
) -> int:
    """Publish them again, at most `rate` a second; returns how many. `done` is told what was stored, bit by bit.

    Raises `aiokafka.errors.KafkaError`; what was not told of may be published again: its readers know copies.
    """
    producer, sent = Producer(kafka), 0
    at_once = max(1, min(_AT_ONCE, int(rate)))
    try:
        async for chunk in _chunks(records(kafka, letters), at_once):
            if sent:
                await asyncio.sleep(at_once / rate)
            await producer.publish([returned(letter, raw) for letter, raw in chunk])
            await done([letter for letter, _ in chunk])
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
