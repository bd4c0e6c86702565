"""What comes while a round waits counts; what comes while it is held comes after it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from services.draws import holding, round_store
from services.draws.certificate import differences
from shared.contracts.base import Message as Body
from shared.contracts.decided import InvitationState
from shared.contracts.rounds import RoundState
from shared.rules import rule_sets_in_force
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import DAY, decided, eligible, instruction, message, scored

EVALUATED_BEFORE = list(rule_sets_in_force(DAY - timedelta(days=300)))
"""The rule sets of a day before those of the round were in force."""


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    """Four candidates, of whom the best was invited in round 1."""
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        for n, total in enumerate((520, 510, 500, 490), 1):
            await opened.read(scored(f"A0000{n}", total), eligible(f"A0000{n}"))
        await opened.hold(instruction("1", 1))
        yield opened


UPDATE: list[Body] = [scored("A00004", 530, 2), eligible("A00004", sequence=2)]
WITHDRAWAL: list[Body] = [scored("A00002", 510, 2, status="withdrawn"), eligible("A00002", sequence=2)]
DECLINE: list[Body] = [decided("A00001", "1-A00001", InvitationState.DECLINED)]

COMES = [
    pytest.param(UPDATE, ["A00004", "A00002"], id="an update"),
    pytest.param(WITHDRAWAL, ["A00003", "A00004"], id="a withdrawal"),
    pytest.param(DECLINE, ["A00001", "A00002"], id="a decline"),
]


@pytest.mark.parametrize(("late", "expected"), COMES)
async def test_what_comes_while_a_round_waits_counts(draws: Bench, late: list[Body], expected: list[str]) -> None:
    draws.offsets.end[TopicPartition("decided", 0)] = 9
    await draws.approved(instruction("2", 2))
    turning = asyncio.create_task(draws.turn())
    await draws.waits("2")
    await draws.read(*late)
    await draws.read(message(decided("A00001", "1-A00001", InvitationState.OPEN), 8))
    await turning
    assert [one.profile_id for one in await draws.invited("2")] == expected


@pytest.mark.parametrize(("late", "expected"), COMES)
@pytest.mark.parametrize("point", ["round_before_selection", "round_before_invitations", "round_before_commit"])
async def test_what_comes_while_a_round_is_held_comes_after_it(
    draws: Bench, late: list[Body], expected: list[str], point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading: list[asyncio.Task[Any]] = []

    def arrive(name: str) -> None:
        if name == point:
            reading.append(asyncio.create_task(draws.read(*late)))

    monkeypatch.setattr(holding, "failpoint", arrive)
    await draws.hold(instruction("2", 2))
    await asyncio.gather(*reading)
    assert [one.profile_id for one in await draws.invited("2")] == ["A00002", "A00003"]
    changed = await draws.row(late[0].model_dump()["profile_id"])
    held_at = await draws.pool.fetchval("SELECT change_number FROM round WHERE round_id = '2'")
    assert changed["since_change"] > held_at
    async with draws.pool.acquire() as connection:
        row = await round_store.show(connection, "2")
        assert row is not None
        assert await differences(connection, row, 10.0) == []


async def test_a_rule_set_that_is_loaded_just_before_a_round_is_waited_for(draws: Bench) -> None:
    await draws.read(scored("A00002", 510, 2, rule_sets=EVALUATED_BEFORE), eligible("A00002", sequence=2))
    await draws.approved(instruction("2", 2))
    turning = asyncio.create_task(draws.turn())
    await draws.waits("2")
    assert await draws.pool.fetchval("SELECT waits_for -> 0 ->> 'code' FROM round WHERE round_id = '2'") == (
        "wait_rule_sets"
    )
    await draws.read(scored("A00002", 480, 3), eligible("A00002", sequence=3))
    await turning
    assert [one.profile_id for one in await draws.invited("2")] == ["A00003", "A00004"]


async def test_a_poisoned_score_of_a_candidate_at_the_top_is_waited_for(draws: Bench) -> None:
    await draws.pool.execute(
        "INSERT INTO held (topic, partition, record_offset, profile_id, source_sequence, state, code, changed_at) "
        "VALUES ('scored', 0, 7, 'A00004', 2, 'open', 'body_invalid', now())"
    )
    await draws.approved(instruction("2", 2))
    turning = asyncio.create_task(draws.turn())
    await draws.waits("2")
    assert await draws.invited("2") == []
    await draws.read(*UPDATE)
    await draws.pool.execute("UPDATE held SET state = 'settled'")
    await turning
    assert [one.profile_id for one in await draws.invited("2")] == ["A00004", "A00002"]


async def test_a_poisoned_score_that_nobody_mends_refuses_the_round(draws: Bench) -> None:
    await draws.pool.execute(
        "INSERT INTO held (topic, partition, record_offset, profile_id, source_sequence, state, code, changed_at) "
        "VALUES ('scored', 0, 7, 'A00004', 2, 'open', 'body_invalid', now())"
    )
    draws.impatient()
    fact = await draws.hold(instruction("2", 2))
    assert (fact.state, [one.code for one in fact.reasons]) == (RoundState.REFUSED, ["wait_held"])
    assert await draws.invited("2") == []
