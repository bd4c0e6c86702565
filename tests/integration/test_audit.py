"""What operators do is in a log that nobody can change: made, checked and read by commands."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from shared.audit.record import record
from shared.db.operators import create_operator, operator_dsn, session
from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack
from tests.conftest import Connect


async def ee(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


@pytest.fixture
async def login(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An operator of draws who also reads the logs."""
    await create_operator(database, "olga", "secret", ["draws", "audit"])
    dsn = operator_dsn(database, "olga", "secret")
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", dsn)
    return dsn


async def cancel(login: str, *rounds: str) -> None:
    async with session("draws", login) as connection:
        for one in rounds:
            await connection.execute("INSERT INTO command (kind, round_id) VALUES ('cancel', $1)", one)


async def tamper(database: str, *statements: str) -> None:
    """As a superuser, for whom triggers can be switched off."""
    connection = await asyncpg.connect(database, server_settings={"search_path": "draws"})
    await connection.execute("SET session_replication_role = replica")
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def newest() -> dict[str, Any]:
    """The last entry in the log of draws."""
    entry: dict[str, Any] = json.loads((await ee("audit", "show", "draws", "--newest", "1")).output)
    return entry


async def test_who_may_do_what_is_in_the_log_under_the_login_that_allowed_it(login: str) -> None:
    for service in SERVICES:
        entry = json.loads((await ee("audit", "show", service)).output)
        assert (entry["number"], entry["by"], entry["action"]) == (1, "postgres", "operator")
        assert entry["details"] == {"name": "olga", "may": ["audit", "draws"]}


async def test_an_order_is_in_the_log_under_the_login_that_gave_it(login: str) -> None:
    await cancel(login, "436")
    entry = await newest()
    assert (entry["number"], entry["by"], entry["action"]) == (2, "olga", "cancel")
    assert (entry["details"]["round_id"], entry["details"]["given_by"]) == ("436", "olga")


async def test_an_act_is_in_the_log_under_the_login_that_did_it(login: str) -> None:
    async with session("draws", login) as connection:
        assert await record(connection, "dlq_replay", topic="scored", partition=3, offset=17) == 2
    entry = await newest()
    assert (entry["by"], entry["action"]) == ("olga", "dlq_replay")
    assert entry["details"] == {"topic": "scored", "partition": 3, "offset": 17}


async def test_a_long_text_is_kept_as_its_hash(login: str) -> None:
    async with session("draws", login) as connection:
        await connection.execute(
            "INSERT INTO command (kind, round_id, instruction) VALUES ('draft', '436', $1)", "x" * 2000
        )
    entry = await newest()
    assert entry["details"]["instruction"] == (
        "sha256:5c0e0ea421571c300b5df6aec0a118b5c3dc02e0683a546341d5efc689df2f58"
    )


async def test_a_repair_is_recorded_before_it_is_done_or_not_done(
    login: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EE_OPERATOR_POSTGRES_DSN")
    unnamed = await ee("reconcile", "--repair")
    assert (unnamed.exit_code, "set EE_OPERATOR_POSTGRES_DSN" in unnamed.output) == (1, True)
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", login)  # of draws: the first service is another one
    stranger = await ee("reconcile", "--repair")
    assert (stranger.exit_code, "may not do this in intake" in stranger.output) == (1, True)
    assert "--may intake" in stranger.output


async def test_who_may_not_read_a_log_is_told_the_right_that_is_missing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_operator(database, "dora", "secret", ["draws"])
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", operator_dsn(database, "dora", "secret"))
    for words in (["verify"], ["show", "scoring"]):
        answer = await ee("audit", *words)
        assert (answer.exit_code, "`ee operator create NAME --may audit`" in answer.output) == (1, True), answer.output
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", operator_dsn(database, "dora", "wrong"))
    wrong = await ee("audit", "show", "draws")
    assert "does not know your login or its password: check EE_OPERATOR_POSTGRES_DSN" in wrong.output


async def test_a_log_that_is_whole_is_confirmed_with_its_ends(login: str) -> None:
    await cancel(login, "1", "2", "3")
    answer = await ee("audit", "verify")
    lines = answer.output.splitlines()
    assert answer.exit_code == 0, answer.output
    assert [line.split(":")[:2] for line in lines] == [
        ["intake", "1"],
        ["scoring", "1"],
        ["draws", "4"],
        ["decisions", "1"],
    ]
    await cancel(login, "4")
    assert (await ee("audit", "verify", "draws", "--noted", lines[2])).output.startswith("draws:5:")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE audit SET entry = replace(entry, 'olga', 'eve') WHERE number = 2", "entry 2 or the one before it was"),
        ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE number = 1", "entry 1 is missing"),
        ("UPDATE audit SET hash = sha256('x') WHERE number = 1", "entry 1 or the one before it was changed"),
    ],
)
async def test_a_log_that_was_changed_says_where_and_fails(
    login: str, database: str, statement: str, says: str
) -> None:
    await cancel(login, "1", "2", "3")
    await tamper(database, statement)
    answer = await ee("audit", "verify", "draws")
    assert (answer.exit_code, says in answer.output) == (1, True), answer.output


