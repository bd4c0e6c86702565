"""From a record that cannot be processed to its replay, until it is settled: `ee dlq` on real servers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.ops import Held
from shared.contracts.types import DECIDED, PROFILE
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import latest, read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.worker import record as worker
from shared.worker.dead_letters import describe, outgoing
from shared.worker.dlq_cli import app
from shared.worker.letters import Letter, Selection, find
from shared.worker.record import Poison
from tests.unit.scoring.candidates import NOW, state

DEADLINE_S = 60.0
EXAMPLES = Path(__file__).parents[2] / "docs" / "messages" / "examples"


@pytest.fixture(scope="module")
def kafka(stack: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap=stack.backend.bootstrap)


@pytest.fixture
async def producer(kafka: KafkaSettings) -> AsyncIterator[Producer]:
    producer = Producer(kafka)
    yield producer
    await producer.stop()


@pytest.fixture
async def fail(stack: Stack, kafka: KafkaSettings, tmp_path: Path) -> AsyncIterator[Callable[[str], None]]:
    """A process of scoring that has nothing to do, made to fail as the words say."""
    file = tmp_path / "failpoint"
    process = stack.service("scoring", EE_FAILPOINT=f"@{file}")
    offsets = Offsets(kafka)
    ends = await offsets.ends(["profile", "scoring.replay"])

    async def idle() -> bool:
        return await offsets.caught_up("scoring", ends) == 0

    await until(idle)
    await offsets.close()

    def arm(words: str) -> None:
        file.write_text(words, "utf-8")

    yield arm
    assert stack.stop(process) == [0]


@pytest.fixture
async def nora(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """An operator of every service, at the terminal."""
    parts = urlsplit(stack.backend.admin_dsn)
    connection = await asyncpg.connect(stack.backend.admin_dsn)
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = 'nora'"):
        groups = "intake_operator, scoring_operator, draws_operator, decisions_operator"
        await connection.execute(f"CREATE ROLE nora LOGIN PASSWORD 'nora' IN ROLE {groups}")
    await connection.close()
    dsn = urlunsplit(parts._replace(netloc=f"nora:nora@{parts.netloc.rpartition('@')[2]}"))
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", dsn)
    return dsn


async def ee_dlq(*words: str, fails: bool = False) -> str:
    found = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    assert (found.exit_code != 0) == fails, found.output
    return found.output


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def dead(
    kafka: KafkaSettings,
    key: str,
    attempt: int = 1,
    state: str | None = "open",
    topic: str = "profile",
    service: str = "scoring",
) -> Letter:
    """The dead letter of this key, once it has been tried so often and stands so."""
    found: list[Letter] = []

    async def there() -> bool:
        letters = await find(kafka, Selection(key=key, topic=topic, service=service))
        found[:] = [letter for letter in letters if (letter.attempt, letter.state) == (attempt, state)]
        return bool(found)

    await until(there)
    assert len(found) == 1
    return found[0]


def event(key: str, sequence: int, type_: str = PROFILE) -> tuple[tuple[str, bytes | None], ...]:
    return headers(Attributes(type_, "/express-entry/intake", f"profile:{key}:{sequence}", NOW), key)


async def test_a_record_on_which_we_failed_is_replayed_and_settled(
    kafka: KafkaSettings, producer: Producer, fail: Callable[[str], None], nora: str
) -> None:
    key = "DLQ-BUG-1"
    fail("inside_transaction:raise:1:2")
    await producer.publish([Record("profile", key.encode(), state(key, 1).json_bytes(), event(key, 1))])
    letter = await dead(kafka, key)
    assert (letter.service, letter.origin[0], letter.reason) == ("scoring", "profile", "bug")
    assert f"{letter.name}  bug  attempt 1" in await ee_dlq("list", "--key", key)
    assert "1 dead letters would be replayed" in await ee_dlq("replay", letter.name, "--reason", "mended", "--dry-run")
    assert (await dead(kafka, key)).attempt == 1
    assert "1 dead letters replayed" in await ee_dlq("replay", letter.name, "--reason", "mended")
    await dead(kafka, key, state="settled")
    scored = [record async for record in read_to_end(kafka, ["scored"]) if record.key == key.encode()]
    assert len(scored) == 1
    assert "0 dead letters replayed" in await ee_dlq("replay", letter.name, "--reason", "once more")


async def test_a_replay_that_fails_again_keeps_its_origin_until_an_operator_gives_it_up(
    kafka: KafkaSettings, producer: Producer, fail: Callable[[str], None], nora: str
) -> None:
    key = "DLQ-MAJOR-9"
    await producer.publish([Record("profile", key.encode(), b'{"sequence":3}', event(key, 3, "profile.changed.v9"))])
    letter = await dead(kafka, key)
    await ee_dlq("replay", "--key", key, "--reason", "is the new version out?")
    again = await dead(kafka, key, attempt=2)
    assert (again.name, again.reason) == (letter.name, "unknown_type")
    assert "1 dead letters dismissed" in await ee_dlq("dismiss", "--key", key, "--reason", "no such version")
    await dead(kafka, key, attempt=2, state="settled")
    held = Held.read((await latest(kafka, "held"))[letter.name.encode()].value or b"")
    assert (held.profile_id, held.source_sequence, held.state) == (key, 3, "settled")
    connection = await asyncpg.connect(nora)
    orders = await connection.fetch(
        "SELECT kind, given_by, reason FROM scoring.dead_letter_order WHERE topic = $1 AND partition = $2"
        " AND record_offset = $3 ORDER BY order_id",
        *letter.origin,
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE scoring.dead_letter_order SET reason = 'another'")
    await connection.close()
    assert [(row["kind"], row["given_by"]) for row in orders] == [("replay", "nora"), ("dismiss", "nora")]


async def test_a_replay_that_is_refused_again_stays_open(
    stack: Stack, kafka: KafkaSettings, producer: Producer, nora: str
) -> None:
    process = stack.service("draws")
    example = json.loads((EXAMPLES / "application.decided.v1.json").read_text("utf-8"))
    key = "DLQ-REFUSED-1"
    body = {**example["body"], "profile_id": key}
    attributes = headers(Attributes(DECIDED, "/express-entry/decisions", f"decided:{key}:6", NOW), key)
    await producer.publish([Record("decided", key.encode(), json.dumps(body).encode(), attributes)])
    letter = await dead(kafka, key, topic="decided", service="draws")
    assert letter.reason == "unknown_invitation"
    await ee_dlq("replay", letter.name, "--reason", "is the invitation known by now?")
    assert (await dead(kafka, key, attempt=2, topic="decided", service="draws")).name == letter.name
    assert "1 dead letters dismissed" in await ee_dlq("dismiss", letter.name, "--reason", "a decision of nothing")
    assert stack.stop(process) == [0]


@pytest.mark.parametrize("ordered", [False, True])
async def test_what_no_operator_ordered_or_nobody_held_does_not_come_back(
    kafka: KafkaSettings, producer: Producer, fail: Callable[[str], None], nora: str, *, ordered: bool
) -> None:
    """Who has the principal of the command line may write to `scoring.replay`: that makes nothing true."""
    key = f"DLQ-FORGED-{int(ordered)}"
    await producer.publish([Record("profile", key.encode(), b'{"sequence":3}', event(key, 3, "profile.changed.v9"))])
    letter = await dead(kafka, key)
    if ordered:
        await ee_dlq("replay", letter.name, "--reason", "the genuine one")
        await dead(kafka, key, attempt=2)
    lies = worker.Record(*letter.origin, key.encode(), state(key, 3).json_bytes(), event(key, 3), 1)
    (forged,) = outgoing("scoring", [describe(lies, Poison("bug"))])
    await producer.publish([Record("scoring.replay", forged.key, forged.value, forged.headers)])
    refused = await dead(kafka, key, state=None, topic="scoring.replay")
    assert refused.reason == "replay_not_ordered"
    assert (await dead(kafka, key, attempt=1 + ordered)).reason == "unknown_type"
    assert not [record async for record in read_to_end(kafka, ["scored"]) if record.key == key.encode()]
    assert "0 dead letters replayed" in await ee_dlq("replay", refused.name, "--reason", "by its own name")


async def test_an_erasure_settles_what_waits_of_its_key(
    kafka: KafkaSettings, producer: Producer, fail: Callable[[str], None], nora: str
) -> None:
    key = "DLQ-ERASED-1"
    await producer.publish([Record("profile", key.encode(), b'{"sequence":3}', event(key, 3, "profile.changed.v9"))])
    await dead(kafka, key)
    await producer.publish([Record("profile", key.encode(), None, event(key, 4))])
    await dead(kafka, key, state="settled")


async def test_an_input_that_is_small_only_when_compressed_is_cut_and_holds_nobody_up(
    stack: Stack, kafka: KafkaSettings, nora: str
) -> None:
    process = stack.service("intake")
    value = b"x" * (6 * 1024 * 1024)
    async with AIOKafkaProducer(
        **kafka.aiokafka(), compression_type="gzip", max_request_size=2 * len(value)
    ) as strange:
        await strange.send_and_wait("submission", value, b"DLQ-LARGE-1", partition=3)
        await strange.send_and_wait("submission", b"{", b"DLQ-LARGE-2", partition=3)
    await dead(kafka, "DLQ-LARGE-2", state=None, topic="submission", service="intake")
    letter = await dead(kafka, "DLQ-LARGE-1", state=None, topic="submission", service="intake")
    assert letter.size == 0
    assert sha256(b"DLQ-LARGE-1" + value).hexdigest() in letter.cut
    refused = await ee_dlq("replay", letter.name, "--reason", "once more")
    assert "too large to be kept whole" in refused
    assert "0 dead letters replayed" in refused
    assert f"not whole: {letter.cut}" in await ee_dlq("show", letter.name)
    assert stack.stop(process) == [0]


async def test_a_batch_that_unpacks_to_more_than_memory_holds_stops_nothing_behind_it(
    stack: Stack, kafka: KafkaSettings
) -> None:
    process = stack.service("intake")
    value = b"\0" * (96 * 1024 * 1024)
    async with AIOKafkaProducer(
        **kafka.aiokafka(), compression_type="zstd", max_request_size=2 * len(value), max_batch_size=2 * len(value)
    ) as strange:
        await strange.send_and_wait("submission", value, b"DLQ-BOMB-1", partition=4)
        await strange.send_and_wait("submission", b"{", b"DLQ-BOMB-2", partition=4)
    await dead(kafka, "DLQ-BOMB-2", state=None, topic="submission", service="intake")
    letters = await find(kafka, Selection(topic="submission", service="intake", reason="batch_too_large"))
    assert [(letter.origin[:2], letter.key, letter.size) for letter in letters] == [(("submission", 4), None, 0)]
    assert "unpacks to more than 16777216" in letters[0].cut
    refused = await ee_dlq("show", letters[0].name)
    assert f"not whole: {letters[0].cut}" in refused
    assert stack.stop(process) == [0]


async def test_an_input_goes_back_as_it_came_and_only_once(kafka: KafkaSettings, producer: Producer, nora: str) -> None:
    key, theirs = b"DLQ-INPUT-1", (("ce_source", b"/upstream/t"), ("dlq-topic", b"x"), ("latin", b"\xe9"))
    lost = worker.Record("submission", 5, 999_999, key, b'{"name": "Tremblay"', theirs, 1)
    await producer.publish(outgoing("intake", [describe(lost, Poison("not_json"))]))
    name = "intake/submission/5/999999"
    assert "Tremblay" not in (shown := await ee_dlq("show", name))
    assert "would be replayed to: submission" in shown
    assert "Tremblay" in await ee_dlq("show", name, "--personal-data")
    connection = await asyncpg.connect(nora)
    logged = json.loads(await connection.fetchval("SELECT entry FROM intake.audit ORDER BY number DESC LIMIT 1"))
    await connection.close()
    assert (logged["by"], logged["action"], logged["details"]) == ("nora", "dead_letter_shown", {"name": name})
    assert "1 dead letters replayed" in await ee_dlq("replay", "--source", "/upstream/t", "--reason", "ours was wrong")
    assert "0 dead letters replayed" in await ee_dlq("replay", "--source", "/upstream/t", "--reason", "ours was wrong")
    back = [record async for record in read_to_end(kafka, ["submission"]) if record.key == key]
    assert [(r.partition, r.value, tuple(r.headers)) for r in back] == [(5, lost.value, theirs)]
    assert "0 dead letters dismissed" in await ee_dlq("dismiss", name, "--reason", "inputs have no entry to settle")


async def test_what_is_meant_must_be_said_and_who_asks_must_be_known(
    nora: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "name dead letters, or say which" in await ee_dlq("replay", "--reason", "all of it?", fails=True)
    assert "no dead letter scoring/profile/0/12345" in await ee_dlq("show", "scoring/profile/0/12345", fails=True)
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", nora.replace("nora:nora", "nora:wrong"))
    refused = await ee_dlq("replay", "intake/submission/5/999999", "--reason", "again", "--again", fails=True)
    assert "the database of intake does not know your login or its password" in refused
