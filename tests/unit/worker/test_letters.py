"""Which dead letters an operator means, where they go back to, and what is said of them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from shared.kafka.producer import fits
from shared.worker.dead_letters import CUT, describe, outgoing, taken_apart
from shared.worker.letters import Letter, Selection, described
from shared.worker.record import Poison, Record
from shared.worker.replay import destination, returned, why_not

AT = datetime(2026, 8, 17, 15, tzinfo=UTC)
HEADERS = (("ce_source", b"/upstream/a\x1b[2J"), ("dlq-topic", b"mine"))
SECOND = timedelta(seconds=1)


def raw(topic: str, key: bytes | None = b"E000000001", headers: Any = HEADERS) -> ConsumerRecord[Any, Any]:
    service = {"submission": "intake", "profile": "scoring", "scoring.replay": "scoring"}[topic]
    (sent,) = outgoing(service, [describe(Record(topic, 3, 41, key, b"secret", headers, 5), Poison("not_json", "d"))])
    at = int(AT.timestamp() * 1000)
    its_headers: Any = sent.headers
    return ConsumerRecord(sent.topic, 1, 7, at, 0, sent.key, sent.value, None, 0, 0, its_headers)


def letter(topic: str, state: str | None = None) -> Letter:
    return described(raw(topic), {"scoring/profile/3/41": state} if state else {})


def test_a_dead_letter_says_where_it_came_from_and_why() -> None:
    found = letter("profile", "open")
    assert found.name == "scoring/profile/3/41"
    assert (found.reason, found.detail, found.attempt, found.at, found.state) == ("not_json", "d", 1, AT, "open")
    assert found.place == ("profile.scoring.dlq", 1, 7)


def test_what_a_stranger_wrote_cannot_move_the_cursor_of_a_terminal() -> None:
    assert letter("submission").source == r"/upstream/a\x1b[2J"


@pytest.mark.parametrize(
    ("key", "shown"),
    [(b"E000000001", "E000000001"), (b"Jane Doe", "key of 8 bytes"), (b"\xff", "key of 1 bytes"), (None, "no key")],
)
def test_a_key_is_shown_only_where_it_can_be_a_number(key: bytes | None, shown: str) -> None:
    assert described(raw("submission", key), {}).shown_key == shown


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(names=["scoring/profile/3/41"]),
        Selection(topic="profile", service="scoring", reason="not_json", key="E000000001", state="open"),
        Selection(source=r"/upstream/a\x1b[2J"),
        Selection(since=AT, until=AT + SECOND),
    ],
)
def test_what_is_not_asked_for_selects_nothing_out(selection: Selection) -> None:
    assert selection.takes(letter("profile", "open"))
    assert "profile.scoring.dlq" in selection.topics


@pytest.mark.parametrize(
    "selection",
    [
        Selection(names=["scoring/profile/3/4"]),
        Selection(topic="invited"),
        Selection(service="decisions"),
        Selection(reason="bug"),
        Selection(source="/upstream/b"),
        Selection(key="E000000002"),
        Selection(state="settled"),
        Selection(since=AT + SECOND),
        Selection(until=AT),
    ],
)
def test_what_is_asked_for_must_be_so(selection: Selection) -> None:
    assert not selection.takes(letter("profile", "open"))


def test_the_bytes_of_an_input_go_back_to_their_topic_and_partition_unchanged() -> None:
    back = returned(letter("submission"), raw("submission"))
    assert (back.topic, back.partition, back.key, back.value) == ("submission", 3, b"E000000001", b"secret")
    assert back.headers == HEADERS


def test_a_record_of_ours_is_handed_with_its_origin_to_the_one_service_that_failed() -> None:
    back = returned(letter("profile"), raw("profile"))
    assert (back.topic, back.key, back.value) == ("scoring.replay", b"E000000001", b"secret")
    assert back.headers == tuple(raw("profile").headers)
    assert destination(letter("profile")) == "scoring.replay"


def test_a_stray_of_a_replay_topic_is_not_replayed_to_itself() -> None:
    assert why_not(letter("scoring.replay")) is not None
    assert why_not(letter("profile")) is why_not(letter("submission")) is None


@pytest.mark.parametrize(
    ("key", "value", "headers", "kept"),
    [
        (b"k", b"v" * 6_000_000, HEADERS, (b"k", HEADERS)),
        (b"k", b"v", (("h", b"x" * 6_000_000),), (None, ())),
        (b"k" * 6_000_000, b"v", HEADERS, (None, ())),
    ],
)
def test_a_dead_letter_that_no_topic_takes_is_cut_and_tells_its_hash(
    key: bytes, value: bytes, headers: Any, kept: tuple[bytes | None, Any]
) -> None:
    (sent,) = outgoing("intake", [describe(Record("submission", 3, 41, key, value, headers, 5), Poison("not_json"))])
    theirs, added = taken_apart(sent.headers)
    assert (sent.key, theirs) == kept
    assert sent.value is None
    assert fits(sent)
    assert hashlib.sha256(key + value).hexdigest() in added[CUT]
    assert (added["dlq-topic"], added["dlq-offset"], added["dlq-reason"]) == ("submission", "41", "not_json")
