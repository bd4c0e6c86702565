"""`ee round`: what operators type and what they are told."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from services.draws.cli import app
from services.draws.instruction import content_hash
from services.draws.pool_cli import app as pool
from shared.db.operators import create_operator
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import eligible, instruction, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    """Draws with a pool of two, carrying out commands and holding rounds in the background."""
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        for name, total in (("A00001", 500), ("A00002", 490)):
            await opened.read(scored(name, total), eligible(name))
        turning = asyncio.create_task(turn(opened))
        yield opened
        turning.cancel()
        with suppress(asyncio.CancelledError):
            await turning


async def turn(draws: Bench) -> None:
    while True:
        await draws.obey()
        await draws.finish()
        await asyncio.sleep(0.01)


class Operator:
    """Somebody at a terminal."""

    def __init__(self, name: str, database: str) -> None:
        host = database.rpartition("@")[2]
        self._env = {"EE_OPERATOR_POSTGRES_DSN": f"postgresql://{name}:secret@{host}"}

    async def types(self, *words: str, stdin: str | None = None, of: Typer = app) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(of, list(words), input=stdin, env=self._env))

    async def answers(self, answer: str, *words: str) -> tuple[int | None, str]:
        """Exit status and output of a process whose standard input is a terminal."""
        argv = (sys.executable, "-c", "from services.draws.cli import app; app()", *words)
        ours, theirs = pty.openpty()
        os.write(ours, f"{answer}\n".encode())
        to = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=theirs, stdout=to, stderr=asyncio.subprocess.STDOUT, env={**os.environ, **self._env}
        )
        output, _ = await process.communicate()
        os.close(ours)
        os.close(theirs)
        return process.returncode, output.decode()


@pytest.fixture
async def anna(draws: Bench, database: str) -> Operator:
    await create_operator(database, "anna", "secret", ["draws"])
    return Operator("anna", database)


@pytest.fixture
async def benoit(draws: Bench, database: str) -> Operator:
    await create_operator(database, "benoit", "secret", ["draws"])
    return Operator("benoit", database)


async def test_two_operators_order_a_round_follow_it_and_verify_it(
    draws: Bench, anna: Operator, benoit: Operator, tmp_path: Path
) -> None:
    file = tmp_path / "436.json"
    file.write_bytes(instruction("436", 1).json_bytes())
    assert (await anna.types("draft", str(file))).exit_code == 0
    refused = await anna.types("approve", "436", "--yes", "--lang", "fr")
    assert refused.exit_code == 1
    assert "ne peut pas l’approuver" in refused.output
    approved = await benoit.types("approve", "436", "--yes")
    assert approved.exit_code == 0, approved.output
    assert (await benoit.types("wait", "436", "--timeout", "30")).exit_code == 0
    shown = await anna.types("show", "436", "--lang", "fr")
    assert "note la plus basse invitée            500" in shown.output
    assert "approuvée par  benoit" in shown.output
    verified = await anna.types("verify", "436")
    assert (verified.exit_code, verified.output) == (0, "round 436: the same\n")
    assert "held" in (await anna.types("list")).output


async def test_a_changed_pool_row_shows_in_the_exit_status_of_verify(
    draws: Bench, anna: Operator, benoit: Operator
) -> None:
    await anna.types("draft", "-", stdin=instruction("436", 1).json_bytes().decode())
    approved = await benoit.types("approve", "436", "--yes")
    assert approved.exit_code == 0, approved.output
    waited = await benoit.types("wait", "436")
    assert waited.exit_code == 0, waited.output
    await draws.pool.execute("UPDATE pool_history SET correspondence_language = NULL")
    same = await anna.types("verify", "436")
    assert same.exit_code == 0, same.output
    await draws.pool.execute("UPDATE pool SET submitted_at = submitted_at - interval '1 second'")
    verified = await anna.types("verify", "436")
    assert verified.exit_code == 1
    assert "grouping_hash" in verified.output


async def test_an_instruction_that_cannot_be_read_names_the_field(anna: Operator) -> None:
    wrong = instruction().json_bytes().decode().replace('"invitations":3', '"invitations":-1,"colour":"red"')
    answer = await anna.types("draft", "-", stdin=wrong)
    assert answer.exit_code == 1
    assert "invitations: " in answer.output
    assert "colour: " in answer.output


async def test_an_instruction_that_contradicts_itself_is_refused_with_its_reasons(anna: Operator) -> None:
    answer = await anna.types("draft", "-", stdin=instruction(kind="program").json_bytes().decode())
    assert answer.exit_code == 1
    assert "program: A round of the kind program needs this. Add it." in answer.output


async def test_an_approval_of_content_that_has_changed_is_refused(anna: Operator, benoit: Operator) -> None:
    await anna.types("draft", "-", stdin=instruction().json_bytes().decode())
    other = content_hash(instruction(invitations=4))
    answer = await benoit.types("approve", "436", "--content", other)
    assert (answer.exit_code, "no longer the one that you saw" in answer.output) == (1, True)


async def test_where_nobody_can_be_asked_nothing_is_approved_unless_the_content_is_named(
    anna: Operator, benoit: Operator
) -> None:
    ordered = instruction("436", 1)
    await anna.types("draft", "-", stdin=ordered.json_bytes().decode())
    silent = await benoit.types("approve", "436", stdin="y\n")
    option = f"--content {content_hash(ordered)}"
    assert silent.exit_code == 1
    assert f"nobody can be asked here, and nothing was done: agree with {option} or --yes" in silent.output
    assert "draft" in (await anna.types("list")).output
    named = await benoit.types("approve", "436", *option.split())
    assert named.exit_code == 0, named.output
    assert "draft" not in (await anna.types("list")).output


async def test_at_a_terminal_an_approval_is_asked_for(anna: Operator, benoit: Operator) -> None:
    await anna.types("draft", "-", stdin=instruction("436", 1).json_bytes().decode())
    code, said = await benoit.answers("n", "approve", "436")
    assert (code, "Approve exactly this?" in said) == (1, True)
    assert "draft" in (await anna.types("list")).output
    code, said = await benoit.answers("y", "approve", "436")
    assert code == 0, said
    assert "draft" not in (await anna.types("list")).output


async def test_a_round_that_is_not_there_is_said_to_be_unknown(anna: Operator) -> None:
    for command in ("show", "wait", "verify", "preview", "approve"):
        answer = await anna.types(command, "999")
        assert (answer.exit_code, "there is no round 999" in answer.output) == (1, True)
    assert "There is no round of this number." in (await anna.types("cancel", "999")).output


async def test_without_a_login_the_setting_is_named() -> None:
    answer = await asyncio.to_thread(CliRunner().invoke, app, ["list"], env={"EE_OPERATOR_POSTGRES_DSN": ""})
    assert (answer.exit_code, "set EE_OPERATOR_POSTGRES_DSN" in answer.output) == (1, True)


async def test_a_round_is_rehearsed_explained_and_published_in_the_form_of_the_feed(
    draws: Bench, anna: Operator, benoit: Operator
) -> None:
    await anna.types("draft", "-", stdin=instruction("436", 1).json_bytes().decode())
    rehearsed = await anna.types("preview", "436", "--lang", "fr")
    assert "juste après\n    2  490  2026-03-01T09:30:00.000000Z  A00002\n" in rehearsed.output
    assert json.loads((await anna.types("preview", "436", "--json")).output)["preview"]["cut_off"] == 500
    await benoit.types("approve", "436", "--yes")
    assert (await benoit.types("wait", "436")).exit_code == 0
    why = await anna.types("why", "A00002", "436", "--lang", "fr")
    assert why.output == "Dans le groupe avec 490 points, soit 10 de moins que la note la plus basse invitée (500).\n"
    (row,) = json.loads((await anna.types("feed")).output)["rounds"]
    assert (row["drawNumber"], row["drawName"], row["drawSize"], row["drawCRS"]) == ("436", "General", "1", "500")
    assert (row["drawDateTime"], row["drawCutOff"]) == (
        "August 18, 2026 at 14:00:00 UTC",
        "March 01, 2026 at 09:30:00 UTC",
    )
    assert (row["dd4"], row["dd5"], row["dd18"]) == ("1", "1", "2")
    (french,) = json.loads((await anna.types("feed", "--lang", "fr")).output)["rounds"]
    assert (french["drawName"], french["drawDateFull"]) == ("Générale", "18 août 2026")


async def test_the_curve_is_a_table_json_and_a_picture(draws: Bench, anna: Operator, tmp_path: Path) -> None:
    side_by_side = await anna.types("curve")
    lines = [line.split() for line in side_by_side.output.splitlines()]
    assert lines == [["round", "of", "CEC", "general"], ["1", "500", "500"], ["in", "the", "grouping", "2", "2"]]
    file = tmp_path / "curve.svg"
    steps = await anna.types("curve", "CEC", "--at", "2026-08-18T14:00:00Z", "--svg", str(file))
    assert steps.output.splitlines()[0] == "CEC"
    assert [line.split() for line in steps.output.splitlines()[2:]] == [["500", "1", "1"], ["490", "2", "2"]]
    assert ElementTree.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert json.loads((await anna.types("curve", "CEC", "--json")).output) == {
        "CEC": [{"cut_off": 500, "first": 1, "last": 1}, {"cut_off": 490, "first": 2, "last": 2}]
    }
    nobody = await anna.types("curve", "PNP")
    assert (nobody.exit_code, "nobody is in PNP: choose from CEC, general" in nobody.output) == (1, True)


async def test_the_pool_is_counted_by_band_and_a_profile_ranked(draws: Bench, anna: Operator) -> None:
    counts = json.loads((await anna.types("histogram", "--json", of=pool)).output)
    assert {band: count for band, count in counts.items() if count} == {"dd3": 2, "dd4": 1, "dd5": 1, "dd18": 2}
    assert "dd4    491-500  1  ██████████" in (await anna.types("histogram", of=pool)).output
    ranked = await anna.types("rank", "A00002", "--at", "2026-03-31T09:30:00Z", of=pool)
    lines = [line.split() for line in ranked.output.splitlines()]
    assert ["general", "2", "/", "2"] in lines
    assert ["CEC", "2", "/", "2"] in lines
    assert "(30 days in the pool)" in ranked.output
    told = json.loads((await anna.types("rank", "A00001", "--json", of=pool)).output)
    assert told["ranks"] == {"general": {"rank": 1, "eligible": 2}, "CEC": {"rank": 1, "eligible": 2}}
    assert (await anna.types("rank", "Z99999", of=pool)).exit_code == 1
