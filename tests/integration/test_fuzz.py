"""Damaged messages through reading and handling on a real database: every one has an outcome or is a dead letter.

`FUZZ_MESSAGES` says how many (5,000 by default, half to each service), `FUZZ_SEED` which.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from services.decisions import account as decisions_account
from services.decisions import received as applications
from services.intake import account as intake_account
from services.intake import received as submissions
from services.intake.assessment import assess
from shared.worker.record import Message, Poison, Record
from tests.conftest import Connect
from tests.integration.decisions_bench import Bench as Decisions
from tests.integration.decisions_bench import issued, profile
from tests.unit.decisions.given import INVITED_AT, invitation
from tests.unit.fuzz.messages import NUMBERS, records
from tests.unit.intake.given import NOW
from tests.unit.intake.given import Bench as Intake

MESSAGES = int(os.environ.get("FUZZ_MESSAGES", "5000"))
SEED = int(os.environ.get("FUZZ_SEED", "20260816"))
AT_ONCE = 250


def read(decode: Any, found: Sequence[Record]) -> tuple[list[Message], int]:
    """What can be handled, and how many are dead letters by reading alone."""
    messages = []
    for record in found:
        try:
            messages.append(decode(record))
        except Poison:
            continue
    return messages, len(found) - len(messages)


def batches(topic: str) -> Iterator[list[Record]]:
    """The records of a topic; a failure shows the seed."""
    print(f"FUZZ_SEED={SEED}")
    made: list[Record] = []
    for record in records(topic, SEED, MESSAGES // 2):
        made.append(record)
        if len(made) == AT_ONCE:
            yield made
            made = []
    if made:
        yield made


@pytest.mark.parametrize("replayed", [False, True], ids=["once", "twice"])
async def test_every_submission_is_accepted_superseded_rejected_or_dead(connect: Connect, *, replayed: bool) -> None:
    bench = Intake(await connect("intake"), assess)
    handled = dead = 0
    for batch in batches("submission") if not replayed else list(batches("submission"))[:2] * 2:
        messages, unread = read(submissions.decode, batch)
        step = await bench.take(*messages, now=NOW)
        assert step.dead == []
        assert await intake_account.submissions(bench.connection, messages) == []  # type: ignore[arg-type]
        handled, dead = handled + len(messages), dead + unread
    assert handled > dead > 0
    counted = await bench.connection.fetch("SELECT outcome, count(*) AS n FROM outcome GROUP BY outcome")
    outcomes = {row["outcome"]: row["n"] for row in counted}
    assert outcomes.keys() == {"accepted", "superseded", "rejected"}
    assert await bench.connection.fetchval(LIVE_TWICE) == 0
    for fact in await bench.facts("rejected"):
        assert fact["reasons"]


LIVE_TWICE = """
SELECT count(*) FROM (
    SELECT passport_hash FROM profile WHERE status = 'in_pool' GROUP BY passport_hash HAVING count(*) > 1
) AS twice
"""
"""A10.1(5), whatever was sent."""


async def test_every_message_about_a_case_is_stored_or_dead(connect: Connect, database: str) -> None:
    bench = Decisions(await connect("decisions"), database)
    for place, number in enumerate(NUMBERS[::2]):
        body = invitation(f"I{place}", profile_id=number)
        await bench.take(profile(profile_id=number), issued(body, f"invited:{number}"), now=INVITED_AT)
    handled = dead = 0
    for batch in batches("application"):
        messages, unread = read(applications.decode, batch)
        step = await bench.take(*messages)
        given_up = {letter.record.origin for letter in step.dead}
        assert {letter.code for letter in step.dead} <= {"id_reused"}
        kept = [message for message in messages if message.record.origin not in given_up]
        assert await decisions_account.unaccounted(bench.connection, kept) == []
        handled, dead = handled + len(kept), dead + unread + len(given_up)
    assert (handled + dead, handled > 0, dead > 0) == (MESSAGES // 2, True, True)
    refused = "SELECT count(*) FROM received_input WHERE refused IS NOT NULL AND refused <> '[]'"
    assert await bench.connection.fetchval(refused) > 0
    assert await bench.facts("decided")
