"""With the authorizer on, each principal can do what the table gives it, and nothing else."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka import Producer as ConfluentProducer
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from services.cli import SERVICES
from shared.kafka.admin import apply_topics, check_topics
from shared.kafka.cli import app
from shared.kafka.offsets import Offsets, OffsetsUnavailable
from shared.kafka.producer import Producer, PublishFailed, Record
from shared.kafka.reader import read_to_end
from shared.kafka.rights import Right, apply_rights, binding, describe, filter_of, rights
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import OPERATOR, TOPICS, table
from shared.stack.kafka import ADMIN, Kafka
from shared.worker.quiet import Quiet
from shared.worker.reconcile import reconcile, repair, states
from tests.conftest import Connect

PASSWORD = "only-for-this-broker"
PRINCIPALS = table().principals
DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


def settings_of(broker: Kafka, principal: str, password: str = PASSWORD) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "bootstrap": broker.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_username": principal,
            "sasl_password": password,
            "users": dict.fromkeys(PRINCIPALS, PASSWORD) if principal == ADMIN else {},
            "replication_factor": 1,
            "min_insync_replicas": 1,
        }
    )


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker with the authorizer on; topics, users and rights applied as an installation applies them."""
    kafka = Kafka(tmp_path_factory.mktemp("secured"), admin_password=PASSWORD)
    kafka.start()
    try:
        asyncio.run(apply_topics(settings_of(kafka, ADMIN)))
        asyncio.run(apply_rights(settings_of(kafka, ADMIN)))
        asyncio.run(_fill(settings_of(kafka, ADMIN)))
        yield kafka
    finally:
        kafka.stop()


def granted(principal: str, resource: str, operation: str) -> set[str]:
    return {r.name for r in rights() if (r.principal, r.resource, r.operation) == (principal, resource, operation)}


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_principal_writes_its_topics_and_no_other(broker: Kafka, principal: str) -> None:
    outcome: dict[str | None, KafkaError | None] = {}

    def told(error: KafkaError | None, message: Message) -> None:
        outcome[message.topic()] = error

    producer = ConfluentProducer(settings_of(broker, principal).confluent() | {"message.timeout.ms": 30_000})
    for topic in TOPICS:
        producer.produce(topic, b"v", b"k", on_delivery=told)
    assert producer.flush(40) == 0
    assert {t for t, error in outcome.items() if error is None} == granted(principal, "TOPIC", "WRITE")
    assert {e.code() for e in outcome.values() if e is not None} <= DENIED


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_a_principal_reads_its_topics_and_no_other(broker: Kafka, principal: str) -> None:
    found = [await _readable(settings_of(broker, principal), topic) for topic in TOPICS]
    assert {topic for topic, readable in zip(TOPICS, found, strict=True) if readable} == granted(
        principal, "TOPIC", "READ"
    )


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_principal_moves_the_offsets_of_its_own_group_only(broker: Kafka, principal: str) -> None:
    client = AdminClient(settings_of(broker, principal).confluent())
    one = [TopicPartition("round", 0, 0)]
    futures = [
        client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, one)])[group] for group in PRINCIPALS
    ]
    answers = dict(zip(PRINCIPALS, map(_denied, futures), strict=True))
    assert {group for group, code in answers.items() if code != KafkaError.GROUP_AUTHORIZATION_FAILED} == {principal}


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_a_principal_sees_the_progress_that_it_waits_for_and_no_other(broker: Kafka, principal: str) -> None:
    offsets = Offsets(settings_of(broker, principal))
    groups = {group for group in PRINCIPALS if await _answers(offsets.committed(group))}
    assert groups == granted(principal, "GROUP", "READ") | granted(principal, "GROUP", "DESCRIBE")
    topics = {topic for topic in TOPICS if await _answers(offsets.ends([topic]))}
    assert topics == set().union(*(granted(principal, "TOPIC", o) for o in ("READ", "WRITE", "DESCRIBE")))
    await offsets.close()


async def test_our_own_producer_says_what_it_may_not_write_and_goes_on(broker: Kafka) -> None:
    producer = Producer(settings_of(broker, "scoring"), delivery_timeout_s=20)
    await producer.publish([Record("scored", b"k", b"v"), Record("eligible", b"k", b"v")])
    with pytest.raises(PublishFailed, match="TopicAuthorizationFailedError"):
        await producer.publish([Record("profile", b"k", b"v")])
    await producer.publish([Record("scored", b"k", b"v")])
    await producer.stop()


