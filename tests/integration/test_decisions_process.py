"""Processes of decisions on the real broker: one is killed, deadlines wait for the group, nothing is said twice."""

import asyncio
import json
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.contracts import types
from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.status.published import read
from tests.integration.decisions_bench import profile
from tests.unit.decisions.given import application, invitation

PROFILES = 240
KEYS = [f"D{number:09}" for number in range(PROFILES)]
APPLY, READ_LATE, LAPSE = KEYS[::3], KEYS[1::3], KEYS[2::3]
BATCH = {"EE_BATCH_MAX_RECORDS": "50"}
"""Small batches, so that the kill falls between some of them."""


@pytest.fixture
async def kafka(stack: Stack) -> AsyncIterator[KafkaSettings]:
    yield KafkaSettings(bootstrap=stack.backend.bootstrap)
    codes = stack.stop(*[process for process in stack.processes if process.name.startswith("decisions")])
    assert set(codes) <= {0, -signal.SIGKILL}


def record(topic: str, type_: str, source: str, body: dict[str, Any]) -> Record:
    key = body["profile_id"]
    event = Attributes(type_, source, f"{topic}:{key}")
    return Record(topic, key.encode(), json.dumps(body).encode(), headers(event, key))


def state_of(key: str) -> Record:
    raw = profile(profile_id=key).record
    return Record("profile", key.encode(), raw.value, raw.headers)


def invited(key: str) -> Record:
    return record("invited", types.INVITED, source_of("draws"), invitation(f"I-{key}", profile_id=key))


def applied(key: str) -> Record:
    body = application(application_id=f"A-{key}", invitation_id=f"I-{key}", profile_id=key)
    return record("application", "application.submitted", "/upstream/portal", body)


async def decided(settings: KafkaSettings) -> dict[str, list[dict[str, Any]]]:
    """Each key's facts as a reader keeps them: a `ce_id` that was seen is dropped."""
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    async for raw in read_to_end(settings, ["decided"]):
        if raw.key and raw.key.startswith(b"D0"):
            ce_id = dict(raw.headers)["ce_id"]
            assert ce_id is not None
            body = json.loads(raw.value or b"null")
            assert found[raw.key.decode()].setdefault(ce_id.decode(), body) == body
    return {key: list(facts.values()) for key, facts in found.items()}


async def until(settings: KafkaSettings, holds: Callable[[dict[str, list[dict[str, Any]]]], bool]) -> Any:
    async with asyncio.timeout(600):
        while True:
            found = await decided(settings)
            if holds(found):
                return found
            await asyncio.sleep(0.2)


def outcomes(facts: list[dict[str, Any]]) -> list[str]:
    return [fact["outcome"] for fact in facts if fact["outcome"] != "proposed"]


async def test_a_worker_is_killed_and_every_invitation_ends_as_the_law_says(stack: Stack, kafka: KafkaSettings) -> None:
    producer = Producer(kafka)
    killed = stack.service("decisions", **BATCH)
    stack.service("decisions", **BATCH)
    await producer.publish([applied(key) for key in APPLY] + [invited(key) for key in KEYS])
    await producer.publish([state_of(key) for key in KEYS])
    offsets = Offsets(kafka)
    ends = await offsets.ends(["invited"])
    async with asyncio.timeout(600):
        while await offsets.caught_up("decisions", ends) > PROFILES - 50:  # noqa: ASYNC110 (another process moves it)
            await asyncio.sleep(0.05)
    await offsets.close()
    killed.kill()

    first = await until(kafka, lambda found: set(found) == set(KEYS))
    assert {tuple(outcomes(first[key])) for key in APPLY} == {("received",)}
    assert {tuple(outcomes(first[key])) for key in (*READ_LATE, *LAPSE)} == {("lapsed",)}

    await producer.publish([applied(key) for key in READ_LATE])
    await producer.stop()
    late = await until(kafka, lambda found: all("received" in outcomes(found[key]) for key in READ_LATE))
    assert {tuple(outcomes(late[key])) for key in READ_LATE} == {("lapsed", "lapse_withdrawn", "received")}
    held = (await read(kafka, READ_LATE[0])).decided
    assert [one.outcome.value for one in held if one.outcome != "proposed"] == ["lapse_withdrawn", "received"]
    for facts in late.values():
        assert [fact["sequence"] for fact in facts] == list(range(1, len(facts) + 1))
