"""What happens to a submission, on a real PostgreSQL."""

import pytest

from services.intake.received import decode
from tests.conftest import Connect
from tests.unit.intake.given import ID, NOW, Bench, body, record, submission, withdrawal


@pytest.fixture
async def bench(connect: Connect) -> Bench:
    return Bench(await connect("intake"))


async def test_an_eligible_profile_enters_the_pool_and_is_told_so(bench: Bench) -> None:
    step = await bench.take(submission())
    state = await bench.published()
    assert (state["status"], state["sequence"], state["version"]) == ("in_pool", 1, 1)
    assert state["expires_at"] == "2027-03-01T18:34:05.120000Z"
    assert state["programs"]["FSW"]["met"] is True
    assert await bench.notices() == ["entered_pool"]
    assert await bench.outcomes() == [(1, "accepted")]
    assert list(step.touched) == [ID]


async def test_identity_is_only_in_its_own_table_and_encrypted(bench: Bench) -> None:
    await bench.take(submission())
    rows = await bench.everything()
    outbox = await bench.connection.fetch("SELECT t::text AS row FROM outbox AS t")
    written = repr(rows) + repr(outbox)
    assert "Tremblay" not in written
    assert "01234" not in written
    sealed = await bench.connection.fetchval("SELECT sealed FROM identity")
    assert bench.intake._vault.open(sealed).family_name == "Tremblay"


async def test_a_batch_done_again_changes_nothing_and_touches_the_same_keys(bench: Bench) -> None:
    batch = [
        submission(),
        submission(version=2, family_size=3),
        submission("E000000002", passport="B2", settlement_funds_cad=0),
        withdrawal("E000000003"),
        decode(record(body("E000000004", family_size="two"), "E000000004")),
        decode(record(b"x" * 300_000, "E000000005")),
    ]
    first = await bench.take(*batch)
    before = await bench.everything()
    rejected = await bench.facts("rejected")
    second = await bench.take(*batch)
    assert await bench.everything() == before
    assert first.touched == second.touched
    assert await bench.facts("rejected") == [*rejected, *rejected]


async def test_a_repeated_rejection_is_the_same_fact(bench: Bench) -> None:
    message = submission(settlement_funds_cad=0)
    await bench.take(message)
    await bench.take(message)
    rows = await bench.connection.fetch("SELECT ce_id, body, ce_time FROM outbox WHERE topic = 'rejected'")
    assert len(rows) == 2
    assert rows[0] == rows[1]


async def test_same_content_is_the_same_json_whatever_its_spacing_and_order(bench: Bench) -> None:
    await bench.take(submission())
    reordered = dict(reversed(body().items()))
    await bench.take(decode(record(reordered, type_="profile.updated")))
    assert await bench.facts("rejected") == []


async def test_the_same_version_with_other_content_is_rejected_and_leaves_the_first_in_force(bench: Bench) -> None:
    await bench.take(submission())
    other = submission(family_size=4)
    await bench.take(other)
    await bench.take(other)
    assert await bench.codes() == [["version_reused"]] * 2
    assert (await bench.published())["facts"]["family_size"] == 1
    assert await bench.outcomes() == [(1, "accepted")]


async def test_two_submissions_of_one_version_in_one_batch_get_one_outcome(bench: Bench) -> None:
    await bench.take(submission(ce_id="a"), submission(ce_id="b"), submission(ce_id="c", family_size=2))
    assert await bench.outcomes() == [(1, "accepted")]
    assert await bench.codes() == [["version_reused"]]


async def test_an_update_that_overtakes_its_submission_stands_for_it(bench: Bench) -> None:
    await bench.take(submission(version=2, family_size=3))
    await bench.take(submission(version=1))
    assert await bench.outcomes() == [(1, "superseded"), (2, "accepted")]
    assert (await bench.published())["facts"]["family_size"] == 3
    assert await bench.facts("rejected") == []


