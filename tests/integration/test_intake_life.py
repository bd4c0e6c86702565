"""A profile's life: invitations, the clock, reminders; each event at the instant that was due."""

from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
import pytest

from services.intake import store
from services.intake.steps import count_under_other_law
from shared.rules import rule_sets_in_force
from shared.worker.step import Connection
from tests.conftest import Connect
from tests.unit.intake.given import EXPIRES, ID, NOW, Bench, decided, invited, submission, withdrawal

NOMINATION = {"province": "BC", "issued_on": "2026-02-01", "expires_on": "2026-08-01"}
NOMINATION_OVER = datetime(2026, 8, 2, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def bench(connect: Connect) -> Bench:
    return Bench(await connect("intake"))


async def test_a_profile_expires_after_twelve_months_at_the_same_time_of_day(bench: Bench) -> None:
    await bench.take(submission())
    await bench.tick(EXPIRES - MOMENT)
    assert (await bench.published())["status"] == "in_pool"
    assert await bench.due(EXPIRES - MOMENT) == 0
    assert await bench.due(EXPIRES) == 1
    await bench.tick(EXPIRES + timedelta(3))
    state = await bench.published()
    assert (state["status"], state["closed_at"]) == ("expired", "2027-03-01T18:34:05.120000Z")
    assert await bench.due(EXPIRES + timedelta(3)) == 0
    assert (await bench.notices())[-1] == "left_pool:expired"
    assert (await bench.facts("notice"))[-1]["noticed_at"] == "2027-03-01T18:34:05.120000Z"


async def test_a_clock_step_puts_the_state_in_the_outbox(bench: Bench) -> None:
    await bench.take(submission())
    await bench.tick(EXPIRES)
    waiting = await bench.connection.fetch("SELECT topic, key FROM outbox WHERE body IS NULL")
    assert [tuple(row) for row in waiting] == [("profile", ID)]


async def test_an_update_after_the_year_finds_the_profile_expired_though_the_clock_step_is_late(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(submission(version=2), now=EXPIRES)
    assert (await bench.published())["status"] == "expired"
    assert await bench.codes() == [["profile_closed"]]


async def test_a_withdrawal_received_before_the_year_was_over_wins_over_a_late_clock(bench: Bench) -> None:
    await bench.take(submission())
    await bench.tick(EXPIRES)
    await bench.take(withdrawal(at="2027-03-01T18:34:05.119999Z"), now=EXPIRES + timedelta(1))
    assert (await bench.published())["status"] == "withdrawn"


async def test_a_submission_read_long_after_its_year_enters_and_expires_at_once(bench: Bench) -> None:
    await bench.take(submission(), now=EXPIRES + timedelta(10))
    state = await bench.published()
    assert (state["status"], state["on"]) == ("expired", "2027-03-01")
    assert await bench.outcomes() == [(1, "accepted")]


async def test_a_program_that_ends_takes_the_profile_out_on_that_day(bench: Bench) -> None:
    await bench.take(submission(nomination=NOMINATION))
    assert (await bench.published())["next_change"] == {"on": "2026-08-02", "reason": "nomination_ends"}
    await bench.tick(NOMINATION_OVER - MOMENT)
    assert (await bench.published())["status"] == "in_pool"
    await bench.tick(NOMINATION_OVER + timedelta(5))
    state = await bench.published()
    assert (state["status"], state["closed_at"]) == ("ineligible", "2026-08-02T00:00:00.000000Z")
    assert state["on"] == "2026-08-02"
    assert (await bench.notices())[-1] == "left_pool:ineligible"


async def test_a_clock_step_never_overwrites_a_newer_version(connect: Connect) -> None:
    one, other = Bench(await connect("intake")), Bench(await connect("intake"))
    await one.take(submission(nomination=NOMINATION))
    async with one.connection.transaction():
        await one.take(submission(version=2, nomination={**NOMINATION, "expires_on": "2026-12-01"}))
        assert await other.tick(NOMINATION_OVER) == 0, "the row is in the hands of the message step"
    await other.tick(NOMINATION_OVER)
    state = await one.published()
    assert (state["version"], state["status"]) == (2, "in_pool")


async def test_reminders_come_thirty_and_seven_days_before_each_once(bench: Bench) -> None:
    await bench.take(submission(nomination=NOMINATION))
    for day in range(3, 31):
        await bench.tick(datetime(2026, 7, day, tzinfo=UTC))
    found = [n for n in await bench.facts("notice") if n["code"] == "reminder"]
    assert [(n["noticed_at"], n["due_on"], n["params"]["days"]) for n in found] == [
        ("2026-07-02T00:00:00.000000Z", "2026-08-01", 30),
        ("2026-07-25T00:00:00.000000Z", "2026-08-01", 7),
    ]
    assert "2026-08-01" in found[0]["text"]["fr"]


async def test_a_reminder_publishes_no_state(bench: Bench) -> None:
    await bench.take(submission(nomination=NOMINATION))
    await bench.tick(datetime(2026, 7, 2, tzinfo=UTC))
    assert (await bench.published())["sequence"] == 1
    assert await bench.connection.fetchval("SELECT count(*) FROM outbox WHERE body IS NULL") == 0


async def test_an_invited_profile_is_locked(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited())
    await bench.take(submission(version=2))
    (fact,) = await bench.facts("rejected")
    assert (fact["state"], [r["code"] for r in fact["reasons"]]) == ("invited", ["profile_locked"])
    await bench.take(decided("declined", 2))
    await bench.take(submission(version=3))
    assert (await bench.published())["version"] == 3
    assert (await bench.notices())[-1] == "returned_to_pool"


async def test_an_update_accepted_before_the_invitation_was_learned_stays(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(submission(version=2, family_size=3))
    await bench.take(invited())
    assert (await bench.published())["version"] == 2


@pytest.mark.parametrize("first", ["invited", "decided"])
async def test_invited_and_decided_end_alike_in_either_order(bench: Bench, first: str) -> None:
    await bench.take(submission())
    pair = [invited(), decided("declined", 2)]
    for message in pair if first == "invited" else reversed(pair):
        await bench.take(message)
    row = await bench.profile()
    assert (row["status"], row["invited"]) == ("in_pool", False)


async def test_an_older_step_of_an_invitation_changes_nothing(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited(), decided("applied", 5, received_at=NOW))
    before = await bench.everything()
    await bench.take(decided("open", 3))
    assert await bench.everything() == before


async def test_a_late_decline_of_one_invitation_does_not_unlock_the_next(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited(invitation_id="I1"))
    await bench.take(invited(invitation_id="I2", sequence=2))
    await bench.take(decided("declined", 2, invitation_id="I1"))
    assert (await bench.profile())["invited"] is True


async def test_lapsed_and_applied_close_the_profile(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited())
    await bench.take(decided("lapsed", 2))
    assert (await bench.published())["status"] == "lapsed"
    await bench.take(decided("applied", 3, received_at=NOW))
    state = await bench.published()
    assert (state["status"], state["closed_at"]) == ("applied", "2026-03-02T12:00:00.000000Z")


async def test_a_decline_read_after_an_application_that_came_later_brings_the_profile_back(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited())
    await bench.take(decided("applied", 2, received_at=NOW))
    await bench.take(decided("declined", 3))
    state = await bench.published()
    assert (state["status"], state["closed_at"]) == ("in_pool", None)
    assert (await bench.notices())[-1] == "returned_to_pool"


async def test_a_decline_of_one_invitation_does_not_undo_the_application_on_another(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited(invitation_id="I1"), invited(invitation_id="I2", sequence=2))
    await bench.take(decided("applied", 2, invitation_id="I2", received_at=NOW))
    await bench.take(decided("declined", 3, invitation_id="I1"))
    assert (await bench.published())["status"] == "applied"


async def test_while_invited_the_end_of_the_year_only_closes_the_way_back(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited())
    await bench.tick(EXPIRES)
    assert (await bench.published())["status"] == "in_pool"
    assert (await bench.notices())[-1] == "way_back_closed:expired"
    assert await bench.due(EXPIRES) == 0
    await bench.take(decided("declined", 2, at=EXPIRES), now=EXPIRES + timedelta(1))
    assert (await bench.published())["status"] == "expired"
    assert (await bench.notices())[-1] == "left_pool:expired"


async def test_while_invited_a_program_that_ends_only_closes_the_way_back(bench: Bench) -> None:
    await bench.take(submission(nomination=NOMINATION))
    await bench.take(invited())
    await bench.tick(NOMINATION_OVER)
    assert (await bench.published())["programs"]["FSW"]["met"] is False
    assert (await bench.notices())[-1] == "way_back_closed:ineligible"
    await bench.take(decided("cancelled", 2, at=NOMINATION_OVER), now=NOMINATION_OVER)
    assert (await bench.published())["status"] == "ineligible"


async def test_who_comes_back_is_evaluated_as_of_the_day_of_the_decline_however_late_it_is_read(bench: Bench) -> None:
    await bench.take(submission(nomination=NOMINATION), invited())
    declined = decided("declined", 2, at=NOMINATION_OVER - timedelta(days=1))
    await bench.take(declined, now=NOMINATION_OVER + timedelta(days=9))
    state = await bench.published()
    assert (state["status"], state["closed_at"]) == ("ineligible", "2026-08-02T00:00:00.000000Z")
    assert (await bench.notices())[-2:] == ["returned_to_pool", "left_pool:ineligible"]


async def test_a_clock_that_ran_before_the_invitation_was_learned_ends_alike(bench: Bench) -> None:
    await bench.take(submission())
    await bench.tick(EXPIRES)
    await bench.take(invited(), now=EXPIRES)
    row = await bench.profile()
    assert (row["status"], row["way_back"], row["invited"]) == ("in_pool", "expired", True)


async def test_a_withdrawal_while_invited_is_terminal(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(invited())
    await bench.take(withdrawal())
    await bench.take(decided("applied", 2, received_at=NOW))
    assert (await bench.published())["status"] == "withdrawn", "the application was received after it"
    await bench.take(decided("declined", 3))
    assert (await bench.published())["status"] == "withdrawn"


async def test_an_application_received_before_a_withdrawal_wins_in_either_order(bench: Bench) -> None:
    applied = decided("applied", 2, received_at=NOW - timedelta(hours=2))
    await bench.take(submission(), invited())
    await bench.take(withdrawal())
    await bench.take(applied)
    assert (await bench.published())["status"] == "applied"
    await bench.take(submission("E000000002", passport="B2"), invited("E000000002", "I2"))
    await bench.take(decided("applied", 2, profile_id="E000000002", invitation_id="I2", received_at=NOW))
    await bench.take(withdrawal("E000000002"))
    assert (await bench.published("E000000002"))["status"] == "withdrawn"


async def test_invitations_that_came_before_their_profile_apply_when_it_comes(bench: Bench) -> None:
    await bench.take(invited(), decided("applied", 2, received_at=NOW))
    await bench.take(submission())
    assert (await bench.published())["status"] == "applied"
    assert await bench.outcomes() == [(1, "accepted")]


LAW = ",".join(rule_sets_in_force(NOW.date(), submitted_on=NOW.date(), programs_only=True))
OLDER = LAW.replace("funds_2025-07-07", "funds_2024-05-28")


async def under(bench: Bench, law: str) -> None:
    await bench.connection.execute("UPDATE profile SET law = $1", law)


async def test_a_new_rule_set_makes_rows_due_exactly_until_they_follow_it(connect: Connect) -> None:
    bench = Bench(await connect("intake"))
    await bench.take(submission(), submission("E000000002", passport="B2", settlement_funds_cad=0))
    await under(bench, LAW)
    assert await bench.due(NOW, "law") == 0
    assert await bench.tick(NOW, "law") == 0
    await under(bench, OLDER)
    assert await bench.due(NOW, "law") == 1
    assert await bench.tick(NOW, "law", limit=1) == 1
    assert (await bench.published())["sequence"] == 2


async def test_rows_under_rule_sets_of_a_newer_release_are_left_to_it(bench: Bench) -> None:
    await bench.take(submission())
    await under(bench, LAW.replace("funds_2025-07-07", "funds_2099-01-01"))
    assert await bench.due(NOW, "law") == 0
    assert await bench.tick(NOW, "law") == 0


async def test_operators_alone_stop_what_follows_a_new_rule_set_and_it_goes_on_from_there(
    connect: Connect, database: str
) -> None:
    bench = Bench(await connect("intake"))
    operator = await asyncpg.connect(f"{database}?role=intake_operator", server_settings={"search_path": "intake"})
    await bench.take(submission(), submission("E000000002", passport="B2"))
    await under(bench, OLDER)
    assert await bench.tick(NOW, "law", limit=1) == 1
    await under(bench, OLDER)
    await store.stop_law(cast(Connection, operator), "a wrong table")
    assert await bench.due(NOW, "law") == 0
    assert await bench.tick(NOW, "law") == 0
    stopped = await store.law_stopped(cast(Connection, bench.connection))
    assert stopped is not None
    assert stopped[1] == "a wrong table"
    assert await count_under_other_law(cast(Connection, bench.connection), NOW, also_stopped=True) == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await store.resume_law(cast(Connection, bench.connection))
    await store.resume_law(cast(Connection, operator))
    await operator.close()
    assert await bench.tick(NOW, "law") == 2
