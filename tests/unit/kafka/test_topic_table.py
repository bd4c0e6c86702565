"""The table of topics: complete, and what every right and every configuration follows from."""

import pytest

from shared.kafka.rights import Right, rights
from shared.kafka.topics import SERVICES, TOPICS, dlq_name, topics_of

DAY_MS = 24 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("service", "topics"),
    [
        ("intake", {"submission", "invited", "decided", "intake.replay"}),
        ("scoring", {"profile", "scoring.replay"}),
        ("draws", {"scored", "eligible", "decided", "instruction", "held", "draws.replay"}),
        ("decisions", {"invited", "application", "profile", "decisions.replay"}),
    ],
)
def test_a_service_consumes_what_the_picture_shows(service: str, topics: set[str]) -> None:
    assert set(topics_of(service)) == topics


@pytest.mark.parametrize(
    ("service", "topics"),
    [
        ("intake", {"profile", "rejected", "notice", "held"}),
        ("scoring", {"scored", "eligible", "held"}),
        ("draws", {"invited", "round", "held"}),
        ("decisions", {"decided", "rejected", "notice", "held"}),
    ],
)
def test_a_service_writes_its_topics_and_its_own_dead_letters_only(service: str, topics: set[str]) -> None:
    own_dlqs = {dlq_name(topic, service) for topic in topics_of(service)}
    assert {t.name for t in TOPICS.values() if service in t.writers} == topics | own_dlqs


def test_no_service_is_asked_for_its_topics_under_a_wrong_name() -> None:
    with pytest.raises(ValueError, match="unknown service 'draw'"):
        topics_of("draw")


def test_every_consumed_topic_has_dead_letters_for_each_of_its_services() -> None:
    for service in SERVICES:
        for topic in topics_of(service):
            assert TOPICS[dlq_name(topic, service)].kind == "dlq"


@pytest.mark.parametrize(
    ("topic", "days"),
    [
        ("submission", 7),
        ("application", 7),
        ("rejected", 400),
        ("notice", 400),
        ("submission.intake.dlq", 30),
        ("scored.draws.dlq", 30),
        ("scoring.replay", 7),
    ],
)
def test_a_topic_with_an_age_limit_is_deleted_in_segments_of_a_day(topic: str, days: int) -> None:
    config = TOPICS[topic].config
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == str(days * DAY_MS)
    assert config["segment.ms"] == "86400000"


@pytest.mark.parametrize("topic", ["instruction", "invited", "round", "decided", "clock"])
def test_facts_that_rounds_and_cases_rest_on_are_kept_for_good(topic: str) -> None:
    config = TOPICS[topic].config
    assert (config["cleanup.policy"], config["retention.ms"], config["retention.bytes"]) == ("delete", "-1", "-1")


@pytest.mark.parametrize("topic", ["profile", "scored", "eligible", "held"])
def test_state_is_compacted_after_seven_days_and_never_deleted_by_age(topic: str) -> None:
    config = TOPICS[topic].config
    assert config["cleanup.policy"] == "compact"
    assert config["retention.ms"] == "-1"
    assert config["min.compaction.lag.ms"] == str(7 * DAY_MS)
    assert config["max.compaction.lag.ms"] == str(8 * DAY_MS)
    assert config["delete.retention.ms"] == str(30 * DAY_MS)


@pytest.mark.parametrize(
    ("topic", "limit"),
    [("submission", "4194304"), ("application.decisions.dlq", "5242880"), ("draws.replay", "5242880")],
)
def test_inputs_take_four_mebibytes_and_dead_letters_five(topic: str, limit: str) -> None:
    assert TOPICS[topic].config["max.message.bytes"] == limit


def test_the_age_of_an_input_counts_from_its_arrival() -> None:
    assert TOPICS["submission"].config["message.timestamp.type"] == "LogAppendTime"
    assert TOPICS["profile"].config["message.timestamp.type"] == "CreateTime"


def test_only_the_clock_has_a_number_of_partitions_of_its_own() -> None:
    assert {t.name: t.partitions for t in TOPICS.values() if t.partitions is not None} == {"clock": 1}


def test_draws_may_see_the_progress_of_the_others_but_read_none_of_their_inputs() -> None:
    draws = {r for r in rights() if r.principal == "draws"}
    assert Right("draws", "GROUP", "decisions", "DESCRIBE") in draws
    assert Right("draws", "TOPIC", "submission", "DESCRIBE") in draws
    assert not {r for r in draws if r.operation == "READ" and r.name in {"submission", "application", "profile"}}


def test_a_subscriber_gets_no_date_of_birth() -> None:
    readable = {r.name for r in rights() if r.principal == "subscriber" and r.resource == "TOPIC"}
    assert readable == {"scored", "eligible", "rejected", "notice", "invited", "round", "decided"}


def test_an_upstream_may_write_and_read_nothing() -> None:
    found = {r for r in rights() if r.principal == "upstream" and r.resource == "TOPIC"}
    assert {(r.name, r.operation) for r in found} == {("submission", "WRITE"), ("application", "WRITE")}
