"""What an operator sees of the re-evaluation of programs under new rule sets, and orders."""

import asyncio
import json
from urllib.parse import urlsplit, urlunsplit

import pytest
from typer.testing import CliRunner

from services.cli import app
from shared.db.operators import create_operator, operator_dsn
from shared.rules import rule_sets_in_force
from shared.stack.stack import Stack
from tests.conftest import Connect
from tests.unit.intake.given import NOW, Bench, submission


async def ee(*arguments: str) -> str:
    answer = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
    assert answer.exit_code == 0, answer.output
    return answer.output


async def test_it_is_watched_stopped_and_resumed_under_the_name_of_the_operator(
    stack: Stack, database: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = urlsplit(database)
    monkeypatch.setenv("EE_CLOCK", "system")
    monkeypatch.setenv("EE_INTAKE_POSTGRES_DSN", urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    for name, value in stack.environment.items():
        if name.endswith("_PASSWORD"):
            monkeypatch.setenv(name, value)
    await create_operator(database, "ada", "secret", ["intake"])
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", operator_dsn(database, "ada", "secret"))
    bench = Bench(await connect("intake"))
    await bench.take(submission())
    law = ",".join(rule_sets_in_force(NOW.date(), submitted_on=NOW.date(), programs_only=True))
    older = law.replace("funds_2025-07-07", "funds_2024-05-28")
    await bench.connection.execute("UPDATE profile SET law = $1", older)

    running = (await ee("intake", "law", "status")).splitlines()
    assert running[:2] == ["running", "1 profiles of the pool are to be evaluated again under the rule sets in force"]
    assert "funds_2024-05-28" in running[2]
    await ee("intake", "law", "stop", "--reason", "a wrong table")
    stopped = (await ee("intake", "law", "status")).splitlines()
    assert stopped[0].startswith("stopped since ")
    assert stopped[0].endswith(": a wrong table")
    assert stopped[1] == running[1]
    await ee("intake", "law", "resume")
    assert (await ee("intake", "law", "status")).splitlines() == running
    entries = map(json.loads, (await ee("audit", "show", "intake", "--newest", "2")).splitlines())
    assert [(one["action"], one["by"]) for one in entries] == [("law_stop", "ada"), ("law_resume", "ada")]
