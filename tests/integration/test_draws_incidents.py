"""Incidents of the real rounds, replayed. Numbers and scores are the published ones; the pools are made for them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.draws.preview import preview
from services.draws.rehearsal import rehearse
from shared.contracts.rounds import RoundState, TieBreak
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import DAY, INSTANT, SUBMITTED, eligible, instruction, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


async def fill(draws: Bench, candidates: int, grouping: str, total: str) -> None:
    """So many candidates at once; `total`: their score by their number n, in SQL."""
    await draws.read(scored("A00000", 0), eligible("A00000", [grouping]))
    await draws.pool.execute(
        "INSERT INTO pool SELECT 'B' || lpad(n::text, 6, '0'), scored_sequence, profile_sequence, status, "
        f"submitted_at, expires_at, evaluated_on, next_change_on, rule_sets_id, provisional, {total}, factors, "
        "correspondence_language, eligible_sequence, groupings, has_invitation, since_change "
        f"FROM pool CROSS JOIN generate_series(1, {candidates}) AS n WHERE profile_id = 'A00000'"
    )


async def test_2015_02_07_an_instruction_that_is_withdrawn_comes_back_under_another_number(draws: Bench) -> None:
    await draws.read(scored("A00001", 818), eligible("A00001"))
    await draws.approved(instruction("2", 779))
    assert await draws.command("cancel", "2", "chloe") == []
    body = instruction("2", 779).json_bytes().decode()
    assert await draws.command("draft", "2", "anna", instruction=body) == ["over"]
    await draws.hold(instruction("3", 779))
    assert [one.state for one in await draws.rounds("2")] == [RoundState.APPROVED, RoundState.CANCELLED]
    assert [one.cut_off for one in await draws.invited("3")] == [818]


async def test_2018_05_30_two_rounds_of_one_day_are_91a_and_91b(draws: Bench) -> None:
    for n, programs in enumerate((["FST"], ["CEC", "PNP"], ["FST"], ["CEC", "PNP"])):
        name, nominee = f"A{n:05}", "PNP" in programs
        await draws.read(scored(name, 288 + 600 * nominee + n), eligible(name, programs, nominee=nominee))
    await draws.approved(instruction("91b", 200, kind="program", program="PNP"))
    await draws.approved(instruction("91a", 500, kind="program", program="FST"))
    await draws.finish()
    assert [(one.profile_id, one.cut_off) for one in await draws.invited("91a")] == [("A00002", 288), ("A00000", 288)]
    assert [(one.profile_id, one.cut_off) for one in await draws.invited("91b")] == [("A00003", 889), ("A00001", 889)]


async def test_2020_03_19_a_tie_break_equal_to_the_time_of_the_round_cuts_nobody(draws: Bench) -> None:
    at: dict[str, Any] = {"submitted_at": INSTANT, "expires_at": INSTANT + timedelta(days=365)}
    await draws.read(scored("A00001", 720, **at), eligible("A00001", **at), scored("A00002", 720), eligible("A00002"))
    fact = await draws.hold(instruction("139", 668))
    assert fact.certificate is not None
    assert fact.certificate.tie_break == TieBreak(submitted_at=INSTANT, profile_id="A00001")
    assert fact.certificate.invited == 2


async def test_2021_02_13_a_round_of_27332_ends_at_75(draws: Bench) -> None:
    await fill(draws, 30_000, "CEC", "CASE WHEN n <= 27332 THEN 75 + n % 380 ELSE n % 75 END")
    fact = await draws.hold(instruction("176", 27_332, kind="program", program="CEC"))
    made = fact.certificate
    assert made is not None
    assert (made.eligible, made.invited, made.cut_off) == (30_001, 27_332, 75)
    issued = await draws.invited("176")
    assert [one.rank for one in issued] == list(range(1, 27_333))
    assert len({one.profile_id for one in issued}) == 27_332
    assert {one.cut_off for one in issued} == {75}


async def test_2022_11_23_a_wrong_eligibility_is_found_in_rehearsal_and_stops_the_round(draws: Bench) -> None:
    for n in range(12):
        await draws.read(scored(f"A{n:05}", 500 - n), eligible(f"A{n:05}", ["CEC"]))
    await draws.hold(instruction("235", 2))
    ordered = instruction("236", 4, max_eligible_change=2)
    body = ordered.json_bytes().decode()
    async with draws.pool.acquire() as connection:
        seen = await preview(connection, ordered)
    # The new classification is applied wrongly: half of the pool is taken for ineligible.
    for n in range(2, 12, 2):
        await draws.read(scored(f"A{n:05}", 500 - n, 2), eligible(f"A{n:05}", [], 2))
    async with draws.pool.acquire() as connection:
        found = await rehearse(connection, ordered)
    assert found.last_round is not None
    assert (found.last_round.round_id, found.last_round.eligible_change) == ("235", -7)
    assert await draws.command("draft", "236", "anna", instruction=body) == []
    hashed = (await draws.one("SELECT content_hash FROM round WHERE round_id = '236'"))[0]
    shown = seen.model_dump(mode="json")
    assert await draws.command("approve", "236", "benoit", content_hash=hashed, preview=shown) == []
    await draws.finish()
    fact = (await draws.rounds("236"))[-1]
    assert (fact.state, [one.code for one in fact.reasons]) == (RoundState.REFUSED, ["eligible_moved"])
    assert await draws.invited("236") == []


async def test_2026_07_23_a_grouping_of_4_is_invited_whole_down_to_368(draws: Bench) -> None:
    for n, total in enumerate((412, 391, 377, 368, 620)):
        categories = ["military"] if total != 620 else []
        await draws.read(scored(f"A{n:05}", total), eligible(f"A{n:05}", categories=categories))
    changes = {"kind": "category", "category": "military", "economic_goal": "the Canadian Armed Forces"}
    fact = await draws.hold(instruction("430", 250, **changes))
    made = fact.certificate
    assert made is not None
    assert (made.eligible, made.invited, made.cut_off) == (4, 4, 368)
    assert made.tie_break == TieBreak(submitted_at=SUBMITTED, profile_id="A00003")
    assert {one.category_version for one in await draws.invited("430")} == {"2026-V1"}


async def test_2026_11_03_a_pool_that_is_not_yet_rescored_is_not_ranked(draws: Bench) -> None:
    draws.impatient()
    await draws.read(scored("A00001", 500, provisional=True), eligible("A00001", provisional=True))
    fact = await draws.hold(instruction("448", 1, period_to=DAY))
    assert (fact.state, [one.code for one in fact.reasons]) == (RoundState.REFUSED, ["wait_provisional"])
