"""Topics are what the table says: applied once, checked at will, never changed under running services."""

import time

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from shared.kafka.admin import Drift, DriftRefused, KafkaUnreachable, apply_topics, check_topics
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import TOPICS
from shared.stack.stack import Stack


@pytest.fixture
def settings(stack: Stack) -> KafkaSettings:
    return KafkaSettings(bootstrap=stack.backend.bootstrap)


def _set(settings: KafkaSettings, topic: str, name: str, value: str) -> None:
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    client = AdminClient(settings.confluent())
    for future in client.incremental_alter_configs([resource]).values():
        future.result()


async def _found_at_last(settings: KafkaSettings, expected: list[Drift]) -> list[Drift]:
    """What is found, once it is what is expected: a broker takes over a change a moment after it is made."""
    deadline = time.monotonic() + 240
    while (found := await check_topics(settings)) != expected and time.monotonic() < deadline:
        pass
    return found


async def test_applying_again_does_nothing_and_finds_nothing(settings: KafkaSettings) -> None:
    assert await apply_topics(settings) == []
    assert await check_topics(settings) == []


async def test_changed_configuration_is_refused_until_it_is_asked_to_be_corrected(settings: KafkaSettings) -> None:
    _set(settings, "notice", "retention.ms", "1000")
    _set(settings, "notice", "segment.bytes", "1048576")
    expected = [
        Drift("notice", "retention.ms", "34560000000", "1000"),
        Drift("notice", "segment.bytes", None, "1048576"),
    ]
    assert await _found_at_last(settings, expected) == expected
    with pytest.raises(DriftRefused, match=r"notice: retention\.ms is 1000, expected 34560000000"):
        await apply_topics(settings)
    assert await check_topics(settings) == expected
    assert len(await apply_topics(settings, alter=True)) == 2
    assert await _found_at_last(settings, []) == []


async def test_a_number_of_partitions_is_never_changed(settings: KafkaSettings) -> None:
    grown = settings.model_copy(update={"partitions": 24})
    drifts = await check_topics(grown)
    assert {d.topic for d in drifts} == {t.name for t in TOPICS.values() if t.name != "clock"}
    with pytest.raises(DriftRefused, match="never changed here"):
        await apply_topics(grown, alter=True)
    assert await check_topics(settings) == []


async def test_a_missing_topic_is_created_and_only_that_one(settings: KafkaSettings) -> None:
    client = AdminClient(settings.confluent())
    for future in client.delete_topics(["notice"], operation_timeout=30).values():
        future.result()
    missing = [Drift("notice", "partitions", "12", None)]
    assert await _found_at_last(settings, missing) == missing
    assert await apply_topics(settings) == ["created notice (12 partitions)"]
    assert await _found_at_last(settings, []) == []


async def test_a_cluster_that_does_not_answer_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.kafka.admin.REQUEST_TIMEOUT_S", 0.5)
    with pytest.raises(KafkaUnreachable, match=r"Kafka does not answer at 127.0.0.1:1 .* look at EE_KAFKA_BOOTSTRAP"):
        await check_topics(KafkaSettings(bootstrap="127.0.0.1:1"))
