"""Decisions on a real database: batches in, rows and facts out; twice, permuted, split anywhere."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import asyncpg
import pytest

from shared.worker.record import Poison
from tests.conftest import Connect
from tests.integration.decisions_bench import NOW, Bench, codes, erasure, issued, message, profile, received
from tests.unit.decisions.given import (
    DEADLINE,
    ID,
    INVITED_AT,
    RECEIVED_AT,
    application,
    clearances,
    declined,
    finding,
    invitation,
    officer,
)

DAY = timedelta(1)


@pytest.fixture
async def bench(connect: Connect, database: str) -> Bench:
    return Bench(await connect("decisions"), database)


async def test_an_application_is_received_and_then_approved_by_an_officer(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()))
    await bench.take(received(application(), "a"))
    await bench.take(*(received(one, f"f{place}") for place, one in enumerate(clearances(RECEIVED_AT + DAY))))
    await bench.take(received(officer("approve", RECEIVED_AT + 2 * DAY), "o"))
    assert await bench.outcomes() == ["received", "approved"]
    last = (await bench.facts("decided"))[-1]
    assert last["invitation"]["state"] == "applied"
    assert last["application"]["state"] == "approved"
    assert last["correspondence_language"] == "fr"
    assert [fact["sequence"] for fact in await bench.facts("decided")] == list(
        range(1, len(await bench.facts("decided")) + 1)
    )


async def test_doing_a_batch_again_changes_nothing_and_announces_the_same_keys(bench: Bench) -> None:
    batch = [profile(), issued(invitation()), received(application(), "a")]
    first = await bench.take(*batch)
    before = await bench.facts()
    again = await bench.take(*batch)
    assert await bench.facts() == before
    assert list(again.announced) == list(first.announced) == [ID]


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_any_order_of_arrival_says_the_same_in_the_end(bench: Bench, order: tuple[int, ...]) -> None:
    messages = [
        profile(),
        issued(invitation()),
        received(application(), "a"),
        received(declined(RECEIVED_AT - DAY), "d"),
    ]
    for place in order:
        await bench.take(messages[place])
    await bench.tick(NOW)
    assert {code for code, _ in await bench.holds()} == {"declined", "invitation_closed", "invitation_ends"}
    last = (await bench.facts("decided"))[-1]
    assert (last["invitation"]["state"], last["application"]) == ("declined", None)
    assert await bench.waiting() == 0


async def test_a_lapse_is_withdrawn_by_a_new_fact_when_an_application_in_time_is_read_late(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()))
    await bench.tick(DEADLINE)
    await bench.take(received(application(), "a"))
    assert await bench.outcomes() == ["lapsed", "lapse_withdrawn", "received"]
    withdrawal = next(fact for fact in await bench.facts("decided") if fact["outcome"] == "lapse_withdrawn")
    assert withdrawal["invitation"]["state"] == "applied"
    assert codes(withdrawal) == ["message_withdrawn"]


async def test_nothing_lapses_in_a_message_step(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()), now=DEADLINE + DAY)
    await bench.take(profile(2), now=DEADLINE + DAY)
    assert await bench.outcomes() == []
    await bench.tick(DEADLINE - timedelta(microseconds=1))
    assert await bench.outcomes() == []
    await bench.tick(DEADLINE)
    assert await bench.outcomes() == ["lapsed"]


async def test_an_invitation_that_overtakes_its_profile_waits_for_it(bench: Bench) -> None:
    await bench.take(issued(invitation(profile_sequence=2)), received(application(), "a"))
    await bench.take(profile(1))
    assert (await bench.waiting(), await bench.outcomes()) == (2, [])
    await bench.take(profile(2))
    assert (await bench.waiting(), await bench.outcomes()) == (0, ["received"])


async def test_the_withdrawal_of_the_profile_declines_once_however_often_it_is_read(bench: Bench) -> None:
    withdrawn = {"status": "withdrawn", "withdrawn_at": "2026-09-01T00:00:00Z"}
    await bench.take(profile(), issued(invitation()), profile(2, **withdrawn), profile(3, **withdrawn))
    assert await bench.outcomes() == ["declined"]


async def test_the_same_number_with_other_content_is_a_dead_letter_and_the_first_stands(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()))
    step = await bench.take(
        received(declined(RECEIVED_AT), "x"),
        received(declined(RECEIVED_AT - DAY), "x"),
        received(declined(RECEIVED_AT), "x"),
    )
    assert [letter.code for letter in step.dead] == ["id_reused"]
    assert (await bench.facts("decided"))[-1]["at"] == "2026-09-30T15:00:00.000000Z"


async def test_a_bad_shape_is_rejected_with_every_field_and_a_good_one_beside_it_comes_through(bench: Bench) -> None:
    bad = {**application(), "received_at": 5, "program": "XYZ", "form_complete": "perhaps"}
    await bench.take(profile(), issued(invitation()), received(bad, "bad"), received(application(), "good"))
    rejected = (await bench.facts("rejected"))[0]
    assert {reason["field"] for reason in rejected["reasons"]} == {"received_at", "program", "form_complete"}
    assert (rejected["source_topic"], rejected["source_id"], rejected["state"]) == ("application", "bad", None)
    assert await bench.outcomes() == ["received"]


async def test_a_message_of_more_than_256_kib_is_rejected_unread(bench: Bench) -> None:
    large = message("application", "application.submitted", b"x" * 300_000, number="large")
    await bench.take(large)
    assert codes((await bench.facts("rejected"))[0]) == ["too_large"]


async def test_a_receipt_in_the_future_is_rejected(bench: Bench) -> None:
    late = RECEIVED_AT + timedelta(seconds=301)
    await bench.take(profile(), issued(invitation()), received(application(late), "a"), now=RECEIVED_AT)
    assert codes((await bench.facts("rejected"))[0]) == ["received_in_future"]
    assert await bench.outcomes() == []


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, "body_missing"), (b"{", "not_json"), (b"[]", "not_an_object"), (b'{"profile_id": "X"}', "key_differs")],
)
def test_what_nobody_can_be_answered_for_is_a_dead_letter(value: Any, code: str) -> None:
    with pytest.raises(Poison) as poison:
        message("application", "application.submitted", value)
    assert poison.value.code == code


async def test_a_clock_step_acts_on_every_deadline_in_order_and_is_then_no_longer_due(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()))
    await bench.tick(DEADLINE + DAY)
    said = [(fact.get("outcome") or fact["code"]) for fact in await bench.facts()]
    assert said == ["invitation_ends", "invitation_ends", "invitation_ends", "lapsed"]
    assert await bench.connection.fetchval("SELECT next_due FROM case_file") is None
    await bench.tick(DEADLINE + 2 * DAY)
    assert len(await bench.facts()) == 4


async def test_with_the_policy_on_an_application_is_approved_without_an_officer(
    connect: Connect, database: str
) -> None:
    bench = Bench(await connect("decisions"), database, auto_approve=True)
    findings = [received(one, f"f{place}") for place, one in enumerate(clearances(RECEIVED_AT + DAY))]
    await bench.take(profile(), issued(invitation()), received(application(), "a"), *findings)
    assert await bench.outcomes() == ["received", "approved"]


async def test_the_policy_of_the_day_of_receipt_stays_with_the_application(connect: Connect, database: str) -> None:
    connection = await connect("decisions")
    before = Bench(connection, database)
    await before.take(profile(), issued(invitation()), received(application(), "a"))
    findings = [received(one, f"f{place}") for place, one in enumerate(clearances(RECEIVED_AT + DAY))]
    await Bench(connection, database, auto_approve=True).take(*findings)
    assert await before.outcomes() == ["received"]


async def test_an_erasure_forgets_what_was_declared_and_said_and_keeps_hashes_and_outcomes(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()), received(application(), "a"))
    await bench.take(erasure())
    connection = bench.connection
    assert await connection.fetchval("SELECT count(*) FROM received_input WHERE body IS NOT NULL") == 0
    assert await connection.fetchval("SELECT count(*) FROM profile_facts WHERE facts IS NOT NULL") == 0
    assert await connection.fetchval("SELECT count(*) FROM said WHERE body IS NOT NULL") == 0
    assert await connection.fetchval("SELECT count(*) FROM received_input WHERE content IS NULL") == 0
    holds = await bench.holds()
    await bench.take(received(officer("approve", RECEIVED_AT + DAY), "o"), profile(2))
    assert await bench.holds() > holds
    assert codes((await bench.facts("rejected"))[-1]) == ["profile_erased"]
    assert await connection.fetchval("SELECT next_due FROM case_file") is None
    await bench.take(
        profile(), issued(invitation()), received(application(), "a"), issued(invitation("I9"), "invited:9")
    )
    assert await connection.fetchval("SELECT count(*) FROM received_input WHERE body IS NOT NULL") == 0
    assert await connection.fetchval("SELECT count(*) FROM profile_facts WHERE facts IS NOT NULL") == 0
    assert await connection.fetchval("SELECT language FROM case_file") == "en"


async def test_a_fact_said_late_carries_the_standing_of_now(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()), received(application(), "a"))
    await bench.take(received(officer("suspend", RECEIVED_AT + 5 * DAY), "o"))
    earlier = finding("admissibility", "doubt", RECEIVED_AT + DAY)
    await bench.take(received(earlier, "f"))
    last = (await bench.facts("decided"))[-1]
    assert (last["outcome"], last["application"]["state"]) == ("proposed", "suspended")


# Operators


async def outcome(bench: Bench, number: int) -> tuple[int, str | None]:
    row = await bench.connection.fetchrow("SELECT changed, refused FROM command_outcome WHERE command_id = $1", number)
    return row["changed"], row["refused"]


async def test_an_operator_extends_every_open_invitation_of_a_round_at_once(bench: Bench) -> None:
    others = [f"E00000000{place}" for place in range(2, 5)]
    await bench.take(profile(), issued(invitation()))
    for place, other in enumerate(others, 2):
        body = invitation(f"I{place}", profile_id=other)
        await bench.take(profile(profile_id=other), issued(body, f"invited:{place}"))
    await bench.take(received({**declined(RECEIVED_AT, "I4"), "profile_id": others[2]}, "d"))
    number = await bench.command(kind="extend", round_id="436", until=(DEADLINE + 9 * DAY).date(), reason="outage")
    assert await bench.obey(INVITED_AT + 50 * DAY) == 1
    assert await outcome(bench, number) == (3, None)
    extended = [fact for fact in await bench.facts("decided") if fact["outcome"] == "extended"]
    assert {fact["invitation"]["deadline"] for fact in extended} == {"2026-10-30T00:00:00.000000Z"}
    assert await bench.obey(INVITED_AT + 50 * DAY) == 0


async def test_an_extension_reaches_an_invitation_whose_application_an_officer_returned(bench: Bench) -> None:
    returned = officer("return", RECEIVED_AT + DAY, sections=["R12"])
    await bench.take(profile(), issued(invitation()), received(application(), "a"), received(returned, "o"))
    until = (DEADLINE + 9 * DAY).date()
    number = await bench.command(kind="extend", round_id="436", until=until, reason="outage")
    await bench.obey(RECEIVED_AT + 2 * DAY)
    assert await outcome(bench, number) == (1, None)
    assert await bench.outcomes() == ["received", "returned", "extended"]


async def test_an_invitation_that_an_application_answered_is_not_cancelled(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()), received(application(form_complete=False), "a"))
    number = await bench.command(kind="cancel", invitations=["I1"], reason="wrong round", given_by="ada")
    confirmed = await bench.command(kind="confirm", confirms=number, given_by="grace")
    await bench.obey(RECEIVED_AT + DAY)
    assert await outcome(bench, confirmed) == (0, "no open invitation without an application is named")
    assert await bench.outcomes() == ["returned"]


async def test_a_command_that_is_set_aside_does_not_hide_the_next_one(bench: Bench) -> None:
    """Taken one by one: else the first of two that fail would hide the second, and all behind them would wait."""
    await bench.take(profile(), issued(invitation()))
    failing = await bench.command(kind="extend", invitations=["I1"], until=DEADLINE.date(), reason="a")
    following = await bench.command(
        kind="extend", invitations=["I1"], until=(DEADLINE + 9 * DAY).date(), reason="outage"
    )
    assert await bench.obey(INVITED_AT + DAY, limit=1, set_aside=[f"command {failing}"]) == 1
    assert await outcome(bench, following) == (1, None)


async def test_a_cancellation_needs_a_second_operator(bench: Bench) -> None:
    await bench.take(profile(), issued(invitation()))
    number = await bench.command(kind="cancel", invitations=["I1"], reason="wrong round", given_by="ada")
    assert await bench.obey(INVITED_AT + DAY) == 0
    same = await bench.command(kind="confirm", confirms=number, given_by="ada")
    await bench.obey(INVITED_AT + DAY)
    assert (await outcome(bench, same))[1] == "a cancellation needs two operators: let another one confirm it"
    assert await bench.outcomes() == []
    other = await bench.command(kind="confirm", confirms=number, given_by="grace")
    await bench.obey(INVITED_AT + DAY)
    assert await outcome(bench, other) == (1, None)
    assert await outcome(bench, number) == (1, None)
    assert await bench.outcomes() == ["cancelled"]


async def test_the_name_of_an_operator_is_the_login_and_cannot_be_given(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("SET ROLE decisions_operator; SET search_path = decisions")
        await connection.execute("INSERT INTO command (kind, invitations, reason) VALUES ('cancel', '{I1}', 'x')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO command (kind, reason, given_by) VALUES ('cancel', 'x', 'somebody')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT body FROM received_input")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT facts FROM profile_facts")
    finally:
        await connection.close()


async def test_the_facts_of_a_closed_profile_go_but_those_that_an_invitation_names(bench: Bench) -> None:
    from services.decisions.steps import Tidying
    from shared.worker.step import Step

    await bench.take(
        profile(1), profile(2), issued(invitation()), profile(3, status="expired", closed_at="2026-09-01T00:00:00Z")
    )

    class Passed:
        passed = NOW

    tidying = Tidying(Passed())  # type: ignore[arg-type]
    async with bench.connection.transaction():
        assert await tidying.run(Step(bench.connection, NOW, by_clock=True), 10) == 1
    kept = await bench.connection.fetch("SELECT sequence FROM profile_facts")
    assert [row["sequence"] for row in kept] == [1]
    assert await tidying.due(bench.connection, NOW) == 0
