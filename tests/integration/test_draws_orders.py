"""Who may order a round, and what becomes of drafts, approvals and cancellations."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from services.draws import operators
from services.draws.instruction import content_hash
from services.draws.preview import Preview, preview
from shared.contracts.rounds import RoundState, TieBreak
from shared.db.operators import create_operator, session
from shared.stack.stack import Stack
from tests.conftest import service_dsn, with_database
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import INSTANT, SUBMITTED, eligible, instruction, message, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


ORDERED = instruction()
BODY = ORDERED.json_bytes().decode()
HASH = content_hash(ORDERED)


async def states(draws: Bench) -> list[RoundState]:
    return [fact.state for fact in await draws.rounds()]


async def test_a_draft_on_the_topic_holds_nothing_and_publishes_nothing(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), eligible("A00001"), message(ORDERED, source="/ircc/orders"))
    await draws.finish()
    assert (await draws.invited(), await draws.rounds()) == ([], [])
    assert await draws.one("SELECT state, drafted_by FROM round") == ("draft", "/ircc/orders")


async def test_who_drafted_cannot_approve(draws: Bench) -> None:
    await draws.command("draft", "436", "anna", instruction=BODY)
    assert await draws.command("approve", "436", "anna", content_hash=HASH) == ["same_operator"]
    await draws.read(message(instruction("7"), source="/ircc/operators/anna"))
    assert await draws.command("approve", "7", "anna", content_hash=content_hash(instruction("7"))) == ["same_operator"]
    assert await states(draws) == []


async def test_an_approval_is_of_the_exact_content(draws: Bench) -> None:
    await draws.command("draft", "436", "anna", instruction=BODY)
    other = instruction(invitations=4)
    assert await draws.command("approve", "436", "benoit", content_hash=content_hash(other)) == ["content_changed"]
    assert await draws.command("approve", "436", "benoit", content_hash=HASH) == []
    assert await states(draws) == [RoundState.APPROVED]


async def test_a_change_after_the_approval_makes_it_void_and_readers_are_told(draws: Bench) -> None:
    await draws.approved(ORDERED)
    changed = instruction(invitations=4).json_bytes().decode()
    assert await draws.command("draft", "436", "anna", instruction=changed) == []
    assert await draws.turn() is False
    facts = await draws.rounds()
    assert [(fact.state, [one.code for one in fact.reasons]) for fact in facts] == [
        (RoundState.APPROVED, []),
        (RoundState.CANCELLED, ["redrafted"]),
    ]
    assert await draws.one("SELECT state, approved_by FROM round") == ("draft", None)


async def test_the_same_draft_delivered_again_does_not_bring_back_old_content(draws: Bench) -> None:
    first, second = message(ORDERED, 0, event_id="1"), message(instruction(invitations=9), 1, event_id="2")
    await draws.read(first, second)
    await draws.read(first)
    assert await draws.pool.fetchval("SELECT instruction::jsonb ->> 'invitations' FROM round") == "9"
    assert await draws.pool.fetchval("SELECT count(*) FROM round_draft") == 2


async def test_the_same_content_again_keeps_the_approval(draws: Bench) -> None:
    await draws.approved(ORDERED)
    await draws.read(message(ORDERED, source="/ircc/orders"))
    assert await states(draws) == [RoundState.APPROVED]
    assert await draws.turn() is True


async def test_a_cancelled_round_is_not_held_and_not_drafted_again(draws: Bench) -> None:
    await draws.approved(ORDERED)
    assert await draws.command("cancel", "436", "anna") == []
    assert await draws.turn() is False
    assert await draws.command("draft", "436", "anna", instruction=BODY) == ["over"]
    assert await draws.command("cancel", "436", "anna") == ["over"]
    step = await draws.read(message(instruction(invitations=5), source="/ircc/orders"))
    assert [letter.code for letter in step.dead] == ["round_over"]
    assert await states(draws) == [RoundState.APPROVED, RoundState.CANCELLED]


async def test_a_held_round_is_final(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), eligible("A00001"))
    await draws.hold(ORDERED)
    assert await draws.command("cancel", "436", "anna") == ["over"]
    assert await draws.command("approve", "436", "benoit", content_hash=HASH) == ["not_a_draft"]
    assert len(await draws.invited()) == 1


async def test_commands_about_no_round_say_so(draws: Bench) -> None:
    assert await draws.command("approve", "9", "anna", content_hash=HASH) == ["unknown"]
    assert await draws.command("cancel", "9", "anna") == ["unknown"]
    assert await draws.command("draft", "9", "anna", instruction="{}") == ["unreadable"]
    assert await draws.command("draft", "9", "anna", instruction=BODY) == ["unreadable"]


async def test_a_contradicting_draft_is_refused_with_every_reason(draws: Bench) -> None:
    wrong = instruction(kind="general", program="CEC", category="french", period_from=INSTANT.date() + timedelta(3))
    await draws.read(message(wrong))
    (fact,) = await draws.rounds()
    assert fact.state is RoundState.REFUSED
    assert [(one.code, one.field) for one in fact.reasons] == [
        ("contradicts_kind", "program"),
        ("contradicts_kind", "category"),
        ("period_reversed", "period_to"),
    ]
    assert await draws.command("approve", "436", "benoit", content_hash=content_hash(wrong)) == ["not_a_draft"]
    assert await draws.command("draft", "436", "anna", instruction=BODY) == []
    assert await draws.command("approve", "436", "benoit", content_hash=HASH) == []


async def test_a_draft_whose_day_ends_before_its_approval_is_refused(draws: Bench) -> None:
    await draws.command("draft", "436", "anna", instruction=BODY)
    draws.at(INSTANT + timedelta(days=1))
    assert await draws.command("approve", "436", "benoit", content_hash=HASH) == ["day_over"]
    assert await states(draws) == [RoundState.REFUSED]


async def test_a_round_waits_for_its_instant(draws: Bench) -> None:
    draws.at(INSTANT - timedelta(microseconds=1))
    await draws.approved(ORDERED)
    assert await draws.turn() is False
    draws.at(INSTANT)
    assert await draws.turn() is True


async def test_every_step_is_kept_and_none_can_be_changed(draws: Bench) -> None:
    await draws.approved(ORDERED)
    await draws.command("cancel", "436", "chloe")
    steps = await draws.pool.fetch("SELECT step, by, content_hash FROM round_step ORDER BY step_id")
    assert [tuple(row) for row in steps] == [
        ("drafted", "anna", HASH),
        ("approved", "benoit", HASH),
        ("cancelled", "chloe", HASH),
    ]
    for statement in ("UPDATE round_step SET by = 'x'", "DELETE FROM round_draft", "DELETE FROM command"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await draws.pool.execute(statement)


LIMITED = instruction(invitations=2, max_eligible_change=1, max_cut_off_change=5)


async def limited(draws: Bench) -> None:
    """Three candidates, and a round of two that is approved on a preview of them."""
    for name, total in (("A00001", 500), ("A00002", 490), ("A00003", 480)):
        await draws.read(scored(name, total), eligible(name))
    async with draws.pool.acquire() as connection:
        seen = await preview(connection, LIMITED)
    assert seen == Preview(
        eligible=3, invited=2, cut_off=490, tie_break=TieBreak(submitted_at=SUBMITTED, profile_id="A00002")
    )
    await draws.command("draft", "436", "anna", instruction=LIMITED.json_bytes().decode())
    hashed = content_hash(LIMITED)
    assert await draws.command("approve", "436", "benoit", content_hash=hashed) == ["preview_missing"]
    shown = seen.model_dump(mode="json")
    assert await draws.command("approve", "436", "benoit", content_hash=hashed, preview=shown) == []


async def test_a_round_is_held_while_the_pool_moves_within_the_limits(draws: Bench) -> None:
    await limited(draws)
    await draws.read(scored("A00002", 495, 2), eligible("A00002", sequence=2))
    await draws.read(scored("A00004", 300), eligible("A00004"))
    await draws.finish()
    assert [one.total for one in await draws.invited()] == [500, 495]


@pytest.mark.parametrize(
    ("totals", "code"), [({"A00004": 300, "A00005": 300}, "eligible_moved"), ({"A00002": 496}, "cut_off_moved")]
)
async def test_a_round_refuses_where_the_pool_has_moved_by_more_than_was_approved(
    draws: Bench, totals: dict[str, int], code: str
) -> None:
    await limited(draws)
    for name, total in totals.items():
        await draws.read(scored(name, total, 2), eligible(name, sequence=2))
    await draws.finish()
    fact = (await draws.rounds())[-1]
    assert (fact.state, [one.code for one in fact.reasons]) == (RoundState.REFUSED, [code])
    assert await draws.invited() == []
    assert await draws.pool.fetchval("SELECT count(*) FROM pool WHERE has_invitation") == 0


async def test_a_preview_of_nobody_has_no_cut_off(draws: Bench) -> None:
    async with draws.pool.acquire() as connection:
        assert await preview(connection, instruction()) == Preview(eligible=0, invited=0)
        french = instruction(kind="category", category="french", economic_goal="g")
        assert await preview(connection, french) == Preview(eligible=0, invited=0)


async def operator(stack: Stack, database: str, name: str) -> str:
    """The DSN of an operator's login at the test's database."""
    admin = with_database(stack.backend.admin_dsn, database.rpartition("/")[2])
    await create_operator(admin, name, "a-Pass'word", ["draws"])
    host = database.rpartition("@")[2]
    return f"postgresql://{name}:a-Pass%27word@{host}"


async def test_an_operator_acts_under_their_own_login_whatever_they_write(
    draws: Bench, stack: Stack, database: str
) -> None:
    anna, benoit = [await operator(stack, database, name) for name in ("anna", "benoit")]
    async with session("draws", anna) as mine, session("draws", benoit) as theirs:
        await operators.draft(mine, "436", BODY)
        own = await operators.approve(mine, "436", HASH)
        other = await operators.approve(theirs, "436", HASH)
        assert await operators.outcome(mine, own, 0.0) is None
        await draws.obey()
        assert [one.code for one in await operators.outcome(mine, own, 5.0) or []] == ["same_operator"]
        assert await operators.outcome(theirs, other, 5.0) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await mine.execute("INSERT INTO command (kind, round_id, given_by) VALUES ('cancel', '436', 'benoit')")
        for statement in ("UPDATE round SET state = 'held'", "DELETE FROM invitation", "UPDATE pool SET total = 1200"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await mine.execute(statement)
    assert await draws.one("SELECT drafted_by, approved_by FROM round") == ("anna", "benoit")


async def test_a_name_of_a_service_cannot_be_an_operators(stack: Stack, database: str) -> None:
    for name in ("draws_app", "Anna", "anna; DROP TABLE pool", ""):
        with pytest.raises(ValueError, match="can't be an operator's login"):
            await create_operator(database, name, "secret", ["draws"])