async def test_draws_may_wait_for_decisions_and_scoring_may_not(broker: Kafka) -> None:
    draws, scoring = Offsets(settings_of(broker, "draws")), Offsets(settings_of(broker, "scoring"))
    assert await draws.caught_up("decisions", await draws.ends(["application", "profile"])) >= 0
    with pytest.raises(OffsetsUnavailable):
        await scoring.committed("decisions")
    with pytest.raises(OffsetsUnavailable, match="application"):
        await scoring.ends(["application"])
    await draws.close()
    await scoring.close()


async def test_a_wrong_password_lets_nobody_in(broker: Kafka) -> None:
    producer = Producer(settings_of(broker, "scoring", "wrong"), delivery_timeout_s=5)
    with pytest.raises(PublishFailed):
        await producer.publish([Record("scored", b"k", b"v")])
    await producer.stop()


async def test_what_was_granted_beside_the_table_is_revoked_and_what_is_missing_is_granted(broker: Kafka) -> None:
    admin = settings_of(broker, ADMIN)
    client = AdminClient(admin.confluent())
    extra, missing = Right("scoring", "TOPIC", "submission", "READ"), Right("scoring", "TOPIC", "profile", "READ")
    for future in client.create_acls([binding(extra)]).values():
        future.result()
    for deleted in client.delete_acls([filter_of(missing)]).values():
        deleted.result()
    done = await apply_rights(admin)
    assert [line for line in done if "password" not in line] == [
        "granted: scoring may read topic profile",
        "revoked: scoring may read topic submission",
    ]
    assert await describe(admin) == rights()


async def test_an_operator_reconciles_and_repairs_without_a_right_to_write(
    broker: Kafka, database: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"BOOTSTRAP": broker.bootstrap, "SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
    told |= {"SASL_USERNAME": OPERATOR, "SASL_PASSWORD": PASSWORD}
    for name, value in told.items():
        monkeypatch.setenv(f"EE_KAFKA_{name}", value)
    monkeypatch.setenv("EE_POSTGRES_DSN", database)
    monkeypatch.setattr(states, "LOOKS", 1)
    connection = await connect("intake")
    await connection.execute(
        "INSERT INTO profile (profile_id, revision, sequence, newest, status, language, invited, body, changed_at)"
        " VALUES ('A', 1, 1, 1, 'in_pool', 'en', false, '{}', now())"
    )
    async with Quiet(SERVICES) as quiet:
        report = await reconcile(quiet.runtimes, KafkaSettings())
        assert report.behind == {("intake", "profile"): ["A"]}
        assert await repair(quiet.runtimes, report, 0.0) == ["intake"]
    rows = await connection.fetch("SELECT topic, key, ce_id FROM outbox")
    assert [tuple(row) for row in rows] == [("profile", "A", None)]


async def _fill(settings: KafkaSettings) -> None:
    """One record in every topic: an empty one is never fetched, so nobody would be turned away."""
    producer = Producer(settings)
    await producer.publish([Record(topic, b"k", b"v") for topic in TOPICS])
    await producer.stop()


async def _readable(settings: KafkaSettings, topic: str) -> bool:
    try:
        return len([record async for record in read_to_end(settings, [topic])]) > 0
    except TopicAuthorizationFailedError:
        return False


async def _answers(question: Coroutine[Any, Any, object]) -> bool:
    try:
        await question
    except OffsetsUnavailable:
        return False
    return True


def _denied(future: "Future[Any]") -> int | None:
    """The code of the refusal, or None where the answer came."""
    try:
        answer = future.result(timeout=40)
    except KafkaException as error:
        reasons: list[Any] = [error.args[0]]
    else:
        reasons = [p.error for p in getattr(answer, "topic_partitions", None) or () if p.error]
    assert all(reason.code() in DENIED for reason in reasons), reasons
    return int(reasons[0].code()) if reasons else None


@pytest.mark.parametrize("service", table().services)
async def test_a_service_of_its_own_rights_finds_its_topics_as_they_should_be(broker: Kafka, service: str) -> None:
    assert await check_topics(settings_of(broker, service), [service]) == []


async def test_a_service_is_told_which_of_its_topics_is_missing(broker: Kafka) -> None:
    unknown = settings_of(broker, "notifications")  # it may see none of these
    assert {drift.topic for drift in await check_topics(unknown, ["intake"]) if drift.is_missing_topic} >= {
        "submission"
    }


async def test_who_may_not_look_at_rights_is_told_so(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_of(broker, "ee").model_dump(exclude_none=True, exclude={"users"}).items():
        shown = value.get_secret_value() if name == "sasl_password" else str(value)
        monkeypatch.setenv(f"EE_KAFKA_{name.upper()}", shown)
    found = await asyncio.to_thread(CliRunner().invoke, app, ["check"])
    assert found.exit_code == 1
    assert "rights: none can be seen" in found.output
