"""What an operator sees and orders, under a login of their own."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from typer import Typer
from typer.testing import CliRunner

from services.decisions import cli
from tests.conftest import Connect
from tests.integration.decisions_bench import NOW, Bench, issued, profile, received
from tests.unit.decisions.given import DEADLINE, ID, INVITED_AT, RECEIVED_AT, application, invitation, officer


@pytest.fixture
async def bench(connect: Connect, database: str) -> Bench:
    return Bench(await connect("decisions"), database)


@pytest.fixture
async def operator(database: str, monkeypatch: pytest.MonkeyPatch) -> "asyncpg.Connection[asyncpg.Record]":
    monkeypatch.setenv("EE_OPERATOR_POSTGRES_DSN", f"{database}?role=decisions_operator")
    return await asyncpg.connect(database)


@pytest.fixture
def ee() -> Typer:
    app = Typer()
    app.command("case")(cli.case)
    app.add_typer(cli.app, name="invitation")
    return app


async def _say(ee: Typer, *arguments: str) -> tuple[int, str]:
    found = await asyncio.to_thread(CliRunner().invoke, ee, list(arguments))
    return found.exit_code, found.output


async def test_a_case_shows_what_was_received_said_and_withdrawn_in_both_languages(
    bench: Bench, operator: "asyncpg.Connection[asyncpg.Record]", ee: Typer
) -> None:
    await bench.take(profile(), issued(invitation()))
    await bench.tick(DEADLINE)
    await bench.take(received(application(), "a"), received(officer("resume", RECEIVED_AT), "o"))
    code, english = await _say(ee, "case", ID)
    assert code == 0
    assert "Invitation I1 (round 436): used to apply" in english
    assert "Service standard: a decision by 2027-03-30" in english
    assert "2026-10-20 00:00:00 UTC (2026-10-19 20:00:00, Ottawa time)" in english
    assert "lapsed" in english
    assert "[no longer holds]" in english
    code, french = await _say(ee, "case", ID, "--lang", "fr")
    assert "demande : en cours de traitement" in french
    await operator.close()


async def test_a_case_shows_what_waits(bench: Bench, operator: "asyncpg.Connection[asyncpg.Record]", ee: Typer) -> None:
    await bench.take(received(application(), "a"))
    assert "Messages that wait for what they answer: 1" in (await _say(ee, "case", ID))[1]
    code, answer = await _say(ee, "case", "E999999999")
    assert (code, answer.strip()) == (1, "decisions knows no profile E999999999: check the number")
    await operator.close()


async def test_a_command_is_stored_carried_out_and_listed(
    bench: Bench, operator: "asyncpg.Connection[asyncpg.Record]", ee: Typer
) -> None:
    await bench.take(profile(), issued(invitation()))
    code, answer = await _say(
        ee, "invitation", "extend", "I1", "--until", "2026-10-29", "--reason", "outage", "--timeout", "0"
    )
    assert (code, "is it running?" in answer) == (1, True)
    await bench.obey(INVITED_AT + timedelta(20))
    assert (await bench.outcomes()) == ["extended"]
    listed = (await _say(ee, "invitation", "commands"))[1]
    assert "1 invitations changed" in listed
    assert "outage" in listed
    await operator.close()


async def test_a_command_names_invitations_or_a_round(
    operator: "asyncpg.Connection[asyncpg.Record]", ee: Typer
) -> None:
    code, _ = await _say(ee, "invitation", "cancel", "--reason", "wrong")
    assert code == 2
    await operator.close()


async def test_an_extension_into_the_past_is_refused(
    bench: Bench, operator: "asyncpg.Connection[asyncpg.Record]", ee: Typer
) -> None:
    await _say(ee, "invitation", "extend", "I1", "--until", "2026-10-01", "--reason", "x", "--timeout", "0")
    await bench.obey(NOW)
    assert "refused: until: give a day that is not over" in (await _say(ee, "invitation", "commands"))[1]
    await operator.close()


async def test_a_cancellation_is_shown_before_it_is_confirmed_and_nobody_to_ask_confirms_nothing(
    bench: Bench, operator: "asyncpg.Connection[asyncpg.Record]", ee: Typer
) -> None:
    await bench.take(profile(), issued(invitation()))
    unknown = await _say(ee, "invitation", "confirm", "7", "--yes")
    assert unknown == (1, "no cancellation 7 waits to be confirmed: see `ee invitation commands`\n")
    number = await bench.command(kind="cancel", round_id="436", reason="wrong round", given_by="ada")
    code, silent = await _say(ee, "invitation", "confirm", str(number))
    assert code == 1
    assert silent.splitlines() == [
        f"{number}  ordered by ada: wrong round",
        "cancels 1 open invitations of round 436",
        f"  I1  {ID}  until 2026-10-20 00:00:00",
        "nobody can be asked here, and nothing was done: agree with --yes",
    ]
    assert len((await _say(ee, "invitation", "commands"))[1].splitlines()) == 1
    await _say(ee, "invitation", "confirm", str(number), "--yes", "--timeout", "0")
    await bench.obey(INVITED_AT + timedelta(20))
    assert await bench.outcomes() == ["cancelled"]
    await operator.close()
