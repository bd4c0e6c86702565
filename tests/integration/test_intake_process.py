"""The process of intake on the real broker: every input ends as an outcome or a dead letter, none stops the others."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.db.operators import create_operator, operator_dsn
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from tests.unit.intake import given

NOW = datetime.now(UTC).replace(microsecond=0).isoformat()
FIRST, LAST = "E700000001", "E700000099"
"""Profiles of which no program is met on any day: nothing here hangs on the day on which the test runs."""


def body(key: str, **more: Any) -> bytes:
    value = given.body(key, passport=key, submitted_at=NOW, settlement_funds_cad=0, **more)
    return json.dumps(value).encode()


def raw(key: str | None, value: bytes | None, **headers: bytes | None) -> Record:
    common = {
        "ce_specversion": b"1.0",
        "ce_type": b"profile.submitted",
        "ce_source": b"/upstream/test",
        "ce_id": (key or "none").encode(),
    }
    return Record("submission", key.encode() if key else None, value, tuple({**common, **headers}.items()))


DEAD = {
    "not_json": raw("E700000002", b"{"),
    "not_an_object": raw("E700000003", b"[]"),
    "key_differs": raw("E700000004", body("E700000099")),
    "key_missing": raw(None, body("E700000005")),
    "header_null": raw("E700000006", body("E700000006"), ce_id=None),
    "header_not_utf8": raw("E700000007", body("E700000007"), ce_source=b"\xff"),
    "unknown_type": raw("E700000008", body("E700000008"), ce_type=b"profile.lost"),
    "body_missing": raw("E700000009", None),
}
REFUSED = {
    "E700000020": (body("E700000020", family_size="two"), "not_a_whole_number"),
    "E700000021": (body("E700000021", work=[{"noc": "99999"}]), "noc_unknown"),
    "E700000022": (b"{" + b" " * 300 * 1024, "too_large"),
    "E700000023": (b"\x00" * 3 * 1024 * 1024, "too_large"),
    FIRST: (body(FIRST), "no_program_met"),
    LAST: (body(LAST), "no_program_met"),
}


@pytest.fixture
async def kafka(stack: Stack) -> AsyncIterator[KafkaSettings]:
    process = stack.service("intake")
    yield KafkaSettings(bootstrap=stack.backend.bootstrap)
    assert stack.stop(process) == [0]


async def _read(settings: KafkaSettings, topic: str) -> list[Any]:
    return [r async for r in read_to_end(settings, [topic]) if not r.key or r.key.startswith(b"E7000000")]


async def _until(settings: KafkaSettings, topic: str, records: int) -> list[Any]:
    """The records of a topic, once there are so many."""
    until = time.monotonic() + 60
    while len(found := await _read(settings, topic)) < records:
        assert time.monotonic() < until, f"{len(found)} of {records} records on {topic}"
    return found


async def test_bad_input_of_every_kind_ends_and_the_good_between_comes_through(
    stack: Stack, kafka: KafkaSettings
) -> None:
    producer = Producer(kafka)
    records = [raw(key, value) for key, (value, _) in REFUSED.items()]
    await producer.publish([records[-2], *DEAD.values(), *records[:-2], records[-1]])
    await producer.stop()
    dead = await _until(kafka, "submission.intake.dlq", len(DEAD))
    facts = await _until(kafka, "rejected", len(REFUSED))

    refused: dict[str, set[str]] = {}
    for record in facts:
        fact = json.loads(record.value)
        refused.setdefault(fact["profile_id"], set()).update(reason["code"] for reason in fact["reasons"])
    assert set(refused) == set(REFUSED)
    for key, (_, code) in REFUSED.items():
        assert code in refused[key]

    states = {record.key.decode(): json.loads(record.value) for record in await _until(kafka, "profile", 2)}
    assert {key: state["status"] for key, state in states.items()} == {FIRST: "ineligible", LAST: "ineligible"}
    assert all("identity" not in state and "Tremblay" not in str(state) for state in states.values())

    reasons = sorted(value.decode() for record in dead for name, value in record.headers if name == "dlq-reason")
    assert reasons == sorted(DEAD)
    assert {record.value for record in dead} == {record.value for record in DEAD.values()}

    story = await asyncio.to_thread(_shown, stack, FIRST)
    assert story["published"]["status"] == "ineligible"
    assert story["identity"]["family_name"] == "Tremblay"


def _shown(stack: Stack, profile_id: str) -> Any:
    """What `ee intake show --identity` prints to an operator of intake."""
    admin = stack.backend.admin_dsn
    asyncio.run(create_operator(admin, "ada", "secret", ["intake"]))
    command = [sys.executable, "-c", "from services.cli import app; app()", "intake", "show", profile_id, "--identity"]
    environment = {**os.environ, **stack.environment}
    environment["EE_OPERATOR_POSTGRES_DSN"] = operator_dsn(admin, "ada", "secret")
    done = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)
