"""What comes while a round waits counts; what comes while it is held comes after it."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from services.draws import holding, round_store
from services.draws.certificate import differences
from services.draws.handler import handle
from services.draws.invitations import drafts
from shared.contracts.base import Message as Body
from shared.contracts.decided import InvitationState
from shared.contracts.rounds import RoundState
from shared.rules import rule_sets_in_force
from shared.stack.stack import Stack
from shared.worker.step import FactDraft
from tests.conftest import Connect, service_dsn
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

NUMBER = "SELECT currval(pg_get_serial_sequence('change', 'number'))"
CHANGE = "SELECT change_number FROM round WHERE round_id = $1"

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
    assert changed["since_change"] > await draws.pool.fetchval(CHANGE, "2")
    assert await differing(draws, "2") == []


@pytest.mark.parametrize(("late", "expected"), COMES)
async def test_ingest_goes_on_while_a_round_writes_and_changes_nothing_of_it(
    draws: Bench, late: list[Body], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def meanwhile(*arguments: Any) -> list[FactDraft]:
        await draws.read(*late)  # to its commit, or this test hangs
        return await drafts(*arguments)

    monkeypatch.setattr(holding, "drafts", meanwhile)
    await draws.hold(instruction("2", 2))
    assert [one.profile_id for one in await draws.invited("2")] == ["A00002", "A00003"]
    changed = await draws.row(late[0].model_dump()["profile_id"])
    assert changed["since_change"] > await draws.pool.fetchval(CHANGE, "2")
    for name in ("A00002", "A00003"):
        assert (await draws.row(name))["has_invitation"] is True
    monkeypatch.undo()
    await draws.read(*(decided(f"A0000{n}", f"2-A0000{n}", InvitationState.DECLINED) for n in (2, 3)))
    await draws.hold(instruction("3", 2))
    assert [one.profile_id for one in await draws.invited("3")] == expected
    assert [await differing(draws, round_id) for round_id in "123"] == [[], [], []]


async def test_a_round_among_batches_is_of_the_pool_just_before_its_number(draws: Bench) -> None:
    """Three processes take in scores as fast as they can; the pool of each round is built again in plain Python."""
    names = [f"B{n:05}" for n in range(40)]
    await draws.read(*(body for name in names for body in (scored(name, 400), eligible(name))))
    log: dict[int, list[tuple[str, int, int]]] = {0: [(name, 1, 400) for name in names]}
    sequences, stop = count(2), asyncio.Event()

    async def take_in(chance: random.Random) -> None:
        while not stop.is_set():
            some = [(name, next(sequences), chance.randrange(300, 600)) for name in chance.sample(names, 5)]
            bodies = [one for name, n, total in some for one in (scored(name, total, n), eligible(name, sequence=n))]
            async with draws.pool.acquire() as connection, connection.transaction():
                await handle(draws.runtime.step(connection, by_clock=False), [message(one) for one in bodies])
                log[await connection.fetchval(NUMBER)] = some

    writers = [asyncio.create_task(take_in(random.Random(seed))) for seed in range(3)]
    for number in range(2, 8):
        await draws.hold(instruction(str(number), 4))
    stop.set()
    await asyncio.gather(*writers)
    invited = {"A00001"}
    for number in range(2, 8):
        round_id = str(number)
        ranked = ranking_before(await draws.pool.fetchval(CHANGE, round_id), log, invited)
        assert [one.profile_id for one in await draws.invited(round_id)] == ranked[:4]
        assert await differing(draws, round_id) == []
        invited.update(ranked[:4])
    assert len(log) > 20
    standing = await draws.pool.fetch("SELECT profile_id FROM pool WHERE has_invitation")
    assert {row["profile_id"] for row in standing} == invited


def ranking_before(change: int, log: dict[int, list[tuple[str, int, int]]], invited: set[str]) -> list[str]:
    """Who can be invited, the best first, when all below a change number has been taken in; one instant for all."""
    newest = {f"A0000{n}": (0, total) for n, total in enumerate((520, 510, 500, 490), 1)}
    for number in sorted(log):
        for name, sequence, total in log[number] if number < change else ():
            newest[name] = max(newest.get(name, (0, 0)), (sequence, total))
    return sorted(newest.keys() - invited, key=lambda name: (-newest[name][1], name))


HOLDERS = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = hashtext('draws.rounds')::bigint & 4294967295
"""
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def test_rounds_at_once_invite_nobody_twice_though_the_turn_was_lost(
    draws: Bench, stack: Stack, database: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that keeps the turn dies while a round writes, and a round that comes before it is approved."""
    admin = await connect("draws")
    async with bench(service_dsn(stack, database, "draws"), database) as other:
        turning: list[asyncio.Task[bool]] = []

        async def meanwhile(*arguments: Any) -> list[FactDraft]:
            monkeypatch.undo()
            await admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({HOLDERS}) AS holders")
            await other.approved(instruction("2", 2))
            turning.append(asyncio.create_task(other.turn()))
            async with asyncio.timeout(240):
                while not await admin.fetchval(WAITS):  # noqa: ASYNC110 - the lock is the database's
                    await asyncio.sleep(0.01)
            return await drafts(*arguments)

        monkeypatch.setattr(holding, "drafts", meanwhile)
        await draws.hold(instruction("3", 2))
        await turning[0]
        await other.finish()
        assert [one.profile_id for one in await draws.invited("3")] == ["A00002", "A00003"]
        assert [one.profile_id for one in await other.invited("2")] == ["A00004"]


async def test_a_process_that_is_frozen_while_its_round_waits_stops_no_other(
    draws: Bench, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = await connect("draws")
    await frozen.execute("SELECT pg_advisory_lock(hashtext('draws.rounds'))")
    await draws.approved(instruction("2", 2))
    assert await draws.turn() is False
    monkeypatch.setattr("shared.worker.alone.STUCK_AFTER", timedelta(seconds=0))
    async with asyncio.timeout(240):
        while not await draws.turn():
            pass
    assert [one.profile_id for one in await draws.invited("2")] == ["A00002", "A00003"]


async def differing(draws: Bench, round_id: str) -> list[str]:
    """Where a round as recomputed differs from its certificate."""
    async with draws.pool.acquire() as connection:
        row = await round_store.show(connection, round_id)
        assert row is not None
        return await differences(connection, row, 10.0)


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
