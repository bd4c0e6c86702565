"""Dead letters keep where they came from, however often they come back."""

from shared.worker.dead_letters import describe, outgoing, restored
from shared.worker.record import Poison, Record

RECORD = Record("profile", 3, 41, b"E000000001", b'{"sequence":7}', (("ce_id", b"x"), ("trace", None)), 1_700_000)


def test_a_replay_that_fails_again_is_the_same_dead_letter() -> None:
    first = describe(RECORD, Poison("bug"))
    (sent,) = outgoing("scoring", [first])
    replayed = Record("scoring.replay", 0, 5, sent.key, sent.value, sent.headers, 1_800_000)
    again = describe(replayed, Poison("bug"))
    assert outgoing("scoring", [again]) == [sent]
    assert (again.record.origin, again.profile_id, again.source_sequence) == (("profile", 3, 41), "E000000001", 7)
    assert restored(replayed) == again.record


def test_a_replay_without_its_origin_goes_to_the_dead_letters_of_the_replay() -> None:
    stray = Record("scoring.replay", 0, 5, b"k", b"v", (), 1_800_000)
    (sent,) = outgoing("scoring", [describe(stray, Poison("origin_missing"))])
    assert sent.topic == "scoring.replay.scoring.dlq"