async def test_a_log_whose_end_was_cut_off_no_longer_passes_its_noted_end(login: str, database: str) -> None:
    await cancel(login, "1", "2", "3")
    noted = (await ee("audit", "verify", "draws")).output.strip()
    await tamper(database, "DELETE FROM audit WHERE number = 4")
    assert (await ee("audit", "verify", "draws")).exit_code == 0
    answer = await ee("audit", "verify", "draws", "--noted", noted)
    assert (answer.exit_code, f"draws: the log no longer passes through {noted}" in answer.output) == (1, True)


async def test_a_log_that_was_rewritten_whole_no_longer_passes_its_noted_end(login: str, database: str) -> None:
    await cancel(login, "1")
    noted = (await ee("audit", "verify", "draws")).output.strip()
    await tamper(database, "DELETE FROM audit")
    await cancel(login, "2")
    assert (await ee("audit", "verify", "draws")).exit_code == 0
    assert (await ee("audit", "verify", "draws", "--noted", noted)).exit_code == 1


@pytest.mark.parametrize("statement", ["UPDATE audit SET entry = ''", "DELETE FROM audit", "TRUNCATE audit"])
async def test_nobody_changes_what_is_written(login: str, database: str, connect: Connect, statement: str) -> None:
    await cancel(login, "1")
    async with session("draws", login) as operator:
        for connection in (await connect("draws"), operator):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    owner = await asyncpg.connect(f"{database}?role=draws_owner", server_settings={"search_path": "draws"})
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="audit is append-only"):
        await owner.execute(statement)
    await owner.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_can_neither_write_its_log_nor_give_a_command(connect: Connect, service: str) -> None:
    connection = await connect(service)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT audit_append('approve', '{}')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("INSERT INTO audit VALUES (1, '{}', sha256('x'))")
    order = "rescore_stopped (reason) VALUES ('x')" if service == "scoring" else "command (kind) VALUES ('confirm')"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"INSERT INTO {order}")


async def test_two_operators_at_once_make_one_chain(login: str, database: str) -> None:
    await create_operator(database, "grace", "secret", ["draws"])
    grace = operator_dsn(database, "grace", "secret")
    numbers = [[f"{name}{one}" for one in range(20)] for name in "ab"]
    await asyncio.gather(cancel(login, *numbers[0]), cancel(grace, *numbers[1]))
    assert (await ee("audit", "verify", "draws")).output.startswith("draws:42:")


async def test_an_auditor_reads_every_log_and_nothing_else(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await create_operator(database, "eve", "secret", ["audit"])
    dsn = operator_dsn(database, "eve", "secret")
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", dsn)
    assert (await ee("audit", "verify")).exit_code == 0
    for service in SERVICES:
        async with session(service, dsn) as connection:
            assert await connection.fetchval("SELECT count(*) FROM audit") == 1
            for statement in ("SELECT * FROM outbox", "SELECT audit_append('x', '{}')", "SELECT * FROM migration"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)


async def test_a_login_is_made_given_more_and_listed(
    stack: Stack, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EE_ADMIN_POSTGRES_DSN", database)
    first = (await ee("operator", "create", "lin", "--may", "draws")).output.strip()
    second = (await ee("operator", "create", "lin", "--may", "audit", "--may", "decisions")).output.strip()
    assert urlsplit(first).hostname == urlsplit(database).hostname
    async with session("decisions", second) as connection:
        assert await connection.fetchval("SELECT session_user") == "lin"
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with session("draws", first):
            pass
    assert "lin: audit, decisions, draws\n" in (await ee("operator", "list")).output
    stored = await _fetchval(database, "SELECT rolpassword FROM pg_authid WHERE rolname = 'lin'")
    assert stored.startswith("SCRAM-SHA-256$4096:")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("draws_app", "--may", "draws"), "can't be an operator's login"),
        (("Ada", "--may", "draws"), "can't be an operator's login"),
        (("auditor", "--may", "audit"), "can't be an operator's login"),
        (("olga", "--may", "everything"), "an operator may everything: choose from intake, scoring, draws"),
    ],
)
async def test_what_cannot_be_a_login_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.setenv("EE_ADMIN_POSTGRES_DSN", database)
    answer = await ee("operator", "create", *words)
    assert (answer.exit_code, says in answer.output) == (1, True), answer.output


async def test_a_server_that_is_away_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    away = urlunsplit(("postgresql", "olga:hidden-7@127.0.0.1:1", "/x", "", ""))
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", away)
    monkeypatch.setenv("EE_ADMIN_POSTGRES_DSN", away)
    for words in (("audit", "verify"), ("operator", "list")):
        answer = await ee(*words)
        assert (answer.exit_code, "hidden-7" in answer.output) == (1, False)


async def _fetchval(dsn: str, query: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval(query))
    finally:
        await connection.close()
