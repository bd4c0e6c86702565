"""Every kind of record that can't be read, on every topic that a service reads: it alone goes to the dead letters."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from services.cli import SERVICES
from shared.contracts.cloudevents import Headers
from shared.kafka.admin import apply_topics
from shared.kafka.producer import Record
from shared.kafka.reader import Raw
from shared.kafka.topics import TOPICS, dlq_name
from shared.stack.stack import Stack
from tests.faults.load import NOW, no_json, number, submission
from tests.faults.rig import Rig, metric, own_stack, until
from tests.faults.test_kills import approve_round, order_round

READ = [(service.name, topic) for service in SERVICES for topic in service.decoders]
MARK = "poisoned"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("poison")) as stack:
        yield stack


@pytest.fixture(scope="module")
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        await live_through_everything(made)
        yield made


async def live_through_everything(system: Rig) -> None:
    """Have a message on every topic: a profile, its score, a round, an invitation that has lapsed."""
    system.scale(intake=1, scoring=1, draws=1, decisions=1)
    tomorrow = system.now + timedelta(days=1)
    await system.publish([submission(number("FIRST", place)) for place in range(3)])
    await system.quiet()
    await order_round(system, "1", tomorrow)
    await approve_round(system, "1", tomorrow)
    await system.advance(tomorrow)
    await system.advance(tomorrow + timedelta(days=65))


def _headers(headers: Headers, **changed: bytes | None) -> Headers:
    return tuple((name, changed.get(name, value)) for name, value in headers)


def _body(good: Record, **changed: Any) -> bytes:
    return json.dumps({**json.loads(good.value or b"{}"), **changed}).encode()


Kind = Callable[[Record], Record]

ANYWHERE: Mapping[str, Kind] = {
    "no_json": lambda good: replace(good, value=b"{no json"),
    "no_bytes": lambda good: replace(good, value=b""),
    "not_a_number": lambda good: replace(good, value=b'{"sequence": NaN}'),
    "a_hundred_thousand_brackets": lambda good: replace(good, value=b"[" * 100_000),
    "not_utf8": lambda good: replace(good, value=b'{"profile_id": "\xff"}'),
    "no_headers": lambda good: replace(good, headers=()),
    "null_header": lambda good: replace(good, headers=_headers(good.headers, ce_id=None)),
    "header_not_utf8": lambda good: replace(good, headers=_headers(good.headers, ce_source=b"\xff\xfe")),
    "header_twice": lambda good: replace(good, headers=(*good.headers, ("ce_id", b"again"))),
    "unknown_type": lambda good: replace(good, headers=_headers(good.headers, ce_type=b"something.else.v1")),
    "unknown_major": lambda good: replace(good, headers=_headers(good.headers, ce_type=b"profile.changed.v9")),
    "key_not_utf8": lambda good: replace(good, key=b"\xff\xfe"),
}
OURS: Mapping[str, Kind] = {
    "no_fields": lambda good: replace(good, value=b"{}"),
    "huge_number": lambda good: replace(good, value=_body(good, sequence=10**400)),
    "negative_number": lambda good: replace(good, value=_body(good, sequence=-1)),
}
"""Of an input these are refused with a reason, and no dead letters."""
WITH_A_KEY: Mapping[str, Kind] = {
    "other_key": lambda good: replace(good, key=b"SOMEBODY-ELSE"),
}
FACTS: Mapping[str, Kind] = {
    "no_key": lambda good: replace(good, key=None),
    "null_value": lambda good: replace(good, value=None),
}
"""On a compacted topic the broker takes no record without a key, and a null value erases."""


def kinds_of(topic: str) -> Mapping[str, Kind]:
    kind = TOPICS[topic].kind
    found = dict(ANYWHERE)
    if kind != "input":
        found |= OURS
    if topic != "held":
        found |= WITH_A_KEY
    if kind != "state":
        found |= FACTS
    return found


async def example_of(system: Rig, topic: str) -> Record:
    """A good record of a topic."""
    if topic == "application":
        good = submission("APPLICANT-1")
        headers = _headers(good.headers, ce_type=b"application.declined")
        return replace(good, topic=topic, headers=headers, value=b'{"profile_id": "APPLICANT-1"}')
    if topic == "instruction":
        good = submission("777")
        return replace(
            good,
            topic=topic,
            headers=_headers(good.headers, ce_type=b"round.instructed.v1"),
            value=b'{"round_id": "777"}',
        )
    raw = (await system.read(topic))[0]
    return Record(topic, raw.key, raw.value, tuple(raw.headers))


@dataclass(frozen=True, slots=True)
class Poisoned:
    """What was published, and where it must end."""

    service: str
    topic: str
    kind: str
    record: Record


async def _poisons(system: Rig) -> list[Poisoned]:
    found = []
    for service, topic in READ:
        good = await example_of(system, topic)
        for name, kind in kinds_of(topic).items():
            record = kind(good)
            marked = (*record.headers, (MARK, f"{service}:{topic}:{name}".encode()))
            found.append(Poisoned(service, topic, name, replace(record, headers=marked)))
    return found


async def test_each_kind_of_poison_on_each_topic_ends_in_its_dead_letters_untouched_and_holds_nobody_up(
    system: Rig,
) -> None:
    # The topic `held` has its first record when the first record of ours is dead.
    await system.publish([replace(await example_of(system, "decided"), value=b"{")])
    await system.quiet()
    poisons = await _poisons(system)
    names = sorted({poison.kind for poison in poisons})
    for place, name in enumerate(names):
        mine = [poison for poison in poisons if poison.kind == name]
        await system.publish([*(poison.record for poison in mine), submission(number("NEXT", place))])
        await system.quiet()
    dead = {topic: await _marked(system, topic) for topic in {dlq_name(p.topic, p.service) for p in poisons}}
    for poison in poisons:
        mark = f"{poison.service}:{poison.topic}:{poison.kind}"
        letter = dead[dlq_name(poison.topic, poison.service)][mark]
        assert (letter.key, letter.value) == (poison.record.key, poison.record.value), mark
        kept = tuple((n, v) for n, v in letter.headers if not n.startswith("dlq-"))
        assert kept == poison.record.headers, mark
        assert dict(letter.headers)["dlq-topic"] == poison.topic.encode(), mark
        assert dict(letter.headers)["dlq-reason"], mark
    scored = {record.key for record in await system.read("scored", "NEXT")}
    assert scored == {number("NEXT", place).encode() for place in range(len(names))}
    assert all(process.alive for process in system.stack.processes)
    assert all(metric(process, "ee_breaker_open") == 0 for process in system.stack.processes)


async def _marked(system: Rig, topic: str) -> dict[str, Raw]:
    """The dead letters that this test has caused; each is there once."""
    found = {}
    marks: Counter[str] = Counter()
    for record in await system.read(topic):
        # A poison on a topic of two readers is marked by the one that it was made for.
        mark = next((value.decode() for name, value in record.headers if name == MARK and value), None)
        if mark is not None and mark.partition(":")[0] == topic.split(".")[-2]:
            found[mark] = record
            marks[mark] += 1
    assert set(marks.values()) <= {1}
    return found


async def test_while_the_dead_letter_topic_takes_nothing_nothing_is_skipped(system: Rig) -> None:
    (intake,) = system.of("intake")
    dead_letters = dlq_name("submission", "intake")
    admin = AdminClient({"bootstrap.servers": system.stack.backend.bootstrap, "log_level": "0"})
    for future in admin.delete_topics([dead_letters]).values():
        future.result()
    retries = metric(intake, "ee_retries_total")
    behind = [submission(number("BEHIND", place)) for place in range(24)]
    await system.publish([no_json("BEHIND-00000"), *behind])
    await until(lambda: metric(intake, "ee_retries_total") > retries, "a publish that failed")
    assert await system.lag("intake") >= len(behind) + 1
    await apply_topics(system.kafka)
    await system.reconnect()
    await system.quiet()
    assert len(await system.read("scored", "BEHIND")) == len(behind)
    assert [record.value for record in await system.read(dead_letters, "BEHIND")] == [b"{no json"]
    assert intake.alive