async def test_another_instant_of_submission_is_rejected(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(submission(version=2, submitted_at="2026-03-01T18:34:05.120001Z"))
    assert await bench.codes() == [["submitted_at_differs"]]
    assert (await bench.published())["version"] == 1


async def test_every_wrong_field_is_named_at_once_and_no_value_is_quoted(bench: Bench) -> None:
    wrong = body(family_size="MARK", citizenship="MARK", education="MARK", version=1)
    del wrong["date_of_birth"]
    await bench.take(decode(record(wrong)))
    (fact,) = await bench.facts("rejected")
    assert {reason["field"] for reason in fact["reasons"]} == {
        "family_size",
        "citizenship",
        "education",
        "date_of_birth",
    }
    assert all(reason["text"]["en"] and reason["text"]["fr"] for reason in fact["reasons"])
    assert "MARK" not in str(fact)
    assert fact["correspondence_language"] == "fr"


async def test_a_rejected_version_closes_nothing(bench: Bench) -> None:
    await bench.take(submission(family_size=0))
    await bench.take(submission(version=2))
    assert await bench.outcomes() == [(1, "rejected"), (2, "accepted")]
    assert (await bench.published())["status"] == "in_pool"


async def test_an_instant_of_receipt_that_is_yet_to_come_is_rejected(bench: Bench) -> None:
    await bench.take(submission(submitted_at="2026-03-02T12:05:00Z"))
    await bench.take(submission("E000000002", passport="B2", submitted_at="2026-03-02T12:05:00.000001Z"))
    assert await bench.codes() == [["receipt_in_future"]]
    assert await bench.outcomes() == [(1, "accepted")]


async def test_a_birth_after_the_day_is_rejected(bench: Bench) -> None:
    await bench.take(submission(date_of_birth="2026-03-03"))
    assert await bench.codes() == [["birth_after_day"]]


async def test_a_profile_that_meets_no_program_is_rejected_and_closed(bench: Bench) -> None:
    await bench.take(submission(settlement_funds_cad=0))
    assert (await bench.published())["status"] == "ineligible"
    await bench.take(submission(version=2))
    assert await bench.codes() == [["no_program_met"], ["profile_closed"]]
    assert [fact["state"] for fact in await bench.facts("rejected")] == ["ineligible", "ineligible"]
    assert await bench.notices() == []


async def test_an_update_that_meets_no_program_takes_the_profile_out_of_the_pool(bench: Bench) -> None:
    await bench.take(submission())
    await bench.take(submission(version=2, settlement_funds_cad=0))
    state = await bench.published()
    assert (state["status"], state["version"], state["sequence"]) == ("ineligible", 2, 2)
    assert await bench.codes() == [["no_program_met"]]


async def test_too_large_is_answered_by_key_and_event_alone(bench: Bench) -> None:
    message = decode(record(b"{" + b" " * 262_144, ce_id="big"))
    await bench.take(message)
    (fact,) = await bench.facts("rejected")
    assert (fact["profile_id"], fact["version"], fact["source_id"]) == (ID, None, "big")
    assert [reason["code"] for reason in fact["reasons"]] == ["too_large"]


async def test_a_version_beyond_measure_is_rejected(bench: Bench) -> None:
    await bench.take(submission(version=2**70), submission(version=-1))
    assert await bench.codes() == [["too_large_value"], ["too_small"]]


async def test_withdrawal_then_later_version_is_closed(bench: Bench) -> None:
    await bench.take(submission(), withdrawal(version=2), submission(version=3))
    state = await bench.published()
    assert (state["status"], state["withdrawn_at"]) == ("withdrawn", "2026-03-02T11:00:00.000000Z")
    assert await bench.codes() == [["profile_closed"]]
    assert await bench.notices() == ["entered_pool", "left_pool:withdrawn"]


async def test_the_first_withdrawal_is_accepted_whatever_its_version(bench: Bench) -> None:
    await bench.take(submission(version=5))
    await bench.take(withdrawal(version=3))
    await bench.take(withdrawal(version=4), withdrawal(version=6))
    assert (await bench.published())["status"] == "withdrawn"
    assert await bench.outcomes() == [(3, "accepted"), (4, "superseded"), (5, "accepted"), (6, "rejected")]


async def test_a_withdrawal_of_an_unseen_number_closes_it_and_publishes_nothing(bench: Bench) -> None:
    await bench.take(withdrawal(version=1))
    row = await bench.profile()
    assert (row["status"], row["sequence"], row["body"]) == ("withdrawn", 0, None)
    await bench.take(submission(version=2))
    assert await bench.codes() == [["profile_closed"]]


async def test_a_withdrawal_of_a_closed_profile_is_accepted_and_keeps_its_end(bench: Bench) -> None:
    await bench.take(submission(settlement_funds_cad=0))
    await bench.take(withdrawal(at="2026-03-02T12:00:01Z"), now=NOW.replace(hour=13))
    state = await bench.published()
    assert (state["status"], state["withdrawn_at"]) == ("ineligible", "2026-03-02T12:00:01.000000Z")
    assert await bench.outcomes() == [(1, "rejected"), (2, "accepted")]
