"""Scoring against a real PostgreSQL: rows, what is published, and what a duplicate or an older message changes."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any, cast

import asyncpg
import pytest

from services.scoring import store
from services.scoring.handler import SERVICE, count_outdated, handle, reevaluate, rescore
from services.scoring.recompute import differences
from services.scoring.store import QUERIES
from shared.contracts.profile import ProfileState, Status
from shared.contracts.scored import Eligible, Scored
from shared.worker.step import Connection, Step
from tests.conftest import Connect
from tests.unit.scoring.candidates import NOW, message, state

BIRTHDAY = datetime(2026, 7, 17, tzinfo=UTC)
"""The candidate's 32nd: 94 points for age instead of 99."""

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
async def connection(connect: Connect) -> Connection:
    return await opened(connect)


async def opened(connect: Connect) -> Connection:
    return cast(Connection, await connect("scoring"))


async def take(connection: Connection, *bodies: ProfileState | str, now: datetime = NOW) -> Step:
    """Handle these states as one batch; a number alone is its erasure."""
    async with connection.transaction():
        step = Step(connection, now, state_topic="scored")
        await handle(step, [message(None, body) if isinstance(body, str) else message(body) for body in bodies])
        await step.close()
    return step


async def tick(connection: Connection, now: datetime, *, run: Any = reevaluate, limit: int = 100, **given: Any) -> Step:
    async with connection.transaction():
        step = Step(connection, now, state_topic="scored", by_clock=True, **given)
        await run(step, limit)
        await step.close()
    return step


async def published(connection: Connection, key: str = "E000000001") -> tuple[Scored, Eligible]:
    assert SERVICE.state is not None
    rows = {row["topic"]: row for row in await connection.fetch(SERVICE.state.current, [key])}
    return Scored.read(rows["scored"]["body"].encode()), Eligible.read(rows["eligible"]["body"].encode())


async def everything(connection: Connection) -> dict[str, Sequence[Any]]:
    tables = ("score", "result", "facts", "rules", "outbox")
    return {table: await connection.fetch(f"SELECT * FROM {table} AS t ORDER BY t") for table in tables}


async def test_a_profile_is_scored_and_tested_under_one_sequence(connection: Connection) -> None:
    step = await take(connection, state())
    scored, eligible = await published(connection)
    assert (scored.total, scored.factors["A"]["age"], scored.sequence) == (465, 99, 1)
    assert scored.next_change is not None
    assert scored.next_change.on == date(2026, 7, 17)
    assert [name for name, one in eligible.programs.items() if one.met] == ["FSW", "CEC"]
    assert (eligible.sequence, eligible.profile_sequence, eligible.nominee) == (1, 1, False)
    assert list(step.touched) == ["E000000001"]
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0


async def test_what_is_published_is_stored_byte_for_byte(connection: Connection) -> None:
    await take(connection, state())
    row = await connection.fetchrow("SELECT scored, eligible FROM result")
    assert row is not None
    scored, eligible = await published(connection)
    assert scored.json_bytes().decode() == row["scored"]
    assert eligible.json_bytes().decode() == row["eligible"]


async def test_a_duplicate_changes_nothing_and_is_published_again(connection: Connection) -> None:
    await take(connection, state())
    before = await everything(connection)
    step = await take(connection, state(), state(), now=NOW.replace(month=7))
    assert await everything(connection) == before
    assert list(step.touched) == ["E000000001"]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_any_order_of_the_states_of_a_profile_ends_with_the_newest(
    connection: Connection, order: tuple[int, ...]
) -> None:
    for number in order:
        await take(connection, state(sequence=number, facts={"date_of_birth": f"{1990 + number}-07-17"}))
    scored, eligible = await published(connection)
    assert (scored.profile_sequence, scored.total) == (3, 460)
    assert eligible.sequence == scored.sequence


async def test_a_batch_takes_one_step_for_each_profile(connection: Connection) -> None:
    await take(connection, state(sequence=2), state(sequence=3), state(sequence=1), state("E000000002"))
    scored, _ = await published(connection)
    assert (scored.sequence, scored.profile_sequence) == (1, 3)
    assert await connection.fetchval("SELECT count(*) FROM result") == 2


