"""`ee scoring`: one result explained or recomputed, the re-evaluation under new rule sets; `ee rules rehearse`."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import yaml

from services.scoring import store
from services.scoring.recompute import Kept, RuleSetsUnknownError, differences, evaluation_again
from services.scoring.rehearsal import Rehearsal
from services.scoring.rehearsal_report import report as rehearsal_report
from services.scoring.rescore import outdated
from shared.db.operator_cli import as_operator
from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.rules import report
from shared.rules.catalogue import Language
from shared.rules.check import check_file
from shared.rules.periods import utc_day
from shared.rules.score import as_dict
from shared.worker.clock_cli import business_now
from shared.worker.step import Connection

_T = TypeVar("_T")
_PAGE = 1000

app = typer.Typer(no_args_is_help=True, help="Scores and eligibility as scoring keeps them.")
rescore_app = typer.Typer(no_args_is_help=True, help="The re-evaluation of the pool under new rule sets.")
app.add_typer(rescore_app, name="rescore")

Number = Annotated[str, typer.Argument(metavar="PROFILE_ID", help="The profile number.")]
Sequence = Annotated[int | None, typer.Option(min=1, help="The sequence of the result; without it the current one.")]


@app.command()
def show(
    profile_id: Number,
    sequence: Sequence = None,
    lang: Language = Language.EN,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show a result as the candidate may see it: every point and every verdict explained, with what was declared."""
    kept = _kept(profile_id, sequence)
    try:
        found = as_dict(profile_id, evaluation_again(kept), kept.change, lang, explain=True)
    except RuleSetsUnknownError as error:
        raise _unknown(error) from None
    subject = kept.subject
    stands = {"status": subject.status, "sequence": kept.sequence, "profile_sequence": subject.profile_sequence}
    if as_json:
        typer.echo(json.dumps({**stands, **found}, ensure_ascii=False, indent=2, default=str))
    else:
        typer.echo("{status}, sequence {sequence} of profile sequence {profile_sequence}".format(**stands))
        typer.echo(report.text(found, lang))


@app.command()
def recompute(profile_id: Number, sequence: Sequence = None) -> None:
    """Recompute a stored result from its stored facts and compare it, byte for byte. Exit status 1 if it differs."""
    kept = _kept(profile_id, sequence)
    try:
        found = differences(kept)
    except RuleSetsUnknownError as error:
        raise _unknown(error) from None
    if found:
        raise _refused(f"{profile_id} sequence {kept.sequence} of {kept.on} differs in {', '.join(found)}")
    typer.echo(f"{profile_id} sequence {kept.sequence} of {kept.on}: the same bytes")


@rescore_app.command()
def status() -> None:
    """Watch it: under which rule sets the pool stands, and how many rows are still to be evaluated again."""
    for line in _with_connection(_progress):
        typer.echo(line)


@rescore_app.command()
def stop(reason: Annotated[str, typer.Option(help="Why; shown by `status`.")]) -> None:
    """Stop it in every process; messages and birthdays go on. Rounds refuse scores under old rule sets."""
    as_operator("scoring", lambda connection: store.stop_rescore(connection, reason))
    typer.echo("stopped; go on with `ee scoring rescore resume`")


@rescore_app.command()
def resume() -> None:
    """Let it go on where it was stopped."""
    as_operator("scoring", store.resume_rescore)
    typer.echo("resumed")


def rehearse(
    file: Annotated[Path, typer.Argument(help="The draft of a rule set (YAML).", exists=True, dir_okay=False)],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day of evaluation (UTC).")],
    round_: Annotated[
        list[str] | None, typer.Option("--round", metavar="GROUPING=SIZE", help="general, a program or a category.")
    ] = None,
) -> None:
    """Rescore the pool under a draft beside the loaded rule sets, changing nothing: who moves, and which cut-offs."""
    text = file.read_text("utf-8")
    if errors := check_file(text):
        raise _refused("\n".join(f"{file}:{line}: {message}" for line, message in errors))
    rehearsal = Rehearsal(yaml.safe_load(text), _day(on))
    if not rehearsal.in_force:
        raise _refused(f"{file}: the draft does not hold on {on}: choose a day on which it does")
    rounds = [_round(one) for one in round_ or ()]
    _with_connection(lambda connection: _rehearse(connection, rehearsal))
    for line in rehearsal_report(rehearsal, rounds):
        typer.echo(line)


async def _rehearse(connection: Connection, rehearsal: Rehearsal) -> None:
    last = ""
    while page := await store.pool_after(connection, last, _PAGE):
        for subject in page:
            rehearsal.take(subject)
        last = page[-1].profile_id
        typer.echo(f"\r{rehearsal.profiles} profiles", err=True, nl=False)
    typer.echo(err=True)


async def _progress(connection: Connection) -> list[str]:
    stopped = await store.rescore_stopped(connection)
    standings = await store.standings(connection, also_stopped=True)
    now = await business_now()
    left = await store.count_outdated(connection, outdated(standings, utc_day(now)), now)
    lines = [f"stopped since {stopped[0].isoformat()}: {stopped[1]}" if stopped else "running"]
    lines.append(f"{left} profiles of the pool are to be evaluated again under the rule sets in force")
    for one in standings:
        lines.append(f"rules {one.rules}, submitted {one.first} to {one.last}: {' '.join(one.rule_sets)}")
        if not one.known:
            lines.append(f"rules {one.rules} names sets that this release does not have: it leaves them alone")
    return lines


def _kept(profile_id: str, sequence: int | None) -> Kept:
    try:
        kept = _with_connection(lambda connection: store.kept_result(connection, profile_id, sequence))
    except store.ErasedError as error:
        raise _refused(f"{profile_id} was erased at {error}: totals and hashes are kept, facts are not") from None
    if kept is None:
        raise _refused(f"scoring has no such result of {profile_id}: check the number and the sequence")
    return kept


def _with_connection(act: Callable[[Connection], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        pool = await open_pool(DatabaseSettings(), "scoring", application_name="ee-scoring")
        try:
            async with pool.acquire() as connection:
                return await act(connection)
        finally:
            await pool.close()

    return asyncio.run(run())


def _round(text: str) -> tuple[str, int]:
    grouping, _, size = text.partition("=")
    if not size.isdecimal() or int(size) < 1:
        raise typer.BadParameter("write a round as general=1000, CEC=1000 or french=5000")
    return grouping, int(size)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a day as 2026-12-01") from None


def _unknown(error: RuleSetsUnknownError) -> typer.Exit:
    return _refused(f"this release does not have {error}: use the one that has")


def _refused(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(1)
