"""What batches of messages do to the pool's rows."""

from collections.abc import AsyncIterator
from itertools import permutations

import pytest

from shared.contracts.decided import InvitationState
from shared.contracts.profile import Status
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import decided, eligible, erasure, held, instruction, message, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


async def test_a_profile_enters_with_its_score_and_its_groupings(draws: Bench) -> None:
    await draws.read(scored("A00001", 512), eligible("A00001", ["FSW", "CEC"], categories=["french"]))
    row = await draws.row("A00001")
    assert (row["total"], row["status"], row["scored_sequence"], row["eligible_sequence"]) == (512, "in_pool", 1, 1)
    bits = {r["key"]: r["bit"] for r in await draws.pool.fetch("SELECT * FROM grouping_bit")}
    keys = ("general", "CEC", "FSW", "category:french")
    assert row["groupings"] == sum(1 << bits[key] for key in keys)


async def test_the_same_batch_again_changes_nothing(draws: Bench) -> None:
    batch = [scored("A00001", 512), eligible("A00001"), scored("A00002", 400), eligible("A00002", ["FSW"])]
    await draws.read(*batch)
    before = await draws.everything("pool", "pool_history", "change", "outbox")
    await draws.read(*batch)
    await draws.read(*reversed(batch), *batch)
    assert await draws.everything("pool", "pool_history", "change", "outbox") == before


async def test_the_newest_wins_in_every_order_and_however_it_is_cut_into_batches(draws: Bench) -> None:
    messages = [scored("A00000", total, seq) for seq, total in ((1, 300), (2, 310), (3, 305))]
    for number, order in enumerate(permutations(messages)):
        name = f"A0000{number}"
        renamed = [one.model_copy(update={"profile_id": name}) for one in order]
        await draws.read(*renamed[:2])
        await draws.read(renamed[2])
        assert (await draws.row(name))["total"] == 305


async def test_each_source_has_its_own_guard(draws: Bench) -> None:
    await draws.read(eligible("A00001", ["CEC"], 5))
    await draws.read(scored("A00001", 500, 3))
    await draws.read(eligible("A00001", ["FSW"], 4), scored("A00001", 490, 2))
    row = await draws.row("A00001")
    assert (row["scored_sequence"], row["total"], row["eligible_sequence"], row["groupings"]) == (3, 500, 5, 0b11)


async def test_only_scored_brings_a_profile_into_the_pool(draws: Bench) -> None:
    await draws.read(eligible("A00001"))
    assert (await draws.row("A00001"))["status"] is None
    await draws.read(scored("A00001", 500))
    await draws.read(scored("A00001", 500, 2, status=Status.WITHDRAWN))
    assert (await draws.row("A00001"))["status"] == "withdrawn"


async def test_a_superseded_row_is_kept_only_if_a_round_stood_on_it(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), eligible("A00001"))
    await draws.read(scored("A00001", 510, 2), eligible("A00001", sequence=2))
    assert await draws.pool.fetchval("SELECT count(*) FROM pool_history") == 0
    await draws.hold(instruction(invitations=0))
    await draws.read(scored("A00001", 520, 3))
    await draws.read(scored("A00001", 530, 4))
    kept = await draws.pool.fetch("SELECT total, since_change, until_change FROM pool_history")
    change = await draws.pool.fetchval("SELECT change_number FROM round")
    assert [row["total"] for row in kept] == [510]
    assert kept[0]["since_change"] < change <= kept[0]["until_change"]


async def test_a_declined_invitation_comes_out_of_the_way_and_a_lapsed_one_does_not(draws: Bench) -> None:
    for name in ("A00001", "A00002", "A00003"):
        await draws.read(scored(name, 500), eligible(name))
    await draws.hold(instruction("1"))
    assert {(await draws.row(f"A0000{n}"))["has_invitation"] for n in (1, 2, 3)} == {True}
    await draws.read(
        decided("A00001", "1-A00001", InvitationState.DECLINED),
        decided("A00002", "1-A00002", InvitationState.LAPSED),
        decided("A00003", "1-A00003", InvitationState.CANCELLED),
    )
    assert [(await draws.row(f"A0000{n}"))["has_invitation"] for n in (1, 2, 3)] == [False, True, False]