async def test_facts_are_kept_once_as_long_as_they_stay_the_same(connection: Connection) -> None:
    await take(connection, state())
    await take(connection, state(sequence=2, status=Status.EXPIRED))
    await take(connection, state(sequence=3, facts={"family_size": 2}))
    kept = await connection.fetch("SELECT profile_sequence FROM facts ORDER BY 1")
    stood_on = await connection.fetch("SELECT sequence, facts_sequence FROM result ORDER BY 1")
    assert [row[0] for row in kept] == [1, 3]
    assert [tuple(row) for row in stood_on] == [(1, 1), (2, 1), (3, 3)]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.IN_POOL])
async def test_a_profile_that_left_the_pool_says_so_and_is_never_due(connection: Connection, status: Status) -> None:
    await take(connection, state())
    await take(connection, state(sequence=2, status=status))
    scored, eligible = await published(connection)
    assert (scored.status, eligible.status, scored.total) == (status, status, 465)
    assert await connection.fetchval("SELECT due_at FROM score") is None


async def test_a_birthday_rescores_a_profile_without_a_message(connection: Connection) -> None:
    await take(connection, state())
    assert not (await tick(connection, datetime(2026, 7, 16, 23, 59, tzinfo=UTC))).touched
    step = await tick(connection, datetime(2026, 7, 20, 9, tzinfo=UTC))
    scored, eligible = await published(connection)
    assert (scored.total, scored.sequence, scored.on) == (460, 2, date(2026, 7, 17))
    assert (eligible.sequence, eligible.on, step.in_hand) == (2, date(2026, 7, 17), ("E000000001",))
    assert await connection.fetchval("SELECT changed_at FROM result WHERE sequence = 2") == BIRTHDAY
    assert [tuple(row) for row in await connection.fetch("SELECT topic, key FROM outbox")] == [("scored", "E000000001")]


async def test_the_result_before_a_birthday_is_kept(connection: Connection) -> None:
    await take(connection, state())
    before = await connection.fetchrow("SELECT * FROM result")
    await tick(connection, BIRTHDAY)
    assert await connection.fetchrow("SELECT * FROM result WHERE sequence = 1") == before


async def test_a_clock_step_that_runs_late_takes_each_day_in_order(connection: Connection) -> None:
    await take(connection, state())
    late = datetime(2027, 2, 1, tzinfo=UTC)
    while (await tick(connection, late, limit=1)).touched:
        pass
    days = await connection.fetch("SELECT evaluated_on, changed_at FROM result ORDER BY sequence")
    assert [row["evaluated_on"] for row in days] == sorted({row["evaluated_on"] for row in days})
    assert [row["evaluated_on"] for row in days][:3] == [date(2026, 6, 1), date(2026, 7, 17), date(2026, 11, 3)]
    assert await connection.fetchval("SELECT count(*) FROM score WHERE due_at <= $1", late) == 0


async def test_a_key_that_is_set_aside_is_left_alone(connection: Connection) -> None:
    await take(connection, state(), state("E000000002"))
    step = await tick(connection, BIRTHDAY, set_aside=["E000000001"])
    assert list(step.touched) == ["E000000002"]


async def test_a_row_is_not_due_after_it_expires(connection: Connection) -> None:
    await take(connection, state(expires_at=BIRTHDAY))
    assert await connection.fetchval("SELECT due_at FROM score") is None


async def test_a_clock_step_never_overwrites_a_newer_version(connect: Connect) -> None:
    one, other = await opened(connect), await opened(connect)
    await take(one, state())
    async with one.transaction():
        await handle(Step(one, NOW), [message(state(sequence=2, facts={"date_of_birth": "1999-07-17"}))])
        assert not (await tick(other, BIRTHDAY)).touched
    await tick(other, BIRTHDAY)
    scored, _ = await published(one)
    assert (scored.profile_sequence, scored.factors["A"]["age"]) == (2, 110)


async def test_a_day_never_goes_back_for_a_profile(connection: Connection) -> None:
    await take(connection, state())
    await tick(connection, BIRTHDAY)
    await take(connection, state(sequence=2), now=NOW)
    scored, _ = await published(connection)
    assert (scored.on, scored.total) == (date(2026, 7, 17), 460)


