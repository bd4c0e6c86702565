"""`ee round ...`: what an operator orders and asks. No command holds a round: draws does, when its instant has come."""

import asyncio
import json
from typing import Annotated

import typer
from pydantic import ValidationError

from services.draws import display, operators, rehearsal_cli, rehearsal_display, round_store
from services.draws.certificate import differences
from services.draws.feed import of_round, write
from services.draws.reasons import from_json
from services.draws.rehearsal import Rehearsal, rehearse
from services.draws.round_store import RoundRow
from services.draws.settings import DrawsSettings
from services.draws.store import QUERIES
from services.draws.terminal import ENGLISH, Lang, RoundId, as_draws_operator, say, the_round
from services.draws.why import why
from shared.contracts.base import Reason
from shared.contracts.rounds import Instruction
from shared.db.operator_cli import OrderFailedError, Yes, agree, stop
from shared.rules.catalogue import Language, text
from shared.worker.step import Connection

app = typer.Typer(no_args_is_help=True, help="Rounds of invitations: rehearse, draft, approve, look at, verify.")
app.command()(rehearsal_cli.preview)
app.command()(rehearsal_cli.curve)

Patience = Annotated[float, typer.Option(min=0, help="How long to wait, in seconds.")]


@app.command()
def draft(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE", help="The instruction as JSON; - for standard input.")
    ],
    *,
    lang: Lang = ENGLISH,
    timeout: Patience = 30.0,
) -> None:
    """Draft a round from an instruction, or put a new draft in the place of the old one."""
    raw = file.read()
    try:
        instruction = Instruction.model_validate_json(raw)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc'])) or 'instruction'}: {e['msg']}" for e in error.errors())
        stop("\n".join(problems))

    async def order(connection: Connection) -> list[str]:
        command_id = await operators.draft(connection, instruction.round_id, raw.decode())
        await _obeyed(connection, command_id, lang, timeout)
        return await _report(connection, instruction.round_id, lang)

    say(as_draws_operator(order))


@app.command()
def approve(
    round_id: RoundId,
    *,
    content: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="SHA-256 of the content that you saw (`ee round show`); does not ask."),
    ] = None,
    yes: Yes = False,
    lang: Lang = ENGLISH,
    timeout: Patience = 30.0,
) -> None:
    """Approve exactly the content of a draft, and what it would come to now. Who drafted it can't.

    Asks first. Where nobody can be asked, it needs --content, or --yes for the draft as it stands.
    """

    async def look(connection: Connection) -> tuple[RoundRow, Rehearsal]:
        row = await the_round(connection, round_id)
        return row, await rehearse(connection, row.instruction)

    async def order(connection: Connection) -> list[str]:
        command_id = await operators.approve(connection, round_id, content or row.content_hash, seen.preview)
        await _obeyed(connection, command_id, lang, timeout)
        return await _report(connection, round_id, lang)

    row, seen = as_draws_operator(look)
    say([*display.instruction(row, lang), *rehearsal_display.full(seen, lang)])
    agree(text("round.ask.approve", lang), given=yes or content is not None, instead=f"--content {row.content_hash}")
    say(as_draws_operator(order))


@app.command()
def cancel(round_id: RoundId, *, lang: Lang = ENGLISH, timeout: Patience = 30.0) -> None:
    """Cancel a round that was not yet held."""

    async def order(connection: Connection) -> list[str]:
        await _obeyed(connection, await operators.cancel(connection, round_id), lang, timeout)
        return await _report(connection, round_id, lang)

    say(as_draws_operator(order))


@app.command("list")
def list_rounds() -> None:
    """List all rounds, the newest first: number, state, instant, invitations, cut-off, grouping."""
    for row in as_draws_operator(round_store.every):
        typer.echo(display.one_line(row))


@app.command()
def show(
    round_id: RoundId,
    *,
    lang: Lang = ENGLISH,
    as_json: Annotated[bool, typer.Option("--json", help="The instruction and the certificate as JSON.")] = False,
) -> None:
    """Show a round: its instruction, who did what and when, what it waits for, its certificate."""

    async def look(connection: Connection) -> list[str]:
        row = await the_round(connection, round_id)
        if as_json:
            return [_json(row)]
        return list(display.full(row, await connection.fetch(QUERIES.round_steps, round_id), lang))

    say(as_draws_operator(look))


