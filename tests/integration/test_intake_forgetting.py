"""Forgetting a person: two operators, not before it may be done, and nothing that is replayed brings it back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from services.intake.account import submissions
from shared.db.operators import create_operator, operator_dsn
from shared.worker.record import Message
from tests.conftest import Connect
from tests.unit.intake.given import EXPIRES, ID, NOW, Bench, decided, invited, submission, withdrawal

OTHER = "E000000002"
LATER = datetime(2028, 3, 3, 12, tzinfo=UTC)
"""Two years after the last decision on a profile that was withdrawn on the day of NOW."""


class Office(Bench):
    """Intake with operators, of whom `by` says which."""

    def __init__(self, connection: Any, database: str) -> None:
        super().__init__(connection)
        self._database = database

    async def order(self, profile_id: str = ID, consent: str | None = None, *, now: datetime, by: str = "ada") -> Any:
        return await self._give(now, kind="forget", profile_id=profile_id, consent=consent, given_by=by)

    async def confirm(self, number: int, *, now: datetime, by: str = "grace") -> Any:
        return await self._give(now, kind="confirm", confirms=number, given_by=by)

    async def forget(self, now: datetime = LATER, consent: str | None = None) -> None:
        ordered = await self.order(consent=consent, now=now)
        assert ordered["refused"] is None
        confirmed = await self.confirm(ordered["command_id"], now=now)
        assert confirmed["refused"] is None

    async def _give(self, now: datetime, **columns: Any) -> Any:
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        admin = await asyncpg.connect(self._database, server_settings={"search_path": "intake"})
        statement = f"INSERT INTO command ({', '.join(columns)}) VALUES ({places}) RETURNING command_id"
        number = await admin.fetchval(statement, *columns.values())
        await admin.close()
        await self.tick(now, "commands")
        return await self.connection.fetchrow("SELECT * FROM command_outcome WHERE command_id = $1", number)

    async def text(self) -> str:
        """Every table of intake but commands and the log, as text."""
        tables = await self.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'")
        found = []
        for name in {row["tablename"] for row in tables} - {"command", "command_outcome", "audit", "outbox"}:
            found += [row["row"] for row in await self.connection.fetch(f"SELECT t::text AS row FROM {name} AS t")]
        return "\n".join(found)


@pytest.fixture
async def office(connect: Connect, database: str) -> Office:
    return Office(await connect("intake"), database)


async def test_a_person_is_forgotten_by_two_operators_two_years_after_the_last_decision(office: Office) -> None:
    await office.take(submission(citizenship="SEN", settlement_funds_cad=4321987), withdrawal())
    ordered = await office.order(now=LATER)
    assert (ordered["refused"], ordered["may_from"]) == (None, None)
    assert "4321987" in await office.text()
    again = await office.confirm(ordered["command_id"], now=LATER, by="ada")
    assert again["refused"] == "same_operator"
    confirmed = await office.confirm(ordered["command_id"], now=LATER)
    assert (confirmed["refused"], confirmed["forgotten"]) == (None, 1)
    row = await office.profile()
    assert (row["status"], row["body"], row["sequence"], row["erased_at"]) == ("withdrawn", None, 2, LATER)
    assert (row["passport_hash"], row["client_hash"], row["submitted_at"] is None) == (None, None, False)
    assert "4321987" not in await office.text()
    for table in ("identity", "person"):
        assert await office.connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await office.connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'profile' AND body IS NULL") == 1
    assert (await office.confirm(ordered["command_id"], now=LATER))["refused"] == "nothing_to_confirm"
    assert (await office.order(now=LATER))["refused"] == "unknown"


async def test_the_first_day_on_which_it_may_be_done_is_two_years_after_the_last_decision(office: Office) -> None:
    await office.take(submission(), withdrawal())
    early = await office.order(now=LATER - timedelta(days=1))
    assert (early["refused"], early["may_from"]) == ("retained", date(2028, 3, 3))
    assert (await office.order(now=LATER))["refused"] is None


async def test_with_recorded_consent_the_two_years_are_not_waited_for(office: Office) -> None:
    await office.take(submission(), withdrawal())
    await office.forget(NOW, consent="file 2026-114, page 3")
    assert (await office.profile())["erased_at"] == NOW


async def test_a_live_profile_is_not_forgotten_and_its_end_is_named(office: Office) -> None:
    await office.take(submission())
    refused = await office.order(now=NOW)
    assert (refused["refused"], refused["may_from"]) == ("live", date(2029, 3, 2))
    agreed = await office.order(now=NOW, consent="file 1")
    assert (agreed["refused"], agreed["may_from"]) == ("live", EXPIRES.date())


async def test_a_profile_that_became_live_between_order_and_confirmation_is_not_forgotten(office: Office) -> None:
    await office.take(submission(), withdrawal())
    ordered = await office.order(now=NOW, consent="file 1")
    await office.take(submission(OTHER))
    confirmed = await office.confirm(ordered["command_id"], now=NOW)
    assert (confirmed["refused"], confirmed["may_from"]) == ("live", EXPIRES.date())
    assert (await office.profile())["body"] is not None


async def test_an_open_invitation_keeps_a_person(office: Office) -> None:
    await office.take(submission())
    await office.take(invited())
    assert (await office.order(now=NOW, consent="file 1"))["refused"] == "live"


@pytest.mark.parametrize("state", ["in_process", "fairness_letter", "suspended"])
async def test_an_application_in_process_keeps_a_person_whatever_they_agree_to(office: Office, state: str) -> None:
    await office.take(submission())
    await office.take(invited(), _application(state, 2))
    agreed = await office.order(now=LATER + timedelta(days=900), consent="file 1")
    assert (agreed["refused"], agreed["may_from"]) == ("in_process", None)
    assert (await office.order(now=LATER))["may_from"] == date(2030, 3, 4)


@pytest.mark.parametrize("state", ["approved", "refused", "withdrawn", "terminated"])
async def test_after_the_end_of_an_application_two_years_count_from_it(office: Office, state: str) -> None:
    await office.take(submission())
    await office.take(invited(), _application("in_process", 2))
    await office.take(_application(state, 3, at=datetime(2027, 6, 30, 9, tzinfo=UTC)))
    early = await office.order(now=datetime(2029, 6, 30, tzinfo=UTC))
    assert (early["refused"], early["may_from"]) == ("retained", date(2029, 7, 1))
    await office.forget(datetime(2029, 7, 1, tzinfo=UTC))


async def test_all_profiles_of_the_person_go_whichever_is_named(office: Office) -> None:
    client = {**submission().body.body.identity.model_dump(), "client_id": "1234-5678"}
    await office.take(submission(identity=client), withdrawal())
    await office.take(submission(OTHER, identity={**client, "passport_number": "Z9"}), withdrawal(OTHER))
    await office.take(submission("E000000003", passport="B2"), withdrawal("E000000003"))
    ordered = await office.order(OTHER, now=LATER)
    assert (await office.confirm(ordered["command_id"], now=LATER))["forgotten"] == 2
    rows = await office.connection.fetch("SELECT profile_id FROM profile WHERE erased_at IS NOT NULL ORDER BY 1")
    assert [row["profile_id"] for row in rows] == [ID, OTHER]
    assert await office.connection.fetchval("SELECT count(*) FROM identity") == 1


async def test_a_replay_brings_nothing_back(office: Office) -> None:
    sent = [
        submission(),
        submission(version=2, family_size=3),
        submission(version=9, family_size=0),
        withdrawal(version=3),
    ]
    await office.take(*sent)
    await office.forget()
    before = await office.text()
    await office.take(*sent, now=LATER)
    assert await office.text() == before
    assert await submissions(office.connection, sent) == []  # type: ignore[arg-type]
    await office.take(submission(version=12), withdrawal(version=13), invited(), now=LATER)
    assert (await office.codes())[-2:] == [["profile_erased"], ["profile_erased"]]
    for table in ("identity", "person"):
        assert await office.connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await office.profile())["body"] is None
    assert await office.connection.fetchval("SELECT count(*) FROM version WHERE facts IS NOT NULL") == 0


async def test_a_person_who_was_forgotten_may_submit_again_under_a_new_number(office: Office) -> None:
    await office.take(submission(), withdrawal())
    await office.forget()
    again = submission(OTHER, submitted_at="2028-03-03T11:00:00Z")
    await office.take(again, now=LATER)
    assert await office.outcomes(OTHER) == [(1, "accepted")]


async def test_a_keyed_hash_outlives_the_person_while_a_bar_runs_and_no_longer(office: Office) -> None:
    bar = {"section": "A40(2)(a)", "since": "2026-05-01", "until": "2031-05-01"}
    await office.take(submission())
    await office.take(invited(), _application("in_process", 2))
    await office.take(_application("refused", 3, at=datetime(2026, 5, 1, tzinfo=UTC), bar=bar))
    await office.forget(datetime(2028, 5, 2, tzinfo=UTC))
    (kept,) = await office.connection.fetch(
        "SELECT p.profile_id, b.until FROM person AS p JOIN bar AS b USING (person)"
    )
    assert tuple(kept) == (None, date(2031, 5, 1))
    await office.take(submission(OTHER, submitted_at="2030-01-01T00:00:00Z"), now=datetime(2030, 1, 1, tzinfo=UTC))
    assert (await office.codes())[-1] == ["barred"]
    assert await office.tick(datetime(2031, 5, 1, 23, tzinfo=UTC), "hashes") == 0
    assert await office.tick(datetime(2031, 5, 2, tzinfo=UTC), "hashes") == 1
    assert await office.connection.fetchval("SELECT count(*) FROM person") == 0


async def test_the_hash_of_a_submission_that_was_refused_is_not_kept(office: Office) -> None:
    await office.take(submission(settlement_funds_cad=0))
    assert await office.due(NOW, "hashes") == 1
    assert await office.tick(NOW, "hashes") == 1
    await office.take(submission(OTHER))
    assert await office.outcomes(OTHER) == [(1, "accepted")]
    assert await office.due(NOW, "hashes") == 0


async def test_submitting_while_being_forgotten_ends_in_one_or_the_other(connect: Connect, database: str) -> None:
    office, worker = Office(await connect("intake"), database), Bench(await connect("intake"))
    for turn in range(10):
        number, passport = f"E9000000{turn:02}", f"R{turn}"
        await office.take(submission(number, passport=passport), withdrawal(number))
        ordered = await office.order(number, consent="file 1", now=NOW)
        late = [submission(number, 3 + place, passport) for place in range(3)]
        results = await asyncio.gather(
            office.confirm(ordered["command_id"], now=NOW),
            worker.take(*late),
            return_exceptions=True,
        )
        assert all(isinstance(one, asyncpg.SerializationError) for one in results if isinstance(one, Exception)), (
            results
        )
        await worker.take(*late)
    for table in ("identity", "person"):
        assert await office.connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await office.connection.fetchval("SELECT count(*) FROM profile WHERE erased_at IS NULL") == 0


def _application(state: str, sequence: int, **more: Any) -> Message:
    return decided("applied", sequence, received_at="2026-04-01T00:00:00Z", application=state, **more)


# The command


@pytest.fixture
async def logins(database: str) -> dict[str, str]:
    for name in ("ada", "grace"):
        await create_operator(database, name, "secret", ["intake"])
    return {name: operator_dsn(database, name, "secret") for name in ("ada", "grace")}


async def ee(login: str, *words: str) -> Result:
    env = {"EE_OPERATOR_POSTGRES_DSN": login}
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(words), env=env))


@asynccontextmanager
async def obeying(office: Office) -> AsyncIterator[None]:
    """Intake carrying out commands two years later."""

    async def turn() -> None:
        while True:
            await office.tick(LATER, "commands")
            await asyncio.sleep(0.01)

    turning = asyncio.create_task(turn())
    yield
    turning.cancel()
    await asyncio.gather(turning, return_exceptions=True)


async def test_two_operators_forget_a_person_at_the_command_line(office: Office, logins: dict[str, str]) -> None:
    await office.take(submission(), withdrawal())
    async with obeying(office):
        ordered = await ee(logins["ada"], "forget", ID)
        assert f"ordered under number 1; another operator confirms it: ee forget {ID} --confirm 1" in ordered.output
        same = await ee(logins["ada"], "forget", ID, "--confirm", "1")
        assert (same.exit_code, "needs two operators" in same.output) == (1, True)
        wrong = await ee(logins["grace"], "forget", OTHER, "--confirm", "1")
        assert (wrong.exit_code, f"order 1 is not about {OTHER}" in wrong.output) == (1, True)
        done = await ee(logins["grace"], "forget", ID, "--confirm", "1")
        assert (done.exit_code, done.output) == (0, "forgotten: 1 profiles\n")
    entries = (await ee(logins["ada"], "audit", "show", "intake")).output.splitlines()
    assert [(one["by"], one["action"]) for one in map(json.loads, entries)][2:] == [
        ("ada", "forget"),
        ("ada", "confirm"),
        ("grace", "confirm"),
    ]
    assert (await ee(logins["ada"], "audit", "verify", "intake")).output.startswith("intake:5:")


async def test_a_refusal_names_the_day(office: Office, logins: dict[str, str]) -> None:
    await office.take(submission(submitted_at="2028-03-03T11:00:00Z"), now=LATER)
    async with obeying(office):
        refused = await ee(logins["ada"], "forget", ID)
    assert (refused.exit_code, "it may be done from 2031-03-04" in refused.output) == (1, True)


async def test_nobody_orders_in_the_name_of_others(logins: dict[str, str]) -> None:
    connection = await asyncpg.connect(logins["ada"], server_settings={"search_path": "intake"})
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("INSERT INTO command (kind, profile_id, given_by) VALUES ('forget', 'E1', 'grace')")
    for secret in ("profile", "identity", "version", "person"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT * FROM {secret}")
    await connection.close()
