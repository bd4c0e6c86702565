"""What a full batch costs: statements and requests grow with batches, not with messages. Counts, so never noise.

Each service handles its messages in its real consume loop, read from the real broker and committed to it. Its
background loops stay off, and fetches, heartbeats and metadata are not counted: they come with time.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.client import AIOKafkaClient

from services.cli import SERVICES
from shared.contracts import types
from shared.contracts.base import Message as Body
from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.db import pool
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer
from shared.kafka.producer import Record as Outgoing
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.worker.process import Process
from shared.worker.record import Record
from shared.worker.settings import WorkerSettings
from tests.faults.rig import own_stack
from tests.integration.decisions_bench import profile
from tests.unit.decisions.given import invitation
from tests.unit.draws.samples import eligible, scored
from tests.unit.intake import given
from tests.unit.scoring.candidates import state

FULL = 1000
"""Messages in a batch. A first one, which looks at the topics and asks for types, is not counted; a second one is."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each statement was sent, BEGIN, COMMIT and the reset of a connection among them."""
    sent: Counter[str] = Counter()

    async def prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await prepared(connection)
        connection.add_query_logger(lambda logged: sent.update([logged.query]))

    prepared = pool.prepare
    monkeypatch.setattr(pool, "prepare", prepare)
    return sent


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests aiokafka sent, by kind."""
    sent: Counter[str] = Counter()
    send: Any = AIOKafkaClient.send

    async def counted(self: AIOKafkaClient, node_id: Any, request: Any, **options: Any) -> Any:
        sent[type(request).__name__.split("_")[0]] += 1
        return await send(self, node_id, request, **options)

    monkeypatch.setattr(AIOKafkaClient, "send", counted)
    return sent


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Of their own: services that other tests start would take these thousands of messages for theirs."""
    folder = tmp_path_factory.mktemp("costs")
    with own_stack(folder, EE_CLOCK="system", EE_BATCH_MAX_RECORDS=str(FULL)) as stack:
        yield stack


@pytest.fixture
def kafka(servers: Stack, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    monkeypatch.setattr("shared.worker.process.calm_collector", lambda: None)  # this process is not only a worker
    return KafkaSettings(bootstrap=servers.backend.bootstrap)


def outgoing(topic: str, key: str, value: bytes, type_: str, source: str) -> Outgoing:
    return Outgoing(topic, key.encode(), value, headers(Attributes(type_, source, f"{topic}:{key}"), key))


def submissions(keys: Sequence[str]) -> list[Outgoing]:
    now = datetime.now(UTC).isoformat()
    bodies = {key: orjson.dumps(given.body(key, passport=key, submitted_at=now)) for key in keys}
    return [outgoing("submission", key, body, "profile.submitted", "/upstream/test") for key, body in bodies.items()]


def profiles(keys: Sequence[str]) -> list[Outgoing]:
    return [_ours("profile", types.PROFILE, "intake", state(key)) for key in keys]


def evaluations(keys: Sequence[str]) -> list[Outgoing]:
    return [
        one
        for key in keys[::2]
        for one in (
            _ours("scored", types.SCORED, "scoring", scored(key, 500)),
            _ours("eligible", types.ELIGIBLE, "scoring", eligible(key)),
        )
    ]


def invitations(keys: Sequence[str]) -> list[Outgoing]:
    found = []
    for key in keys[::2]:
        body = profile(profile_id=key).record.value or b""
        found.append(outgoing("profile", key, body, types.PROFILE, source_of("intake")))
        issued = orjson.dumps(invitation(f"I-{key}", profile_id=key))
        found.append(outgoing("invited", key, issued, types.INVITED, source_of("draws")))
    return found


def _ours(topic: str, type_: str, service: str, body: Body) -> Outgoing:
    key: str = body.profile_id  # type: ignore[attr-defined]
    return outgoing(topic, key, body.json_bytes(), type_, source_of(service))


@asynccontextmanager
async def reading(
    kafka: KafkaSettings, sent: Sequence[Outgoing]
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[Record]]]:
    """Have these on their topics, and read them back; in a group of its own."""
    offsets, producer = Offsets(kafka), Producer(kafka)
    before = await offsets.ends({one.topic for one in sent})
    await offsets.close()
    await producer.publish(sent)
    await producer.stop()
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), group_id="costs", enable_auto_commit=False)
    await consumer.start()
    consumer.assign(list(before))
    for partition, end in before.items():
        consumer.seek(partition, end)
    found: list[Record] = []
    while len(found) < len(sent):
        for raws in (await consumer.getmany(timeout_ms=1000)).values():
            found += [
                Record(r.topic, r.partition, r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in raws
            ]
    yield consumer, sorted(found, key=lambda record: (record.key, record.topic))  # as it was sent, in every partition
    await consumer.stop()


@dataclass(frozen=True, slots=True)
class Case:
    """What a service gets, the table with a row for `per_row` messages, and the most that 1,000 may cost."""

    name: str
    inputs: Callable[[Sequence[str]], list[Outgoing]]
    table: str
    per_row: int
    statements: int
    produced: int


CASES = [
    # Every table that a submission may concern, once; at worst a request for each partition of `profile`.
    Case("intake", submissions, "profile", per_row=1, statements=23, produced=12),
    # Lock, write, keep, read to publish, look again; at worst a request for each partition of `scored` and `eligible`.
    Case("scoring", profiles, "score", per_row=1, statements=12, produced=24),
    # The pool once for each of its two sources, and the offsets handled; nothing is published.
    Case("draws", evaluations, "pool", per_row=2, statements=16, produced=0),
    # 500 cases are folded 100 at a time with nine statements each time, and 12 around them; nothing is decided yet.
    Case("decisions", invitations, "invitation", per_row=2, statements=57, produced=0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_full_batch_costs_no_more_than_it_did(
    case: Case, kafka: KafkaSettings, statements: Counter[str], requests: Counter[str]
) -> None:
    sent = case.inputs([f"C{case.name[:2].upper()}{number:07}" for number in range(2 * FULL)])
    process = Process(next(one for one in SERVICES if one.name == case.name), WorkerSettings(), kafka)
    await process.open()
    assert process.runtime is not None
    async with reading(kafka, sent) as (consumer, records):
        await process.consumer.take(records[:FULL], consumer)
        statements.clear()
        requests.clear()
        await process.consumer.take(records[FULL:], consumer)
        assert sum(statements.values()) <= case.statements, statements
        assert requests["ProduceRequest"] <= case.produced
        assert requests["OffsetCommitRequest"] == 1
    rows = await process.runtime.pool.fetchval(f"SELECT count(*) FROM {case.table}")
    await process.close()
    assert rows * case.per_row == len(sent) == 2 * FULL
