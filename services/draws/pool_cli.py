"""`ee pool`: the pool as rounds see it."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from services.draws.curve import by_score
from services.draws.display import aligned, fields, indented
from services.draws.ranks import Standing, standing
from services.draws.terminal import ENGLISH, AsJson, Lang, as_draws_operator, say
from shared.contracts.base import iso
from shared.db.operator_cli import OrderFailedError
from shared.rules.bands import BANDS, SUMS, distribution
from shared.rules.catalogue import text
from shared.rules.groupings import GENERAL
from shared.worker.clock_cli import business_now, instant
from shared.worker.step import Connection

app = typer.Typer(no_args_is_help=True, help="The pool of candidates as rounds see it.")

_WIDTH = 50


@app.command()
def histogram(
    *,
    grouping: Annotated[str, typer.Option(help="general, CEC, FSW, FST, PNP, category:KEY.")] = GENERAL,
    lang: Lang = ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Count those who can be invited by the score bands in which the pool is published."""
    found = as_draws_operator(lambda connection: by_score(connection, None))
    counts = distribution(found.get(grouping, {}))
    if as_json:
        typer.echo(json.dumps(counts))
    else:
        say(_bars(counts, lang))


@app.command()
def rank(
    profile_id: Annotated[str, typer.Argument(metavar="PROFILE_ID", help="The profile number.")],
    *,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="Counts days to this instant, not to now.")] = None,
    lang: Lang = ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Show the exact rank of a profile in every grouping that it is in, and how long it has been in the pool."""

    async def look(connection: Connection) -> Standing:
        found = await standing(connection, profile_id, instant(at) if at else await business_now())
        if found is None:
            raise OrderFailedError(f"no score of {profile_id} has come to draws: check the number")
        return found

    found = as_draws_operator(look)
    if as_json:
        typer.echo(found.json_bytes().decode())
    else:
        say(_standing(found, lang))


def _bars(counts: Mapping[str, int], lang: str) -> Iterator[str]:
    """A bar for each band; those that are sums of others have none."""
    most = max(count for band, count in counts.items() if band not in SUMS) or 1
    rows = []
    for band, (low, high) in BANDS.items():
        name = text("round.field.total", lang) if band == "dd18" else f"{low}-{high}"
        bar = "" if band in SUMS else "█" * round(_WIDTH * counts[band] / most)
        rows.append([band, name, f"{counts[band]:,}", bar])
    return aligned(rows)


def _standing(found: Standing, lang: str) -> Iterator[str]:
    status = "round.word.in_pool" if found.status == "in_pool" else f"round.status.{found.status}"
    yield from fields(
        lang,
        profile=found.profile_id,
        state=text("round.why.had_invitation", lang) if found.has_invitation else text(status, lang),
        total=found.total,
        submitted_at=f"{iso(found.submitted_at)}  ({text('round.word.days', lang, days=found.days_in_pool)})",
    )
    if found.ranks:
        yield text("round.field.rank", lang)
        rows = [[key, f"{one.rank:,}", f"/ {one.eligible:,}"] for key, one in found.ranks.items()]
        yield from indented(aligned(rows))
