"""What settles an entry of `held`: the record itself, or one that says all that it said."""

from datetime import UTC, datetime

import pytest

from shared.contracts.base import Message as Body
from shared.contracts.decided import InvitationState
from shared.worker.held import HeldTable
from shared.worker.record import DeadLetter, Message
from shared.worker.step import Step
from tests.conftest import Connect
from tests.unit.draws.samples import decided, erasure, message, scored

NOW = datetime(2026, 8, 18, tzinfo=UTC)
KEY = "A00001"

FIRST = decided(KEY, "1-A00001", InvitationState.DECLINED, 3)
OF_ANOTHER_INVITATION = decided(KEY, "2-A00001", InvitationState.LAPSED, 4)


@pytest.mark.parametrize(
    ("waits", "handled", "left"),
    [
        (scored(KEY, 500, 3), scored(KEY, 510, 4), 0),
        (scored(KEY, 500, 3), scored(KEY, 490, 2), 1),
        (scored(KEY, 500, 3), scored("A00002", 500, 4), 1),
        (scored(KEY, 500, 3), erasure("scored", KEY), 0),
        (FIRST, FIRST, 0),
        (FIRST, OF_ANOTHER_INVITATION, 1),
    ],
    ids=[
        "a newer state settles",
        "an older state does not",
        "another key does not",
        "an erasure settles",
        "the same fact settles",
        "a newer fact does not",
    ],
)
async def test_an_entry_is_settled_by_what_says_all_that_its_record_said(
    connect: Connect, waits: Body | Message, handled: Body | Message, left: int
) -> None:
    connection = await connect("draws")
    table = HeldTable("draws")
    lost, read = (one if isinstance(one, Message) else message(one) for one in (waits, handled))
    step = Step(connection, NOW)  # type: ignore[arg-type]
    letter = DeadLetter(lost.record, "unknown_type", profile_id=KEY, source_sequence=lost.body.sequence)
    await table.open(step, [letter])
    await table.settle(step, [read])
    assert await connection.fetchval("SELECT count(*) FROM held WHERE state = 'open'") == left
