"""Rounds: who is invited, in which order, for what, and what the certificate says of it."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.draws import round_store
from services.draws.certificate import differences
from services.draws.instruction import content_hash
from shared.contracts.base import NextChange
from shared.contracts.decided import InvitationState
from shared.contracts.profile import Status
from shared.contracts.rounds import Certificate, Invited, RoundState, TieBreak
from shared.contracts.scored import Eligible, Scored
from shared.stack.stack import Stack
from shared.worker import failpoints
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import DAY, INSTANT, SUBMITTED, decided, eligible, instruction, message, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


async def in_pool(draws: Bench, *candidates: tuple[str, int, dict[str, Any]]) -> None:
    """Profiles by number, score, and what is special about them."""
    batch: list[Scored | Eligible] = []
    for profile_id, total, special in candidates:
        at = special.get("at", SUBMITTED)
        batch.append(scored(profile_id, total, submitted_at=at, expires_at=special.get("expires", at + timedelta(365))))
        programs = special.get("programs", ["CEC"])
        categories, nominee = special.get("categories", []), special.get("nominee", False)
        batch.append(eligible(profile_id, programs, nominee=nominee, categories=categories))
    await draws.read(*batch)


async def test_the_best_are_invited_by_score_then_instant_then_number(draws: Bench) -> None:
    later = SUBMITTED + timedelta(microseconds=1)
    await in_pool(
        draws,
        ("A00005", 500, {"at": later}),
        ("A00004", 500, {}),
        ("A00003", 500, {}),
        ("A00002", 520, {"at": later}),
        ("A00001", 480, {}),
    )
    await draws.hold(instruction(invitations=3))
    assert [(one.rank, one.profile_id, one.total) for one in await draws.invited()] == [
        (1, "A00002", 520),
        (2, "A00003", 500),
        (3, "A00004", 500),
    ]


async def test_an_invitation_carries_what_it_stands_on(draws: Bench) -> None:
    await in_pool(draws, ("A00001", 512, {"programs": ["FSW", "CEC"]}))
    await draws.hold(instruction("436", 10))
    (one,) = await draws.invited()
    assert one.invitation_id == "436-A00001"
    assert (one.program, one.kind, one.cut_off, one.tie_break) == ("CEC", "general", 512, SUBMITTED)
    assert (one.profile_sequence, one.scored_sequence, one.factors) == (1, 1, {"core": {"age": 512}})
    assert (one.invited_at, one.period_days) == (INSTANT, 60)
    # 2026-08-18 and 60 days: 2026-10-17, whole; no Sunday and no federal holiday.
    assert one.deadline == datetime(2026, 10, 18, tzinfo=UTC)


async def test_invitations_are_the_bytes_of_their_model(draws: Bench) -> None:
    await in_pool(draws, ("A00001", 512, {"programs": ["FSW"], "categories": ["french"]}), ("A00002", 500, {}))
    await draws.hold(instruction("1", 10))
    await draws.read(decided("A00001", "1-A00001", InvitationState.DECLINED))
    await draws.hold(instruction("2", 10, kind="category", category="french", economic_goal="g"))
    bodies = [body for topic, body in draws.published if topic == "invited"]
    assert len(bodies) == 3
    assert [Invited.read(body).json_bytes() for body in bodies] == bodies


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"A00001": "CEC", "A00002": "FSW", "A00003": "FST", "A00004": "PNP", "A00005": "CEC"}),
        ({"kind": "program", "program": "CEC"}, {"A00001": "CEC", "A00005": "CEC"}),
        ({"kind": "program", "program": "FSW"}, {"A00001": "FSW", "A00002": "FSW"}),
        ({"kind": "program", "program": "FST"}, {"A00003": "FST"}),
        ({"kind": "program", "program": "PNP"}, {"A00004": "PNP"}),
        (
            {"kind": "category", "category": "french", "economic_goal": "Francophone communities"},
            {"A00002": "FSW", "A00005": "CEC"},
        ),
    ],
)
async def test_each_kind_of_round_ranks_its_own_grouping(
    draws: Bench, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    await in_pool(
        draws,
        ("A00001", 500, {"programs": ["CEC", "FSW"]}),
        ("A00002", 490, {"programs": ["FSW"], "categories": ["french"]}),
        ("A00003", 480, {"programs": ["FST"]}),
        ("A00004", 800, {"programs": ["CEC", "PNP"], "nominee": True, "categories": ["french"]}),
        ("A00005", 470, {"programs": ["CEC"], "categories": ["french"]}),
        ("A00006", 999, {"programs": [], "categories": ["french"]}),
    )
    await draws.hold(instruction(invitations=100, **changes))
    assert {one.profile_id: one.program for one in await draws.invited()} == expected


async def test_only_who_can_be_invited_at_the_instant_is_ranked(draws: Bench) -> None:
    await in_pool(
        draws,
        ("A00001", 500, {"at": INSTANT}),
        ("A00002", 500, {"at": INSTANT + timedelta(microseconds=1)}),
        ("A00003", 500, {"expires": INSTANT}),
        ("A00004", 500, {"expires": INSTANT + timedelta(microseconds=1)}),
    )
    await draws.read(scored("A00005", 900, status=Status.EXPIRED), eligible("A00005"))
    await draws.hold(instruction(invitations=100))
    assert {one.profile_id for one in await draws.invited()} == {"A00001", "A00004"}


async def test_nobody_with_an_invitation_is_invited_again_until_it_is_declined(draws: Bench) -> None:
    await in_pool(draws, ("A00001", 500, {}), ("A00002", 490, {}))
    await draws.hold(instruction("1", 1))
    assert [one.profile_id for one in await draws.invited("1")] == ["A00001"]
    await draws.hold(instruction("2", 1))
    assert [one.profile_id for one in await draws.invited("2")] == ["A00002"]
    await draws.read(decided("A00001", "1-A00001", InvitationState.DECLINED))
    await draws.hold(instruction("3", 5))
    (again,) = await draws.invited("3")
    assert (again.profile_id, again.submitted_at, again.sequence) == ("A00001", SUBMITTED, 2)


async def test_a_round_of_zero_is_held_and_invites_nobody(draws: Bench) -> None:
    await in_pool(draws, ("A00001", 500, {}))
    fact = await draws.hold(instruction(invitations=0))
    assert fact.certificate is not None
    assert (fact.state, fact.certificate.invited, fact.certificate.eligible) == (RoundState.HELD, 0, 1)
    assert (fact.certificate.cut_off, fact.certificate.tie_break) == (None, None)


async def test_the_certificate_says_how_the_round_came_out(draws: Bench) -> None:
    scores = [601, 600, 501, 500, 455, 449, 401, 400, 301, 300]
    await in_pool(draws, *((f"A{n:05}", score, {}) for n, score in enumerate(scores)))
    await in_pool(draws, ("B00001", 450, {"programs": ["FSW"]}))
    fact = await draws.hold(instruction(invitations=4, kind="program", program="CEC"))
    made = fact.certificate
    assert made is not None
    assert (made.eligible, made.invited, made.cut_off) == (10, 4, 500)
    assert made.tie_break == TieBreak(submitted_at=SUBMITTED, profile_id="A00003")
    bands = {"dd1": 1, "dd2": 2, "dd3": 2, "dd4": 1, "dd8": 1, "dd9": 3, "dd10": 2, "dd14": 1, "dd15": 1, "dd16": 1}
    empty = ("dd5", "dd6", "dd7", "dd11", "dd12", "dd13")
    assert made.distribution == {**dict.fromkeys(empty, 0), **bands, "dd17": 1, "dd18": 11}
    assert made.offsets == {"scored": {"0": 1}, "eligible": {"0": 1}}
    assert "crs_2025-03-25" in made.rule_sets


async def test_the_grouping_hash_is_that_of_its_ordered_lines(draws: Bench) -> None:
    await in_pool(draws, ("A00002", 500, {}), ("A00001", 490, {}))
    fact = await draws.hold(instruction(invitations=1))
    assert fact.certificate is not None
    # printf '500\t2026-03-01T09:30:00.000000Z\tA00002\n490\t2026-03-01T09:30:00.000000Z\tA00001\n' | sha256sum
    assert fact.certificate.grouping_hash == "d13717db4d9d956d4e30878b96cf725f68e6f3baf9075d3422440cb604fc98da"


async def test_a_held_round_is_one_fact_after_its_approval(draws: Bench) -> None:
    await in_pool(draws, ("A00001", 500, {}))
    ordered = instruction(invitations=1)
    body = ordered.json_bytes().decode()
    await draws.command("draft", "436", "anna", instruction=body)
    await draws.command("approve", "436", "benoit", content_hash=content_hash(ordered))
    await draws.finish()
    assert [(one.state, one.sequence, one.at) for one in await draws.rounds()] == [
        (RoundState.APPROVED, 1, INSTANT),
        (RoundState.HELD, 2, INSTANT),
    ]
    steps = await draws.pool.fetch("SELECT step, by FROM round_step ORDER BY step_id")
    assert [tuple(row) for row in steps] == [
        ("drafted", "anna"),
        ("approved", "benoit"),
        ("held", "draws"),
        ("certified", "draws"),
    ]


async def test_two_rounds_on_one_day_come_in_the_order_of_their_numbers(draws: Bench) -> None:
    await in_pool(draws, ("A00001", 500, {}), ("A00002", 490, {}))
    await draws.approved(instruction("91b", 1))
    await draws.approved(instruction("91a", 1))
    await draws.finish()
    assert [one.profile_id for one in await draws.invited("91a")] == ["A00001"]
    assert [one.profile_id for one in await draws.invited("91b")] == ["A00002"]


async def test_a_round_is_verified_long_after_its_pool_has_moved_on(draws: Bench) -> None:
    await in_pool(draws, *((f"A{n:05}", 400 + n % 7, {}) for n in range(40)))
    await draws.hold(instruction("1", 10))
    await draws.hold(instruction("2", 10))
    for n in range(40):
        await draws.read(scored(f"A{n:05}", 700, 2, status=Status.EXPIRED), eligible(f"A{n:05}", ["FSW"], 2))
    for n in (6, 13):
        await draws.read(decided(f"A{n:05}", f"1-A{n:05}", InvitationState.DECLINED))
    async with draws.pool.acquire() as connection:
        for round_id in ("1", "2"):
            row = await round_store.show(connection, round_id)
            assert row is not None
            assert await differences(connection, row, 10.0) == []


async def test_verifying_says_where_a_round_differs(draws: Bench, database: str) -> None:
    await in_pool(draws, ("A00001", 500, {}), ("A00002", 490, {}))
    await draws.hold(instruction("1", 1))
    await draws.pool.execute("UPDATE pool SET total = 501 WHERE profile_id = 'A00002'")
    async with draws.pool.acquire() as connection:
        row = await round_store.show(connection, "1")
        assert row is not None
        expected = ["cut_off", "tie_break", "distribution", "grouping_hash", "invitations"]
        assert await differences(connection, row, 10.0) == expected


POINTS = (
    "round_stage_1",
    "round_stage_3",
    "round_stage_5",
    "round_before_selection",
    "round_before_invitations",
    "round_before_commit",
    "round_after_commit",
    "round_before_marks",
    "round_certificate_made",
)


@pytest.mark.parametrize("point", POINTS)
async def test_a_round_that_fails_anywhere_is_none_or_whole_and_goes_on(
    draws: Bench, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_pool(draws, *((f"A{n:05}", 500 - n, {}) for n in range(5)))
    await draws.approved(instruction(invitations=3))
    monkeypatch.setattr(failpoints, "_armed", failpoints._parse(f"{point}:raise"))
    with pytest.raises(failpoints.InjectedBug):
        await draws.finish()
    after = len(await draws.invited())
    assert after == (3 if POINTS.index(point) >= POINTS.index("round_after_commit") else 0)
    assert await draws.pool.fetchval("SELECT count(*) FROM invitation") == after
    await draws.finish()
    assert [one.profile_id for one in await draws.invited()] == ["A00000", "A00001", "A00002"]
    assert [one.state for one in await draws.rounds()] == [RoundState.APPROVED, RoundState.HELD]


async def test_two_processes_at_once_hold_one_round(draws: Bench, stack: Stack, database: str) -> None:
    await in_pool(draws, *((f"A{n:05}", 500 - n, {}) for n in range(5)))
    await draws.approved(instruction(invitations=3))
    async with bench(service_dsn(stack, database, "draws"), database) as other:
        for _ in range(3):
            await asyncio.gather(draws.turn(), other.turn())
    assert [one.rank for one in await draws.invited()] == [1, 2, 3]
    assert [one.state for one in await draws.rounds()] == [RoundState.APPROVED, RoundState.HELD]


def reference(pool: list[dict[str, Any]], ordered: Any) -> list[str]:
    """The ranking of a round in plain Python."""

    def belongs(one: dict[str, Any]) -> bool:
        if not one["programs"] or one["invited"] or not one["at"] <= INSTANT < one["expires"]:
            return False
        if ordered.kind == "general":
            return True
        if one["nominee"] or ordered.program == "PNP":
            return bool(one["nominee"] and ordered.program == "PNP")
        return (ordered.program or ordered.category) in one["programs"] | one["categories"]

    ranked = sorted(filter(belongs, pool), key=lambda one: (-one["total"], one["at"], one["id"]))
    return [one["id"] for one in ranked[: ordered.invitations]]


ROUNDS: tuple[dict[str, Any], ...] = (
    {},
    {"kind": "program", "program": "CEC"},
    {"kind": "program", "program": "FSW"},
    {"kind": "program", "program": "PNP"},
    {"kind": "category", "category": "french", "economic_goal": "g"},
    {"kind": "category", "category": "trade", "economic_goal": "g"},
)


@pytest.mark.parametrize("seed", range(4))
async def test_rounds_on_random_pools_are_those_of_the_reference_ranking(draws: Bench, seed: int) -> None:
    chance = random.Random(seed)
    pool = [random_candidate(chance, n) for n in range(60)]
    await in_pool(draws, *((one["id"], one["total"], one) for one in pool))
    for number in range(1, 13):
        ordered = instruction(str(number), chance.choice([0, 1, 3, 8, 50]), **chance.choice(ROUNDS))
        born_today = await birthdays(draws, chance, pool)
        holding = asyncio.create_task(draws.hold(ordered))
        await draws.waits(ordered.round_id)
        await draws.read(*born_today)
        expected = reference(pool, ordered)
        fact = await holding
        assert [one.profile_id for one in await draws.invited(ordered.round_id)] == expected
        assert fact.certificate is not None
        assert fact.certificate.invited == len(expected)
        for one in pool:
            one["invited"] = one["invited"] or one["id"] in expected
        await move_on(draws, chance, pool, number)


def random_candidate(chance: random.Random, n: int) -> dict[str, Any]:
    """One of few scores and few instants, so that ties abound."""
    nominee = chance.random() < 0.15
    programs = set(chance.sample(["CEC", "FSW", "FST"], chance.choice([0, 1, 1, 2])))
    at = chance.choice([SUBMITTED, SUBMITTED + timedelta(seconds=1), INSTANT, INSTANT + timedelta(seconds=1)])
    return {
        "id": f"{chance.choice('ABZ9')}-{n:05}",
        "total": chance.choice([380, 400, 400, 400, 470]) + (600 if nominee else 0),
        "programs": programs | ({"PNP"} if nominee and programs else set()),
        "nominee": nominee,
        "categories": set(chance.sample(["french", "trade"], chance.choice([0, 1, 2]))),
        "at": at,
        "expires": chance.choice([at + timedelta(365), INSTANT, INSTANT + timedelta(seconds=1)]),
        "invited": False,
        "sequence": 1,
    }


async def birthdays(draws: Bench, chance: random.Random, pool: list[dict[str, Any]]) -> list[Scored | Eligible]:
    """Some have a birthday on the day of the round; returns their evaluations of the day, with one point less."""
    due: list[Scored | Eligible] = []
    of_the_day: list[Scored | Eligible] = []
    for one in chance.sample(pool, 3):
        dates = {"submitted_at": one["at"], "expires_at": one["expires"]}
        verdicts = {"nominee": one["nominee"], "categories": one["categories"], **dates}
        for batch, change in ((due, NextChange(on=DAY, reason="birthday")), (of_the_day, None)):
            one["sequence"] += 1
            one["total"] -= batch is of_the_day
            batch.append(scored(one["id"], one["total"], one["sequence"], next_change=change, **dates))
            batch.append(eligible(one["id"], one["programs"], one["sequence"], next_change=change, **verdicts))
    await draws.read(*due)
    return of_the_day


async def move_on(draws: Bench, chance: random.Random, pool: list[dict[str, Any]], number: int) -> None:
    """Some of the invited decline, some scores move; both in one batch."""
    batch = []
    for one in chance.sample(pool, 15):
        issued = await draws.pool.fetchval(
            "SELECT max(invitation_id) FROM invitation WHERE profile_id = $1 AND state = 'open'", one["id"]
        )
        if issued:
            batch.append(message(decided(one["id"], issued, InvitationState.DECLINED, number)))
            one["invited"] = False
        one["sequence"] += 1
        one["total"] = chance.choice([380, 400, 470])
        dates = {"submitted_at": one["at"], "expires_at": one["expires"]}
        batch.append(message(scored(one["id"], one["total"], one["sequence"], **dates)))
        verdicts = {"nominee": one["nominee"], "categories": one["categories"], **dates}
        batch.append(message(eligible(one["id"], one["programs"], one["sequence"], **verdicts)))
    chance.shuffle(batch)
    await draws.read(*batch)


def test_a_certificate_reads_back_as_it_was_written() -> None:
    made = Certificate(
        round_id="1",
        held_at=INSTANT,
        on=date(2026, 8, 18),
        eligible=1,
        invited=1,
        cut_off=500,
        tie_break=TieBreak(submitted_at=INSTANT, profile_id="A00001"),
        distribution={"dd18": 1},
        grouping_hash="0" * 64,
        rule_sets=["crs_2025-03-25"],
        change_number=3,
        offsets={"scored": {"0": 1}},
    )
    assert Certificate.read(made.json_bytes()) == made
