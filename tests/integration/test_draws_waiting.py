"""When a round may rank: what it waits for, stage by stage, and when it gives up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from services.draws import holding
from services.draws.offenders import offenders
from services.draws.round_store import RoundRow
from shared.contracts.base import NextChange
from shared.contracts.decided import InvitationState
from shared.contracts.rounds import RoundState
from shared.rules import rule_sets_in_force
from shared.stack.stack import Stack
from shared.worker.runtime import Runtime
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import DAY, INSTANT, decided, eligible, held, instruction, message, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        await opened.read(scored("A00001", 500), eligible("A00001"))
        yield opened


async def codes(draws: Bench) -> list[str]:
    """Why the round was refused."""
    facts = await draws.rounds()
    assert facts[-1].state is RoundState.REFUSED
    assert await draws.invited() == []
    return [one.code for one in facts[-1].reasons]


async def test_the_stages_follow_the_flow_of_messages(draws: Bench) -> None:
    await draws.hold(instruction())
    assert draws.offsets.asked == [
        ("ends", ("application", "invited", "profile", "submission")),
        ("decisions", ("application", "invited", "profile")),
        ("ends", ("decided",)),
        ("intake", ("decided", "invited", "submission")),
        ("ends", ("profile",)),
        ("scoring", ("profile",)),
        ("ends", ("eligible", "held", "scored")),
    ]


@pytest.mark.parametrize("group", ["decisions", "intake", "scoring"])
async def test_a_round_refuses_when_a_service_does_not_catch_up(draws: Bench, group: str) -> None:
    draws.impatient()
    draws.offsets.lag[group] = 7
    await draws.hold(instruction())
    assert await codes(draws) == ["wait_lag"]
    reason = (await draws.rounds())[-1].reasons[0]
    assert (reason.params["service"], reason.params["count"]) == (group, 7)


@pytest.mark.parametrize("topic", ["scored", "eligible", "decided", "held"])
async def test_a_round_waits_until_its_own_transactions_have_passed_the_ends(draws: Bench, topic: str) -> None:
    draws.offsets.end[TopicPartition(topic, 0)] = 43
    await draws.approved(instruction())
    turning = asyncio.create_task(draws.turn())
    await draws.waits()
    late = {
        "scored": scored("A00001", 501, 2),
        "eligible": eligible("A00001", sequence=2),
        "decided": decided("A00001", "9-A00001", InvitationState.LAPSED),
        "held": held(7, "settled"),
    }[topic]
    pair = [eligible("A00001", sequence=2)] if topic == "scored" else []
    pair += [scored("A00001", 501, 2)] if topic == "eligible" else []  # type: ignore[list-item]
    await draws.read(message(late, 42), *pair)
    assert await turning is True
    assert len(await draws.invited()) == 1


async def test_a_round_refuses_while_the_outbox_is_not_empty(draws: Bench) -> None:
    draws.impatient()
    await draws.approved(instruction())
    await draws.pool.execute("INSERT INTO outbox (topic, key) VALUES ('held', 'x/y/0/0')")
    await draws.turn()
    await draws.pool.execute("DELETE FROM outbox WHERE topic = 'held'")
    assert await codes(draws) == ["wait_outbox"]


DUE = NextChange(on=DAY, reason="birthday")
OLD = list(rule_sets_in_force(DAY - timedelta(days=300)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"next_change": DUE}, "wait_due"),
        ({"on": DAY + timedelta(days=1)}, "wait_later_day"),
        ({"rule_sets": OLD}, "wait_rule_sets"),
        ({"provisional": True}, "wait_provisional"),
    ],
)
async def test_one_offender_keeps_the_whole_round_waiting(draws: Bench, changes: dict[str, Any], expected: str) -> None:
    draws.impatient()
    await draws.read(scored("B00001", 300, **changes), eligible("B00001", **changes))
    await draws.hold(instruction())
    assert await codes(draws) == [expected]


async def test_a_score_without_its_eligibility_keeps_a_round_waiting(draws: Bench) -> None:
    draws.impatient()
    await draws.read(scored("A00001", 510, 2))
    await draws.hold(instruction())
    assert await codes(draws) == ["wait_unequal"]


@pytest.mark.parametrize("service", ["scoring", "draws"])
async def test_a_record_in_dead_letters_keeps_a_round_waiting(draws: Bench, service: str) -> None:
    draws.impatient()
    if service == "scoring":
        await draws.read(held(7))
    else:
        await draws.pool.execute(
            "INSERT INTO held (topic, partition, record_offset, state, code, changed_at) "
            "VALUES ('scored', 0, 7, 'open', 'body_invalid', now())"
        )
    await draws.hold(instruction())
    assert await codes(draws) == ["wait_held"]


async def test_an_instruction_may_accept_what_is_held_and_what_is_provisional(draws: Bench) -> None:
    await draws.read(held(7), scored("B00001", 300, provisional=True), eligible("B00001", provisional=True))
    fact = await draws.hold(instruction(accept_held=True, accept_provisional=True))
    assert fact.certificate is not None
    assert (fact.state, fact.certificate.held_entries, fact.certificate.invited) == (RoundState.HELD, 1, 2)
    assert [one.provisional for one in await draws.invited()] == [False, True]


async def test_who_has_left_the_pool_keeps_no_round_waiting(draws: Bench) -> None:
    gone: dict[str, Any] = {"status": "withdrawn", "next_change": DUE, "provisional": True, "rule_sets": OLD}
    await draws.read(scored("B00001", 900, **gone))
    fact = await draws.hold(instruction())
    assert fact.state is RoundState.HELD


async def test_a_round_is_not_held_on_another_day(draws: Bench) -> None:
    await draws.approved(instruction())
    draws.at(INSTANT + timedelta(days=1))
    await draws.finish()
    assert await codes(draws) == ["day_over"]


async def test_a_cancelled_round_stops_waiting(draws: Bench) -> None:
    draws.offsets.lag["scoring"] = 1
    await draws.approved(instruction())
    turning = asyncio.create_task(draws.turn())
    await draws.waits()
    await draws.command("cancel", "436", "anna")
    assert await turning is True
    assert [fact.state for fact in await draws.rounds()] == [RoundState.APPROVED, RoundState.CANCELLED]


async def test_an_offender_that_comes_after_the_wait_sends_the_round_back(
    draws: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[list[str]] = []
    first = holding.hold

    async def late(runtime: Runtime, due: RoundRow) -> holding.Attempt:
        if not attempts:
            await draws.read(scored("A00001", 600, 2))
        attempt = await first(runtime, due)
        attempts.append([one.code for one in attempt.found])
        if len(attempts) == 1:
            await draws.read(eligible("A00001", sequence=2))
        return attempt

    monkeypatch.setattr("services.draws.rounds.hold", late)
    await draws.hold(instruction())
    assert attempts == [["wait_unequal"], []]
    assert [one.total for one in await draws.invited()] == [600]


async def test_last_year_other_rule_sets_were_in_force(draws: Bench) -> None:
    async with draws.pool.acquire() as connection:
        assert await offenders(connection, instruction()) == []
        found = await offenders(connection, instruction(instant=INSTANT.replace(year=2025)))
    assert [one.code for one in found] == ["wait_later_day", "wait_rule_sets"]


async def test_a_withdrawal_and_a_decline_while_a_round_waits_count(draws: Bench) -> None:
    await draws.read(scored("A00002", 490), eligible("A00002"), scored("A00003", 480), eligible("A00003"))
    await draws.hold(instruction("1", 1))
    draws.offsets.end[TopicPartition("decided", 0)] = 1
    await draws.approved(instruction("2", 3))
    turning = asyncio.create_task(draws.turn())
    await draws.waits("2")
    await draws.read(scored("A00002", 490, 2, status="withdrawn"), eligible("A00002", sequence=2))
    await draws.read(decided("A00001", "1-A00001", InvitationState.DECLINED))
    await turning
    assert [one.profile_id for one in await draws.invited("2")] == ["A00001", "A00003"]
