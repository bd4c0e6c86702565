"""Rehearsal: what a round would come to, the cut-off of every size, and that it is what the round then does."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.draws.curve import Curve, Stretch, curves
from services.draws.rehearsal import Place, Share, rehearse
from services.draws.rehearsal_display import full
from shared.contracts.base import Line
from shared.contracts.scored import Eligible, Scored
from shared.rules.catalogue import text
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import INSTANT, SUBMITTED, eligible, erasure, instruction, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


def candidate(profile_id: str, total: int, age: int, language: str, **more: Any) -> list[Scored | Eligible]:
    """A candidate whose lines tell age and first official language."""
    lines = [
        Line(code="crs.age", points=100, quantities={"age": age}),
        Line(code="crs.first_language", points=34, quantities={"language": language, "level": 10}),
    ]
    told = scored(profile_id, total).model_copy(update={"lines": lines})
    return [told, eligible(profile_id, more.pop("programs", ["CEC"]), **more)]


async def pool_of_six(draws: Bench) -> None:
    await draws.read(
        *candidate("A00001", 800, 29, "english", programs=["FSW", "PNP"], nominee=True),
        *candidate("A00002", 520, 30, "french", categories=["french"]),
        *candidate("A00003", 510, 44, "english", programs=["FSW"], categories=["french", "stem"]),
        *candidate("A00004", 505, 45, "english", programs=["FST"]),
        *candidate("A00005", 505, 19, "french"),
        scored("A00006", 400),
        eligible("A00006"),
    )


async def rehearsed(draws: Bench, **changes: Any) -> Any:
    async with draws.pool.acquire() as connection:
        return await rehearse(connection, instruction(**changes))


async def test_a_rehearsal_shows_first_last_near_misses_and_who_they_are_against_the_pool(draws: Bench) -> None:
    await pool_of_six(draws)
    found = await rehearsed(draws, invitations=3)
    assert (found.preview.eligible, found.preview.invited, found.preview.cut_off) == (6, 3, 510)
    assert found.first == Place(rank=1, profile_id="A00001", total=800, submitted_at=SUBMITTED)
    assert found.last == Place(rank=3, profile_id="A00003", total=510, submitted_at=SUBMITTED)
    assert [(one.rank, one.profile_id, one.total) for one in found.near_misses] == [
        (4, "A00004", 505),
        (5, "A00005", 505),
        (6, "A00006", 400),
    ]
    assert found.by_program == {
        "PNP": Share(invited=1, pool=1),
        "CEC": Share(invited=1, pool=3),
        "FSW": Share(invited=1, pool=1),
        "FST": Share(invited=0, pool=1),
    }
    assert found.by_category == {"french": Share(invited=2, pool=2), "stem": Share(invited=1, pool=1)}
    assert found.by_age == {
        "0-19": Share(invited=0, pool=1),
        "20-29": Share(invited=1, pool=1),
        "30-34": Share(invited=1, pool=1),
        "40-44": Share(invited=1, pool=1),
        "45+": Share(invited=0, pool=1),
        "unknown": Share(invited=0, pool=1),
    }
    assert found.by_language == {
        "english": Share(invited=2, pool=3),
        "french": Share(invited=1, pool=2),
        "unknown": Share(invited=0, pool=1),
    }
    assert found.last_round is None


async def test_a_rehearsal_is_compared_with_the_last_round_of_the_same_grouping(draws: Bench) -> None:
    await pool_of_six(draws)
    await draws.hold(instruction("1", 2))
    await draws.hold(instruction("2", 1, kind="program", program="FST"))
    found = await rehearsed(draws, round_id="3", invitations=1)
    assert found.last_round is not None
    assert (found.last_round.round_id, found.last_round.cut_off, found.last_round.eligible) == ("1", 520, 6)
    assert (found.last_round.cut_off_change, found.last_round.eligible_change) == (-10, -3)
    other = await rehearsed(draws, round_id="3", kind="program", program="FSW")
    assert other.last_round is None


async def test_nobody_is_the_last_of_a_round_of_zero(draws: Bench) -> None:
    await pool_of_six(draws)
    found = await rehearsed(draws, invitations=0)
    assert (found.first, found.last, found.near_misses[0].profile_id) == (None, None, "A00001")
    assert found.preview.cut_off is None


async def test_a_rehearsal_warns_of_provisional_results_that_the_round_would_wait_for(draws: Bench) -> None:
    provisional = scored("A00001", 500, provisional=True), eligible("A00001", provisional=True)
    await draws.read(*provisional, scored("A00002", 400), eligible("A00002"))
    found = await rehearsed(draws)
    warning = text("round.preview.provisional", "en", count=1)
    assert (found.provisional, [*full(found, "en")][-1]) == (1, warning)
    assert text("round.preview.provisional", "fr", count=1) in full(found, "fr")
    accepting = await rehearsed(draws, accept_provisional=True)
    assert accepting.provisional == 0
    assert warning not in full(accepting, "en")


async def test_an_erasure_takes_age_and_language(draws: Bench) -> None:
    await pool_of_six(draws)
    await draws.read(erasure("scored", "A00001"))
    assert await draws.pool.fetchval("SELECT count(*) FROM trait WHERE profile_id = 'A00001'") == 0
    assert await draws.pool.fetchval("SELECT count(*) FROM pool WHERE profile_id = 'A00001'") == 1


async def test_a_curve_has_the_cut_off_of_every_size(draws: Bench) -> None:
    await pool_of_six(draws)
    async with draws.pool.acquire() as connection:
        found = await curves(connection, INSTANT)
        assert await curves(connection, None) == found
        assert await curves(connection, SUBMITTED - timedelta(seconds=1)) == {}
    assert found.keys() == {"general", "CEC", "FSW", "FST", "PNP", "category:french", "category:stem"}
    assert found["general"].stretches == (
        Stretch(800, 1, 1),
        Stretch(520, 2, 2),
        Stretch(510, 3, 3),
        Stretch(505, 4, 5),
        Stretch(400, 6, 6),
    )
    assert [found["general"].cut_off(n) for n in (0, 1, 3, 4, 5, 6, 7)] == [None, 800, 510, 505, 505, 400, 400]
    assert Curve(()).cut_off(5) is None


@pytest.mark.parametrize("seed", range(3))
async def test_a_round_comes_out_as_it_was_rehearsed(draws: Bench, seed: int) -> None:
    chance = random.Random(seed)
    for n in range(40):
        at = SUBMITTED + timedelta(seconds=chance.randrange(3))
        programs = chance.sample(["CEC", "FSW", "FST"], chance.choice([0, 1, 2]))
        await draws.read(
            scored(f"A{n:05}", chance.choice([400, 410, 420]), submitted_at=at), eligible(f"A{n:05}", programs)
        )
    ordered = instruction(invitations=chance.randrange(1, 20), kind="program", program="CEC")
    async with draws.pool.acquire() as connection:
        seen = await rehearse(connection, ordered)
        curve = (await curves(connection, INSTANT))["CEC"]
    made = (await draws.hold(ordered)).certificate
    assert made is not None
    assert (made.eligible, made.invited, made.cut_off, made.tie_break) == (
        seen.preview.eligible,
        seen.preview.invited,
        seen.preview.cut_off,
        seen.preview.tie_break,
    )
    assert (curve.eligible, curve.cut_off(made.invited)) == (made.eligible, made.cut_off)
    assert [one.profile_id for one in await draws.invited()][-1:] == ([seen.last.profile_id] if seen.last else [])
