"""One live profile per person (A10.1(5)), the bar (A10.1(4)), and identity at rest."""

import asyncio
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from services.intake import store
from services.intake.cli import rotate
from services.intake.person import Vault
from services.intake.settings import IntakeSettings
from tests.conftest import Connect, service_dsn
from tests.unit.intake.given import EXPIRES, ID, NOW, SETTINGS, Bench, decided, invited, submission, withdrawal

OTHER = "E000000002"


@pytest.fixture
async def bench(connect: Connect) -> Bench:
    return Bench(await connect("intake"))


async def test_a_second_live_profile_of_the_same_passport_is_rejected_with_the_state(bench: Bench) -> None:
    await bench.take(submission(passport="A 012-34"))
    await bench.take(submission(OTHER, passport="a01234"))
    (fact,) = await bench.facts("rejected")
    assert (fact["state"], [r["code"] for r in fact["reasons"]]) == ("in_pool", ["second_live_profile"])
    assert await bench.outcomes(OTHER) == [(1, "rejected")]
    await bench.take(withdrawal())
    await bench.take(submission(OTHER, version=2, passport="a01234"))
    assert (await bench.published(OTHER))["status"] == "in_pool"


async def test_the_same_client_number_is_the_same_person(bench: Bench) -> None:
    first, second = submission().body.body.identity.model_dump(), submission().body.body.identity.model_dump()
    await bench.take(submission(identity={**first, "client_id": "1234-5678"}))
    await bench.take(submission(OTHER, identity={**second, "client_id": "12345678", "passport_number": "Z9"}))
    assert await bench.codes() == [["second_live_profile"]]


async def test_two_profiles_of_one_person_in_one_batch_are_decided_in_order(bench: Bench) -> None:
    await bench.take(submission(OTHER, timestamp=1), submission(ID, timestamp=2))
    assert await bench.outcomes(OTHER) == [(1, "accepted")]
    assert await bench.outcomes(ID) == [(1, "rejected")]