async def test_two_workers_that_bring_in_one_profile_end_with_the_newer_state(connect: Connect) -> None:
    one, other = await opened(connect), await opened(connect)
    watcher = await opened(connect)
    async with one.transaction():
        await handle(Step(one, NOW), [message(state(sequence=1))])
        waiting = asyncio.create_task(take(other, state(sequence=2), state("E000000002")))
        async with asyncio.timeout(120):
            while not await watcher.fetchval(WAITING):
                pass
    await waiting
    scored, eligible = await published(one)
    assert (scored.profile_sequence, scored.sequence, eligible.sequence) == (2, 2, 2)
    assert await one.fetchval("SELECT count(*) FROM result WHERE profile_id = 'E000000001'") == 2


async def test_an_erasure_leaves_what_rounds_are_verified_by(connection: Connection) -> None:
    await take(connection, state())
    row = await connection.fetchrow("SELECT sha256(convert_to(scored, 'UTF8')) AS hash FROM result")
    assert row is not None
    await take(connection, state(sequence=2, status=Status.WITHDRAWN))
    for _ in range(2):
        step = await take(connection, "E000000001")
        assert list(step.touched) == ["E000000001"]
    assert SERVICE.state is not None
    current = await connection.fetch(SERVICE.state.current, ["E000000001"])
    assert {(r["topic"], r["sequence"], r["body"]) for r in current} == {("scored", 3, None), ("eligible", 3, None)}
    kept = await connection.fetchrow("SELECT * FROM result WHERE sequence = 1")
    assert kept is not None
    assert (kept["scored"], kept["eligible"], kept["scored_sha256"], kept["total"]) == (None, None, row["hash"], 465)
    assert await connection.fetchval("SELECT count(facts) FROM facts") == 0


async def test_an_erased_profile_stays_erased(connection: Connection) -> None:
    await take(connection, state())
    await take(connection, "E000000001")
    before = await everything(connection)
    await take(connection, state(sequence=9))
    await take(connection, state(sequence=10), "E000000001")
    await tick(connection, BIRTHDAY)
    assert await everything(connection) == before


async def test_a_profile_that_was_erased_before_it_was_known_is_not_brought_in_by_a_replay(
    connection: Connection,
) -> None:
    await take(connection, "E000000001")
    await take(connection, state(), state("E000000002"))
    rows = await connection.fetch("SELECT profile_id FROM facts WHERE facts IS NOT NULL")
    assert [row["profile_id"] for row in rows] == ["E000000002"]
    assert await connection.fetchval("SELECT count(*) FROM result WHERE profile_id = 'E000000001'") == 0


async def test_two_batches_that_erase_what_the_other_evaluates_never_lock_each_other_out(connect: Connect) -> None:
    one, other = await opened(connect), await opened(connect)
    for turn in range(20):
        first, last = f"E1000000{turn:02}", f"E9000000{turn:02}"
        await take(one, state(first), state(last))
        await asyncio.gather(
            take(one, state(first, sequence=2), last),
            take(other, state(last, sequence=2), first),
        )
    assert await one.fetchval("SELECT count(*) FROM score WHERE erased_at IS NULL") == 0


async def test_new_rule_sets_rescore_the_pool_and_nothing_else(connection: Connection) -> None:
    await take(connection, state(), state("E000000002"), state("E000000003", status=Status.EXPIRED))
    await stand_under(connection, "crs_2020-10-20")
    assert await count_outdated(connection, NOW) == 2
    step = await tick(connection, NOW, run=rescore, limit=1)
    assert len(step.touched) == 1
    assert await count_outdated(connection, NOW) == 1
    await tick(connection, NOW, run=rescore)
    assert not (await tick(connection, NOW, run=rescore)).touched
    rows = await connection.fetch("SELECT profile_id, sequence FROM score ORDER BY 1")
    assert [tuple(row) for row in rows] == [("E000000001", 2), ("E000000002", 2), ("E000000003", 1)]


async def test_rows_under_sets_that_this_process_does_not_know_are_left_to_a_newer_one(connection: Connection) -> None:
    await take(connection, state())
    await stand_under(connection, "crs_2099-01-01")
    assert await count_outdated(connection, NOW) == 0
    assert not (await tick(connection, NOW, run=rescore)).touched


