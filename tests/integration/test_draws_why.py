"""Why somebody was invited in a round, or the first reason why not, in both languages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.draws import round_store
from services.draws.why import why
from shared.contracts.base import Reason
from shared.contracts.decided import InvitationState
from shared.contracts.profile import Status
from shared.contracts.scored import Eligible, Scored
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import INSTANT, SUBMITTED, decided, eligible, instruction, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


async def asked(draws: Bench, profile_id: str, round_id: str = "436") -> Reason:
    async with draws.pool.acquire() as connection:
        row = await round_store.show(connection, round_id)
        assert row is not None
        return await why(connection, row, profile_id)


def candidate(
    profile_id: str, total: int, programs: tuple[str, ...] = ("CEC",), **more: Any
) -> list[Scored | Eligible]:
    """A candidate with one score; what only `eligible` takes is told by name."""
    verdicts = {name: more.pop(name) for name in ("nominee", "categories") if name in more}
    return [scored(profile_id, total, **more), eligible(profile_id, programs, **verdicts, **more)]


SECOND = timedelta(seconds=1)
FRENCH: dict[str, Any] = {"kind": "category", "category": "french", "economic_goal": "g"}


async def test_the_first_reason_why_not_is_said(draws: Bench) -> None:
    await draws.read(
        *candidate("A00001", 520),
        *candidate("A00002", 500),
        *candidate("A00003", 500),
        *candidate("A00004", 500, submitted_at=SUBMITTED + timedelta(days=3, hours=4, seconds=7, microseconds=20)),
        *candidate("A00005", 483),
        *candidate("A00006", 900, submitted_at=INSTANT + SECOND),
        *candidate("A00007", 900, status=Status.WITHDRAWN),
        *candidate("A00008", 900, expires_at=INSTANT),
        *candidate("A00009", 900, ()),
    )
    await draws.hold(instruction(invitations=2))
    found = {f"A0000{n}": await asked(draws, f"A0000{n}") for n in (1, 2, 3, 4, 5, 6, 7, 8, 9)}
    assert {key: one.code for key, one in found.items()} == {
        "A00001": "invited",
        "A00002": "invited",
        "A00003": "same_instant",
        "A00004": "tie_break_after",
        "A00005": "score_below",
        "A00006": "submitted_later",
        "A00007": "not_in_pool",
        "A00008": "expired_before",
        "A00009": "no_program",
    }
    assert found["A00002"].params == {"rank": 2, "invited": 2, "total": 500, "cut_off": 500}
    assert found["A00003"].params["last"] == "A00002"
    assert found["A00004"].params["later"] == "3 d 4 h 7.00002 s"
    assert "3 j 4 h 7,00002 s après l’instant de départage" in found["A00004"].text.fr
    assert found["A00005"].params["missing"] == 17
    assert (await asked(draws, "Z99999")).code == "unknown_profile"
    assert found["A00007"].text.fr == "Absent du bassin : le profil a été retiré."


@pytest.mark.parametrize(
    ("changes", "more", "expected"),
    [
        ({"kind": "program", "program": "CEC"}, {"programs": ("FSW", "FST")}, "program_not_met"),
        ({"kind": "program", "program": "CEC"}, {"programs": ("CEC", "PNP"), "nominee": True}, "nominee"),
        ({"kind": "program", "program": "PNP"}, {}, "no_nomination"),
        (FRENCH, {"categories": ["stem"]}, "category_not_met"),
        (FRENCH, {"programs": ("CEC", "PNP"), "nominee": True, "categories": ["french"]}, "nominee"),
        ({"invitations": 0}, {}, "nobody"),
    ],
)
async def test_the_test_that_kept_somebody_out_of_the_grouping_is_named(
    draws: Bench, changes: dict[str, Any], more: dict[str, Any], expected: str
) -> None:
    await draws.read(*candidate("A00001", 500, **more))
    await draws.hold(instruction(**changes))
    assert (await asked(draws, "A00001")).code == expected


async def test_a_category_is_named_with_its_version_of_the_day(draws: Bench) -> None:
    await draws.read(*candidate("A00001", 500))
    await draws.hold(instruction(**FRENCH))
    found = await asked(draws, "A00001")
    assert found.params == {"category": "French-language proficiency, 2026-Version 2", "sequence": 1}
    assert "Compétence linguistique en français, 2026-Version 2" in found.text.fr


async def test_the_answer_stays_the_same_when_the_pool_has_moved_on(draws: Bench) -> None:
    await draws.read(*candidate("A00001", 520), *candidate("A00002", 500))
    await draws.hold(instruction("1", 1))
    before = await asked(draws, "A00002", "1")
    await draws.read(scored("A00002", 600, 2, status="withdrawn"), eligible("A00002", sequence=2))
    await draws.read(decided("A00001", "1-A00001", InvitationState.DECLINED))
    assert await asked(draws, "A00002", "1") == before
    assert (await asked(draws, "A00001", "1")).code == "invited"


async def test_an_invitation_that_stands_is_a_reason_in_the_next_round(draws: Bench) -> None:
    await draws.read(*candidate("A00001", 520))
    await draws.hold(instruction("1", 1))
    await draws.hold(instruction("2", 1))
    assert (await asked(draws, "A00001", "2")).code == "had_invitation"


async def test_a_round_that_was_not_held_says_its_state(draws: Bench) -> None:
    await draws.approved(instruction())
    found = await asked(draws, "A00001")
    assert found.text.fr == "La ronde 436 n’a pas eu lieu. Son état : approuvée."
