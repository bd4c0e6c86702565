"""What `ee reconcile` is for: each way in which something may be lost or doubled is found, and a repair mends it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from services.cli import SERVICES
from shared.kafka.producer import Record
from shared.stack.stack import Stack
from shared.worker.ops_cli import look
from shared.worker.reconcile import Report, states
from tests.faults.load import NOW, number, submission
from tests.faults.rig import Rig, own_stack
from tests.faults.test_poison import live_through_everything

KEY = number("FIRST", 1)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("reconcile")) as stack:
        yield stack


@pytest.fixture(scope="module")
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        await live_through_everything(made)
        await made.publish([submission(KEY, 2)])
        await made.reconciled()
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing moves here: what differs at the second look differs."""
    monkeypatch.setattr(states, "LOOKS", 2)


async def reconciled(*, mend: bool = False) -> Report:
    return await look(SERVICES, mend=mend)


@pytest.mark.parametrize(
    ("lost", "found_again", "told"),
    [
        (
            "UPDATE draws.fact_sequence SET last = last + 1 WHERE topic = 'round'",
            "UPDATE draws.fact_sequence SET last = last - 1 WHERE topic = 'round'",
            "round: a fact of 1 from /express-entry/draws is missing: its last number is 2, and 3 was given",
        ),
        (
            "UPDATE intake.invitation SET profile_id = 'x' || profile_id",
            "UPDATE intake.invitation SET profile_id = substr(profile_id, 2)",
            "0: no outcome in intake and not in the dead letters",
        ),
        (
            "UPDATE intake.invitation SET sequence = sequence - 1",
            "UPDATE intake.invitation SET sequence = sequence + 1",
            "0: no outcome in intake and not in the dead letters",
        ),
        (
            "UPDATE decisions.received_input SET source_id = 'x' || source_id WHERE kind = 'invitation.issued'",
            "UPDATE decisions.received_input SET source_id = substr(source_id, 2) WHERE kind = 'invitation.issued'",
            "0: no outcome in decisions and not in the dead letters",
        ),
        (
            "UPDATE draws.invitation SET decided_sequence = decided_sequence - 1",
            "UPDATE draws.invitation SET decided_sequence = decided_sequence + 1",
            "0: no outcome in draws and not in the dead letters",
        ),
        (
            "UPDATE draws.round_draft SET source_id = 'x' || source_id",
            "UPDATE draws.round_draft SET source_id = substr(source_id, 2)",
            None,  # this round was drafted by a command: there is no instruction on the topic to be missed
        ),
        (
            f"UPDATE draws.pool SET scored_sequence = scored_sequence - 1 WHERE profile_id = '{KEY}'",
            f"UPDATE draws.pool SET scored_sequence = scored_sequence + 1 WHERE profile_id = '{KEY}'",
            f"scored: draws has read 1 keys and not kept them, first {KEY}",
        ),
        (
            f"UPDATE intake.outcome SET version = version + 97 WHERE profile_id = '{KEY}'",
            f"UPDATE intake.outcome SET version = version - 97 WHERE profile_id = '{KEY}'",
            "no outcome in intake and not in the dead letters",
        ),
    ],
    ids=["fact", "invited", "decided", "invited in decisions", "decided in draws", "draft", "scored", "submission"],
)
async def test_a_trace_that_is_missing_is_missed(system: Rig, lost: str, found_again: str, told: str | None) -> None:
    await system.rows(lost)
    differences = (await reconciled()).differences
    await system.rows(found_again)
    assert bool(differences) == bool(told)
    assert all(told in one for one in differences if told), differences
    assert (await reconciled()).clean


async def test_an_older_record_that_came_last_is_found_and_its_owner_publishes_the_row_again(system: Rig) -> None:
    older, newest = (await system.read("scored", KEY))[-2:]
    await system.publish([Record("scored", older.key, older.value, tuple(older.headers))])
    told = f"scored: the last record of 1 keys is not the current row, first {KEY}"
    assert told in (await reconciled()).differences
    assert (await reconciled(mend=True)).differences == []
    assert (await system.read("scored", KEY))[-1].value == newest.value


async def test_a_repair_says_which_service_does_not_run(system: Rig) -> None:
    older = (await system.read("scored", KEY))[0]
    await system.publish([Record("scored", older.key, older.value, tuple(older.headers))])
    system.scale(scoring=0)
    differences = (await look(SERVICES, mend=True, patience_s=1.0)).differences
    assert "scoring: what it is to publish waits in its outbox: is it running?" in differences
    system.scale(scoring=1)
    await system.reconciled()


async def test_what_nobody_has_read_yet_is_counted_and_is_no_difference(system: Rig) -> None:
    system.scale(intake=0)
    await system.publish([submission(number("LATER", place)) for place in range(5)])
    report = await reconciled()
    assert report.clean, report.differences
    assert report.counts["submission: not yet read by intake"] == 5
    system.scale(intake=1)
    await system.reconciled()


@pytest.mark.parametrize("topic", ["scored", "held"])
async def test_a_key_that_no_row_has_is_found(system: Rig, topic: str) -> None:
    """Last: nothing takes such a record back but an erasure."""
    key = b"scoring/profile/0/77" if topic == "held" else b"FOREIGN-1"
    known = (await system.read("scored", KEY))[-1]
    await system.publish([Record(topic, key, known.value, tuple(known.headers))])
    told = f"{topic}: 1 keys have a record but no row in scoring, first {key.decode()}"
    assert told in (await reconciled()).differences