async def test_withdrawing_and_submitting_anew_in_one_batch_goes_by_the_brokers_time(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(submission(OTHER, partition=0, timestamp=20), withdrawal(partition=7, timestamp=10))
    assert await bench.outcomes(OTHER) == [(1, "accepted")]


async def test_two_workers_at_once_never_both_accept(connect: Connect) -> None:
    benches = [Bench(await connect("intake")) for _ in range(2)]
    for number in range(10):
        passport = f"P{number}"
        pair = [submission(f"E{number}0000{worker}", passport=passport) for worker in range(2)]
        await asyncio.gather(*(bench.take(message) for bench, message in zip(benches, pair, strict=True)))
    live = await benches[0].connection.fetchval("SELECT count(*) FROM profile WHERE status = 'in_pool'")
    rejected = await benches[0].connection.fetchval("SELECT count(*) FROM outcome WHERE outcome = 'rejected'")
    assert (live, rejected) == (10, 10)


async def test_the_same_new_profile_in_two_workers_gets_one_outcome(connect: Connect) -> None:
    benches = [Bench(await connect("intake")) for _ in range(2)]
    message = submission(family_size=0)  # no person to lock: the stored outcome decides
    results = await asyncio.gather(*(bench.take(message) for bench in benches), return_exceptions=True)
    for bench, result in zip(benches, results, strict=True):
        if isinstance(result, BaseException):
            from shared.worker.errors import is_transient

            assert is_transient(result)
            await bench.take(message)
    facts = await benches[0].connection.fetch("SELECT DISTINCT ce_id FROM outbox WHERE topic = 'rejected'")
    assert len(facts) == 1


async def test_an_open_invitation_keeps_the_person_live_and_its_end_frees_them(bench: Bench) -> None:
    await bench.take(submission(), invited())
    await bench.take(submission(OTHER), now=NOW + timedelta(1))
    assert [fact["state"] for fact in await bench.facts("rejected")] == ["invited"]
    await bench.take(decided("lapsed", 2))
    await bench.take(submission(OTHER, version=2))
    assert (await bench.published(OTHER))["status"] == "in_pool"


async def test_who_withdraws_while_invited_may_submit_anew_at_once(bench: Bench) -> None:
    await bench.take(submission(), invited())
    await bench.take(withdrawal(), submission(OTHER))
    assert await bench.outcomes(OTHER) == [(1, "accepted")]


async def test_the_story_of_a_profile_does_not_say_who_it_is(bench: Bench) -> None:
    await bench.take(submission(), invited())
    story = await store.story(bench.connection, ID)  # type: ignore[arg-type]
    assert story is not None
    assert [one["outcome"] for one in story["outcomes"]] == ["accepted"]
    assert [one["invitation_id"] for one in story["invitations"]] == ["I1"]
    assert "Tremblay" not in str(story)
    assert await store.story(bench.connection, OTHER) is None  # type: ignore[arg-type]


async def test_a_profile_of_which_the_year_is_over_stands_in_nobodys_way(bench: Bench) -> None:
    await bench.take(submission())
    later = submission(OTHER, submitted_at="2027-03-01T18:34:05.120000Z")
    await bench.take(later, now=EXPIRES + timedelta(minutes=1))
    assert await bench.outcomes(OTHER) == [(1, "accepted")]


async def test_a_lapse_withdrawn_does_not_bring_back_who_has_a_new_profile(bench: Bench) -> None:
    await bench.take(submission(), invited())
    await bench.take(decided("lapsed", 2))
    await bench.take(submission(OTHER))
    await bench.take(decided("declined", 3))
    assert (await bench.published())["status"] == "lapsed"
    assert (await bench.published(OTHER))["status"] == "in_pool"


async def test_an_update_with_a_new_passport_frees_the_old_one(bench: Bench) -> None:
    await bench.take(submission(passport="OLD1"))
    await bench.take(submission(version=2, passport="NEW1"))
    await bench.take(submission(OTHER, passport="OLD1"))
    await bench.take(submission("E000000003", passport="NEW1"))
    assert await bench.outcomes(OTHER) == [(1, "accepted")]
    assert await bench.outcomes("E000000003") == [(1, "rejected")]


async def test_a_bar_for_misrepresentation_holds_until_its_last_day(bench: Bench) -> None:
    bar = {"section": "A40(2)(a)", "since": "2021-03-01", "until": "2026-03-01"}
    await bench.take(submission(), invited(), decided("applied", 2, received_at=NOW, bar=bar))
    await bench.take(submission(OTHER))
    await bench.take(submission("E000000003", submitted_at="2026-03-02T00:00:00Z"))
    (fact,) = await bench.facts("rejected")
    assert fact["reasons"][0]["params"] == {"until": "2026-03-01"}
    assert await bench.outcomes(OTHER) == [(1, "rejected")]
    assert await bench.outcomes("E000000003") == [(1, "accepted")]


async def test_a_bar_that_a_newer_decision_lifts_is_gone(bench: Bench) -> None:
    bar = {"section": "A40(2)(a)", "since": "2026-03-01", "until": None}
    await bench.take(submission(), invited(), decided("applied", 2, received_at=NOW, bar=bar))
    await bench.take(submission(OTHER))
    await bench.take(decided("applied", 3, received_at=NOW))
    await bench.take(submission(OTHER, version=2))
    assert await bench.codes() == [["barred_without_end"]]
    assert await bench.outcomes(OTHER) == [(1, "rejected"), (2, "accepted")]


async def test_of_two_bars_on_a_person_the_longer_is_told_and_the_other_holds_when_it_is_lifted(bench: Bench) -> None:
    until = {"section": "A40(2)(a)", "since": "2026-03-01", "until": "2031-03-01"}
    without_end = {**until, "until": None}
    await bench.take(submission(), invited())
    await bench.take(decided("applied", 2, received_at=NOW))
    await bench.take(submission(OTHER), invited(OTHER, "I2"))  # the person may: nothing was decided on them yet
    await bench.take(decided("applied", 3, received_at=NOW, bar=until))
    await bench.take(decided("applied", 4, profile_id=OTHER, invitation_id="I2", received_at=NOW, bar=without_end))
    await bench.take(submission("E000000003"))
    await bench.take(decided("applied", 5, profile_id=OTHER, invitation_id="I2", received_at=NOW))
    await bench.take(submission("E000000004"))
    await bench.take(decided("applied", 6, received_at=NOW))
    await bench.take(submission("E000000005"))
    assert await bench.codes() == [["barred_without_end"], ["barred"]]
    assert await bench.outcomes("E000000005") == [(1, "accepted")]


async def test_a_number_of_separators_alone_is_no_number(bench: Bench) -> None:
    await bench.take(submission(passport="-- --"))
    (fact,) = await bench.facts("rejected")
    assert fact["reasons"][0]["field"] == "identity.passport_number"


async def test_rotation_encrypts_everything_with_the_newest_key(bench: Bench, stack: object, database: str) -> None:
    import asyncpg

    await bench.take(*(submission(f"E00000000{n}", passport=f"P{n}") for n in range(5)))
    newest = Fernet.generate_key().decode()
    old = SETTINGS.identity_keys[0].get_secret_value()
    both = Vault(IntakeSettings.model_validate({"identity_keys": [newest, old], "person_key": "k" * 32}))
    alone = Vault(IntakeSettings.model_validate({"identity_keys": [newest], "person_key": "k" * 32}))
    dsn = service_dsn(stack, database, "intake")  # type: ignore[arg-type]
    async with asyncpg.create_pool(dsn, min_size=1, server_settings={"search_path": "intake"}) as pool:
        assert await rotate(pool, both, 2) == 5
        assert await rotate(pool, both, 2) == 0
    sealed = await bench.connection.fetch("SELECT sealed FROM identity")
    assert {alone.open(row["sealed"]).family_name for row in sealed} == {"Tremblay"}