async def test_a_row_evaluated_on_a_later_day_is_not_taken_back(connection: Connection) -> None:
    await take(connection, state(), now=datetime(2026, 11, 5, tzinfo=UTC))
    await stand_under(connection, "crs_2020-10-20")
    assert not (await tick(connection, NOW, run=rescore)).touched


async def stand_under(connection: Connection, crs: str) -> None:
    """Let all rows stand under the same sets with another CRS."""
    await connection.execute(
        "WITH r AS (INSERT INTO rules (rule_sets) SELECT array_replace(rule_sets, 'crs_2025-03-25', $1) FROM rules"
        " RETURNING id) UPDATE score SET rules = (SELECT id FROM r)",
        crs,
    )


async def test_a_stopped_rescore_goes_on_where_it_was_stopped(connection: Connection, database: str) -> None:
    operator = await asyncpg.connect(f"{database}?role=scoring_operator", server_settings={"search_path": "scoring"})
    await take(connection, state(), state("E000000002"))
    await stand_under(connection, "crs_2020-10-20")
    await tick(connection, NOW, run=rescore, limit=1)
    await store.stop_rescore(cast(Connection, operator), "a wrong table")
    assert not (await tick(connection, NOW, run=rescore)).touched
    assert await count_outdated(connection, NOW) == 0
    assert len(await store.standings(connection, also_stopped=True)) == 2
    stopped = await store.rescore_stopped(connection)
    assert stopped is not None
    assert stopped[1] == "a wrong table"
    await take(connection, state("E000000003"))
    await store.resume_rescore(cast(Connection, operator))
    await operator.close()
    assert await count_outdated(connection, NOW) == 1
    assert len((await tick(connection, NOW, run=rescore)).touched) == 1
    assert await store.rescore_stopped(connection) is None


async def test_a_row_that_is_due_is_evaluated_on_its_day_before_it_is_rescored(connection: Connection) -> None:
    await take(connection, state())
    await stand_under(connection, "crs_2020-10-20")
    assert not (await tick(connection, BIRTHDAY, run=rescore)).touched
    assert (await tick(connection, BIRTHDAY)).touched


async def test_stored_results_can_be_recomputed_to_the_same_bytes(connection: Connection) -> None:
    await take(connection, state())
    await take(connection, state(sequence=2, facts={"settlement_funds_cad": 14000.25}, correspondence_language="fr"))
    await take(connection, state(sequence=3, status=Status.APPLIED))
    await tick(connection, BIRTHDAY)
    for sequence in (1, 2, 3, None):
        kept = await store.kept_result(connection, "E000000001", sequence)
        assert kept is not None
        assert differences(kept) == []
    assert await store.kept_result(connection, "E000000001", 4) is None


async def test_an_erased_result_says_since_when(connection: Connection) -> None:
    await take(connection, state())
    await take(connection, "E000000001")
    with pytest.raises(store.ErasedError, match="2026-06-01"):
        await store.kept_result(connection, "E000000001", 1)


async def test_the_pool_is_read_in_order_and_without_those_that_left_it(connection: Connection) -> None:
    gone = state("E000000002", status=Status.LAPSED)
    await take(connection, state("E000000003"), gone, state("E000000001"), state("E000000004"))
    await take(connection, "E000000004")
    first = await store.pool_after(connection, "", 1)
    rest = await store.pool_after(connection, first[-1].profile_id, 10)
    assert [one.profile_id for one in (*first, *rest)] == ["E000000001", "E000000003"]


async def test_a_thousand_profiles_take_four_statements(connection: Connection) -> None:
    await take(connection, state("E999999999"))  # a new connection asks for its types first
    statements: list[str] = []
    with cast(Any, connection).query_logger(lambda query: statements.append(query.query)):
        await take(connection, *(state(f"E{number:09}") for number in range(1000)))
    assert [one for one in statements if not one.startswith(("BEGIN", "COMMIT"))] == [
        QUERIES.lock,
        QUERIES.rules_ids,
        QUERIES.write,
        QUERIES.keep_facts,
    ]