@app.command()
def wait(round_id: RoundId, *, lang: Lang = ENGLISH, timeout: Patience = 3600.0) -> None:
    """Wait until a round is held and certified, refused or cancelled; exit status 0 only if it was held."""

    async def follow(connection: Connection) -> tuple[bool, list[str]]:
        row = await _until_over(connection, round_id, lang, timeout)
        return row.state == "held", await _report(connection, round_id, lang)

    was_held, lines = as_draws_operator(follow)
    say(lines)
    raise typer.Exit(0 if was_held else 1)


@app.command("why")
def why_invited(
    profile_id: Annotated[str, typer.Argument(metavar="PROFILE_ID", help="The profile number.")],
    round_id: RoundId,
    *,
    lang: Lang = ENGLISH,
    as_json: Annotated[bool, typer.Option("--json", help="The reason with its code, section and quantities.")] = False,
) -> None:
    """Say why a profile was invited in a round, or the first reason why not, from the rows the round stood on."""

    async def look(connection: Connection) -> Reason:
        return await why(connection, await the_round(connection, round_id), profile_id)

    found = as_draws_operator(look)
    said = found.text.fr if lang == Language.FR else found.text.en
    typer.echo(found.json_bytes().decode() if as_json else said)
    if not as_json and (sequence := found.params.get("sequence")):
        typer.echo(f"    ee scoring show {profile_id} --sequence {sequence}")


@app.command()
def feed(*, lang: Lang = ENGLISH) -> None:
    """Print all held rounds as JSON in the shape of the feed that is published for Express Entry."""
    held = (row for row in as_draws_operator(round_store.every) if row.certificate)
    typer.echo(json.dumps(write((of_round(row, lang) for row in held), lang), ensure_ascii=False, indent=1))


@app.command()
def verify(round_id: RoundId) -> None:
    """Recompute a held round from the rows that it stood on and compare; exit status 1 if anything differs."""

    async def compare(connection: Connection) -> list[str]:
        row = await the_round(connection, round_id)
        if row.certificate is None:
            raise OrderFailedError(f"round {round_id} is {row.state}: only a held and certified round can be verified")
        return await differences(connection, row, DrawsSettings().batch_timeout_s)

    found = as_draws_operator(compare)
    typer.echo(f"round {round_id}: {'differs in ' + ', '.join(found) if found else 'the same'}")
    raise typer.Exit(1 if found else 0)


async def _obeyed(connection: Connection, command_id: int, lang: Language, timeout_s: float) -> None:
    reasons = await operators.outcome(connection, command_id, timeout_s)
    if reasons is None:
        raise OrderFailedError(f"command {command_id} is stored; draws has not yet carried it out: is it running?")
    if reasons:
        raise OrderFailedError("\n".join(display.in_words(reasons, lang)))


async def _until_over(connection: Connection, round_id: str, lang: Language, timeout_s: float) -> RoundRow:
    told: list[str] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    while True:
        row = await the_round(connection, round_id)
        if row.state in {"refused", "cancelled"} or row.certificate:
            return row
        if loop.time() > until:
            raise OrderFailedError(f"round {round_id} is still {row.state}")
        waits_for = list(display.in_words(row.waits_for, lang))
        if waits_for != told:
            typer.echo("\n".join(waits_for), err=True)
            told = waits_for
        await asyncio.sleep(0.1)


def _json(row: RoundRow) -> str:
    certificate = row.certificate.json_bytes().decode() if row.certificate else "null"
    return f'{{"instruction":{row.instruction.json_bytes().decode()},"certificate":{certificate}}}'


async def _report(connection: Connection, round_id: str, lang: Language) -> list[str]:
    """The round in a line, and the reasons of what happened to it last. A refused one is a failure."""
    row = await the_round(connection, round_id)
    steps = await connection.fetch(QUERIES.round_steps, round_id)
    reasons = from_json(steps[-1]["reasons"]) if steps else []
    lines = [display.one_line(row), *display.indented(display.in_words(reasons, lang))]
    if row.state == "refused":
        raise OrderFailedError("\n".join(lines))
    return lines
