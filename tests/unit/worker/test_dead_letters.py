"""Dead letters keep where they came from, however often they come back."""

import pytest

from shared.worker.dead_letters import describe, digest, outgoing, restored, taken_apart
from shared.worker.record import Poison, Record

RECORD = Record("profile", 3, 41, b"E000000001", b'{"sequence":7}', (("ce_id", b"x"), ("trace", None)), 1_700_000)


def test_a_replay_that_fails_again_is_the_same_dead_letter_at_its_next_attempt() -> None:
    (sent,) = outgoing("scoring", [describe(RECORD, Poison("bug"))])
    replayed = Record("scoring.replay", 0, 5, sent.key, sent.value, sent.headers, 1_800_000)
    again = describe(replayed, Poison("bug"))
    assert (again.record.origin, again.profile_id, again.source_sequence) == (("profile", 3, 41), "E000000001", 7)
    assert restored(replayed) == again.record
    (sent_again,) = outgoing("scoring", [again])
    assert (sent_again.topic, sent_again.key, sent_again.value) == (sent.topic, sent.key, sent.value)
    assert sent_again.headers[:-1] == sent.headers[:-1]
    assert (sent.headers[-1], sent_again.headers[-1]) == (("dlq-attempt", b"1"), ("dlq-attempt", b"2"))


def test_a_replay_without_its_origin_goes_to_the_dead_letters_of_the_replay() -> None:
    stray = Record("scoring.replay", 0, 5, b"k", b"v", (), 1_800_000)
    (sent,) = outgoing("scoring", [describe(stray, Poison("origin_missing"))])
    assert sent.topic == "scoring.replay.scoring.dlq"


def test_headers_of_a_stranger_that_look_like_ours_are_neither_believed_nor_lost() -> None:
    theirs = (("dlq-topic", b"decided"), ("dlq-attempt", b"999"), ("dlq-topic", b"round"))
    (sent,) = outgoing("intake", [describe(Record("submission", 1, 2, b"k", b"{}", theirs, 3), Poison("not_json"))])
    headers, added = taken_apart(sent.headers)
    assert headers == theirs
    assert (added["dlq-topic"], added["dlq-partition"], added["dlq-offset"]) == ("submission", "1", "2")


@pytest.mark.parametrize(
    "said",
    [
        {"dlq-topic": b"elsewhere"},
        {"dlq-partition": b"-1"},
        {"dlq-partition": b"2147483648"},
        {"dlq-offset": b"9223372036854775808"},
        {"dlq-offset": b"one"},
        {"dlq-attempt": b"2147483647"},
        {"dlq-attempt": b"0"},
    ],
)
def test_an_origin_that_no_record_has_is_none(said: dict[str, bytes]) -> None:
    headers = {"dlq-topic": b"decided", "dlq-partition": b"3", "dlq-offset": b"9", "dlq-timestamp": b"1"} | said
    with pytest.raises(Poison) as poison:
        restored(Record("scoring.replay", 0, 5, b"k", b"v", tuple(headers.items()), 1_800_000))
    assert poison.value.code == "origin_missing"


def test_a_record_has_another_hash_than_every_other() -> None:
    records = [
        Record("profile", 0, 1, key, value, headers, at)
        for key in (None, b"", b"a", b"ab")
        for value in (None, b"", b"b", b"ab")
        for headers in ((), (("a", None),), (("a", b""),), (("ab", b""),), (("a", b"b"),), (("a", b""), ("b", b"")))
        for at in (1, 2)
    ]
    assert len({digest(record) for record in records}) == len(records)
    assert digest(records[0]) == digest(Record("decided", 5, 9, None, None, (), 1, attempt=3))
