"""The four services as processes on real servers: what goes in as submissions, and what comes out at the other end."""

import json
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from shared.contracts.cloudevents import attributes
from shared.contracts.scored import Eligible, Scored
from shared.demo import bad
from shared.kafka.producer import Record
from shared.kafka.reader import Raw
from shared.stack.stack import Stack
from tests.faults.load import NOW, body, mixed, number, submission
from tests.faults.rig import Rig, metric, own_stack, until


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("pipeline")) as stack:
        yield stack


@pytest.fixture(scope="module")
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        made.scale(intake=1, scoring=1, draws=1, decisions=1)
        yield made


def keyed(records: list[Raw]) -> dict[str, list[Raw]]:
    """The records of each key, in order."""
    found: dict[str, list[Raw]] = defaultdict(list)
    for record in records:
        found[(record.key or b"").decode()].append(record)
    return found


def last(records: list[Raw]) -> Any:
    return json.loads(records[-1].value or b"")


async def test_each_bad_submission_ends_as_it_should_and_the_good_between_come_through(system: Rig) -> None:
    good = body("GOOD-00000")
    wrong = bad.all_of(good)
    others = [number("GOOD", place) for place in range(1, len(wrong) + 1)]
    between = [one for pair in zip((w.record for w in wrong), map(submission, others), strict=True) for one in pair]
    await system.publish([submission("GOOD-00000"), *between])
    await system.reconciled()

    profiles = keyed(await system.read("profile", "GOOD"))
    scores = keyed(await system.read("scored", "GOOD"))
    assert set(profiles) == set(scores) == {"GOOD-00000", *others}
    assert {last(records)["status"] for records in profiles.values()} == {"in_pool"}
    assert last(profiles["GOOD-00000"])["version"] == 9

    refused = {
        (r.key, attributes(tuple(r.headers)).id): json.loads(r.value or b"") for r in await system.read("rejected")
    }
    said = {
        (fact["profile_id"], fact["source_id"]): [one["code"] for one in fact["reasons"]] for fact in refused.values()
    }
    for one in [one for one in wrong if one.outcome == "rejected"]:
        assert one.reason in said.pop(_event_of(one.record)), one.name
    assert said == {}

    dead = {(r.key, r.value, _header(r, "dlq-reason")) for r in await system.read("submission.intake.dlq")}
    assert dead == {(one.record.key, one.record.value, one.reason) for one in wrong if one.outcome == bad.DEAD}
    outcomes = await system.rows("SELECT version, outcome FROM intake.outcome WHERE profile_id = 'GOOD-00000'")
    assert {row["version"]: row["outcome"] for row in outcomes} == {
        1: "accepted",
        5: "rejected",
        9: "accepted",
        8: "superseded",
    }


def _event_of(record: Record) -> tuple[str, str]:
    return (record.key or b"").decode(), attributes(record.headers).id


def _header(record: Raw, name: str) -> str:
    return next(value.decode() for found, value in record.headers if found == name and value)


async def test_a_birthday_scores_a_profile_anew_at_every_reader_without_a_message(system: Rig) -> None:
    key, birthday = "BIRTH-00001", date(2026, 8, 18)
    await system.publish([submission(key, date_of_birth="1996-08-18")])
    await system.reconciled()
    before = Scored.read(keyed(await system.read("scored", key))[key][-1].value or b"")
    published = await system.length("submission")

    for days in (1, 2):
        await system.advance(NOW + timedelta(days=days))
    await system.reconciled()
    after = Scored.read(keyed(await system.read("scored", key))[key][-1].value or b"")
    eligible = Eligible.read(keyed(await system.read("eligible", key))[key][-1].value or b"")
    (pool,) = await system.rows("SELECT * FROM draws.pool WHERE profile_id = $1", key)
    assert await system.length("submission") == published
    # Without a partner, 29 years are worth 110 points and 30 are worth 105.
    assert (after.total, after.on, after.sequence > before.sequence) == (before.total - 5, birthday, True)
    assert (eligible.sequence, eligible.on) == (after.sequence, birthday)
    assert (pool["total"], pool["evaluated_on"]) == (after.total, birthday)
    assert (pool["scored_sequence"], pool["eligible_sequence"]) == (after.sequence, after.sequence)


async def test_five_workers_keep_the_twenty_versions_of_a_profile_in_order(system: Rig) -> None:
    system.scale(scoring=5)
    workers = system.of("scoring")
    await until(lambda: all(metric(w, "ee_partitions_assigned") > 0 for w in workers), "five members of the group")
    keys = [number("FIVE", place) for place in range(40)]
    for version in range(1, 21):  # scoring gets them all, and is left behind: only intake is waited for
        published = await system.length("profile")
        await system.publish([submission(key, version) for key in keys])
        await system.until_length("profile", published + len(keys))
    await system.reconciled()

    profiles, scores = keyed(await system.read("profile", "FIVE")), keyed(await system.read("scored", "FIVE"))
    assert set(profiles) == set(scores) == set(keys)
    for key in keys:
        told = [Scored.read(record.value or b"") for record in scores[key]]
        places = [(one.profile_sequence, one.sequence) for one in told]
        assert places == sorted(set(places))
        assert [json.loads(r.value or b"")["version"] for r in profiles[key]] == list(range(1, 21))
        assert told[-1].profile_sequence == last(profiles[key])["sequence"]
    await system.ends_as_the_model_says("FIVE")


async def test_one_of_two_workers_is_killed_in_the_stream_and_nothing_is_lost_and_nothing_twice(system: Rig) -> None:
    system.scale(scoring=2)
    await system.quiet()
    scored = await system.length("scored")
    await system.publish(mixed("KILL", 300))
    await system.until_length("scored", scored + 30)
    victim = system.of("scoring")[0]
    victim.kill()
    assert victim.exit_code == -signal.SIGKILL
    report = await system.reconciled()
    assert report.counts["submission: records"] > 300
    await system.ends_as_the_model_says("KILL")
