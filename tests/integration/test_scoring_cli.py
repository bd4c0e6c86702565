"""What an operator sees of scoring, and orders."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import pytest
import yaml
from typer.testing import CliRunner, Result

from services.cli import app
from services.scoring.handler import handle
from shared.db.operators import create_operator, operator_dsn
from shared.stack.stack import Stack
from shared.worker.step import Connection, Step
from tests.conftest import Connect
from tests.unit.scoring.candidates import NOW, message, state
from tests.unit.scoring.test_rehearsal import with_sibling

NUMBER = "E000000001"


@pytest.fixture
async def connection(stack: Stack, database: str, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Connection:
    parts = urlsplit(database)
    monkeypatch.setenv("EE_SCORING_POSTGRES_DSN", urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    for name, value in stack.environment.items():
        if name.endswith("_PASSWORD"):
            monkeypatch.setenv(name, value)
    connection = cast(Connection, await connect("scoring"))
    async with connection.transaction():
        await handle(Step(connection, NOW), [message(state(NUMBER)), message(state("E000000002"))])
    return connection


async def ee(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


async def test_a_result_is_shown_with_every_point_in_the_language_of_the_candidate(connection: Connection) -> None:
    english, french = await ee("scoring", "show", NUMBER), await ee("scoring", "show", NUMBER, "--lang", "fr")
    assert english.exit_code == french.exit_code == 0
    assert "+99 Age: 31 years." in english.output
    assert "+99 Âge : 31 ans." in french.output
    assert english.output.startswith("in_pool, sequence 1 of profile sequence 1\nProfile E000000001, 2026-06-01: 465")
    found = json.loads((await ee("scoring", "show", NUMBER, "--json")).output)
    assert (found["status"], found["sequence"], found["profile_sequence"]) == ("in_pool", 1, 1)
    born = next(line for line in found["lines"] if line["code"] == "crs.age")
    assert born["declared"] == {"date_of_birth": "1994-07-17"}


async def test_a_stored_result_is_recomputed_to_the_same_bytes(connection: Connection) -> None:
    answer = await ee("scoring", "recompute", NUMBER, "--sequence", "1")
    assert (answer.exit_code, answer.output.strip()) == (0, f"{NUMBER} sequence 1 of 2026-06-01: the same bytes")


async def test_a_stored_result_that_was_altered_is_found_out(connection: Connection) -> None:
    await connection.execute("UPDATE result SET scored = replace(scored, '\"total\":465', '\"total\":466')")
    answer = await ee("scoring", "recompute", NUMBER)
    assert (answer.exit_code, answer.output.strip()) == (
        1,
        f"{NUMBER} sequence 1 of 2026-06-01 differs in scored.total",
    )


async def test_an_unknown_and_an_erased_number_are_told_apart(connection: Connection) -> None:
    unknown = await ee("scoring", "show", "E999999999")
    assert (unknown.exit_code, "scoring has no such result of E999999999" in unknown.output) == (1, True)
    async with connection.transaction():
        await handle(Step(connection, NOW), [message(None, NUMBER)])
    erased = await ee("scoring", "recompute", NUMBER)
    assert (erased.exit_code, "was erased at 2026-06-01" in erased.output) == (1, True)


async def test_the_rescoring_is_watched_stopped_and_resumed(
    connection: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EE_CLOCK", "system")
    await create_operator(database, "ada", "secret", ["scoring"])
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", operator_dsn(database, "ada", "secret"))
    running = (await ee("scoring", "rescore", "status")).output
    assert running.startswith("running\n")
    assert "submitted 2026-03-01 to 2026-03-01" in running
    assert "crs_2025-03-25" in running
    await ee("scoring", "rescore", "stop", "--reason", "a wrong table")
    assert "a wrong table" in (await ee("scoring", "rescore", "status")).output
    await ee("scoring", "rescore", "resume")
    assert (await ee("scoring", "rescore", "status")).output == running
    entries = (await ee("audit", "show", "scoring", "--newest", "2")).output.splitlines()
    assert [(one["action"], one["by"]) for one in map(json.loads, entries)] == [
        ("rescore_stop", "ada"),
        ("rescore_resume", "ada"),
    ]


async def test_a_draft_is_rehearsed_and_nothing_is_changed(connection: Connection, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(yaml.safe_dump(with_sibling(0)), "utf-8")
    before = await connection.fetch("SELECT * FROM score ORDER BY 1")
    answer = await ee("rules", "rehearse", str(draft), "--on", "2026-06-01", "--round", "general=1")
    assert answer.exit_code == 0
    assert "2 profiles of the pool" in answer.output
    assert "round of 1, general: now 1 invited, cut-off 465" in answer.output
    assert await connection.fetch("SELECT * FROM score ORDER BY 1") == before


async def test_a_draft_that_does_not_hold_on_the_day_is_refused(connection: Connection, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(yaml.safe_dump({**with_sibling(0), "effective_from": date(2026, 6, 2)}), "utf-8")
    answer = await ee("rules", "rehearse", str(draft), "--on", "2026-06-01")
    assert answer.exit_code == 1
    assert "does not hold on 2026-06-01: choose a day on which it does" in answer.output


async def test_a_draft_that_cannot_be_loaded_is_refused_by_its_line(connection: Connection, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text("id: crs_draft\nkind: crs\neffective_from: 2026-05-01\nbased_on: crs_2099\n", "utf-8")
    answer = await ee("rules", "rehearse", str(draft), "--on", "2026-06-01")
    assert answer.exit_code == 1
    assert f"{draft}:4:" in answer.output
