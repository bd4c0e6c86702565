"""Processes of scoring on the real broker: one is killed in the middle, and every profile still ends with its score."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.profile import ProfileState, Status
from shared.contracts.scored import Eligible, Scored
from shared.contracts.types import ELIGIBLE, PROFILE, SCORED
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.processes import Process
from shared.stack.stack import Stack
from tests.unit.scoring.candidates import NOW, state

PROFILES = 1500
KEYS = [f"S{number:09}" for number in range(PROFILES)]
BATCH = {"EE_BATCH_MAX_RECORDS": "100"}
"""Small batches, so that the kill falls between some of them."""


@pytest.fixture
async def kafka(stack: Stack) -> AsyncIterator[KafkaSettings]:
    yield KafkaSettings(bootstrap=stack.backend.bootstrap)
    codes = stack.stop(*[process for process in stack.processes if process.name.startswith("scoring")])
    assert set(codes) <= {0, -signal.SIGKILL}


def record(body: ProfileState | None, key: str) -> Record:
    event = Attributes(PROFILE, "/express-entry/intake", f"profile:{key}:{body.sequence if body else 0}", NOW)
    return Record("profile", key.encode(), body.json_bytes() if body else None, headers(event, key))


async def until_handled(settings: KafkaSettings, left: int = 0) -> None:
    offsets = Offsets(settings)
    ends = await offsets.ends(["profile"])
    async with asyncio.timeout(600):
        while await offsets.caught_up("scoring", ends) > left:  # noqa: ASYNC110 (another process moves it)
            await asyncio.sleep(0.05)
    await offsets.close()


async def read(settings: KafkaSettings, topic: str) -> dict[str, list[bytes | None]]:
    """The values of each of our keys in the order in which a reader gets them."""
    found: dict[str, list[bytes | None]] = defaultdict(list)
    async for raw in read_to_end(settings, [topic]):
        if raw.key and raw.key.startswith(b"S0"):
            assert dict(raw.headers)["ce_type"] == {"scored": SCORED, "eligible": ELIGIBLE}[topic].encode()
            found[raw.key.decode()].append(raw.value)
    return found


def never_back(bodies: list[Scored] | list[Eligible]) -> bool:
    places = [(body.sequence, body.profile_sequence) for body in bodies]
    return places == sorted(places)


async def test_a_worker_is_killed_and_every_profile_ends_with_its_newest_score(
    stack: Stack, kafka: KafkaSettings
) -> None:
    killed: Process = stack.service("scoring", **BATCH)
    stack.service("scoring", **BATCH)
    producer = Producer(kafka)
    await producer.publish([record(state(key, sequence), key) for sequence in (1, 2) for key in KEYS])
    await until_handled(kafka, left=2 * PROFILES - 300)
    killed.kill()
    closed = [state(key, 3, status=Status.WITHDRAWN) for key in KEYS[:10]]
    await producer.publish([record(body, body.profile_id) for body in closed])
    await producer.publish([record(None, key) for key in KEYS[:5]])
    await until_handled(kafka)
    await producer.stop()

    scored, eligible = await read(kafka, "scored"), await read(kafka, "eligible")
    assert set(scored) == set(eligible) == set(KEYS)
    for key in KEYS:
        scores = [Scored.read(value) for value in scored[key] if value is not None]
        verdicts = [Eligible.read(value) for value in eligible[key] if value is not None]
        assert never_back(scores)
        assert never_back(verdicts)
        assert (scores[-1].sequence, scores[-1].on) == (verdicts[-1].sequence, verdicts[-1].on)
        if key in KEYS[:5]:
            assert scored[key][-1] is eligible[key][-1] is None
        else:
            newest = (3, Status.WITHDRAWN) if key in KEYS[:10] else (2, Status.IN_POOL)
            assert (scores[-1].profile_sequence, scores[-1].status) == newest