async def test_the_highest_sequence_of_decided_counts(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), eligible("A00001"))
    await draws.hold(instruction("1"))
    await draws.read(decided("A00001", "1-A00001", InvitationState.DECLINED, 3))
    await draws.read(decided("A00001", "1-A00001", InvitationState.LAPSED, 2))
    assert (await draws.row("A00001"))["has_invitation"] is False


async def test_a_lapse_that_is_withdrawn_after_an_application_keeps_the_profile_out(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), eligible("A00001"))
    await draws.hold(instruction("1"))
    before = await draws.row("A00001")
    await draws.read(decided("A00001", "1-A00001", InvitationState.LAPSED, 1))
    await draws.read(decided("A00001", "1-A00001", InvitationState.APPLIED, 2))
    assert await draws.row("A00001") == before


async def test_a_decision_on_an_invitation_that_was_never_issued_is_a_dead_letter(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), eligible("A00001"))
    step = await draws.read(decided("A00001", "9-A00001", InvitationState.LAPSED), scored("A00001", 505, 2))
    assert [letter.code for letter in step.dead] == ["unknown_invitation"]
    row = await draws.row("A00001")
    assert (row["total"], row["has_invitation"]) == (505, False)


async def test_an_erasure_takes_what_was_declared_and_leaves_what_rounds_verify_by(draws: Bench) -> None:
    await draws.read(scored("A00001", 500, correspondence_language="fr"), eligible("A00001"))
    await draws.hold(instruction("1"))
    await draws.read(erasure("scored", "A00001"), erasure("eligible", "A00001"))
    row = await draws.row("A00001")
    assert (row["correspondence_language"], row["total"], row["scored_sequence"]) == (None, 500, 1)
    languages = await draws.pool.fetch("SELECT correspondence_language FROM pool_history")
    assert [row["correspondence_language"] for row in languages] == [None]
    await draws.read(scored("A00001", 500, 2, correspondence_language="fr"), eligible("A00001", sequence=2))
    row = await draws.row("A00001")
    assert (row["correspondence_language"], row["scored_sequence"]) == (None, 1)
    assert await draws.pool.fetchval("SELECT count(correspondence_language) FROM pool_history") == 0


async def test_an_erased_profile_is_out_of_the_pool_whatever_is_replayed_of_it(draws: Bench) -> None:
    names = ("A00001", "A00002", "A00003")
    await draws.read(eligible("A00002"), scored("A00003", 480), eligible("A00003"))
    await draws.hold(instruction(invitations=0))
    await draws.read(*(erasure("scored", name) for name in names))
    replayed = [scored(name, 500, 2, correspondence_language="fr") for name in names]
    await draws.read(*replayed)
    await draws.read(scored("A00004", 500, correspondence_language="fr"), erasure("scored", "A00004"))
    rows = [await draws.row(name) for name in (*names, "A00004")]
    assert [row["scored_sequence"] for row in rows] == [0, 0, 1, 1]
    assert {(row["status"], row["correspondence_language"]) for row in rows} == {(None, None)}
    assert await draws.pool.fetchval("SELECT count(*) FROM trait") == 0
    (kept,) = await draws.pool.fetch("SELECT status, correspondence_language FROM pool_history WHERE total = 480")
    assert tuple(kept) == ("in_pool", None), "the round stood on it"


async def test_entries_of_held_open_and_settle_by_their_own_sequence(draws: Bench) -> None:
    await draws.read(held(7), held(8), held(7, "settled", 2))
    await draws.read(held(7))
    states = await draws.pool.fetch("SELECT key, state FROM held_record ORDER BY key")
    assert [tuple(row) for row in states] == [("scoring/profile/0/7", "settled"), ("scoring/profile/0/8", "open")]
    await draws.read(erasure("held", "scoring/profile/0/8"))
    assert await draws.pool.fetchval("SELECT count(*) FROM held_record WHERE state = 'open'") == 0


async def test_offsets_are_kept_for_every_record_and_never_go_back(draws: Bench) -> None:
    await draws.read(message(scored("A00001", 500), 41), message(scored("A00002", 500), 42))
    await draws.read(message(scored("A00001", 500), 7))
    rows = await draws.pool.fetch("SELECT topic, partition, next_offset FROM handled_offset")
    assert [tuple(row) for row in rows] == [("scored", 0, 43)]
