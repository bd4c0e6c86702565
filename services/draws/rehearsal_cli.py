"""`ee round preview` and `ee round curve`: what a round would come to. Nothing is issued."""

import json
from pathlib import Path
from typing import Annotated

import typer

from services.draws import rehearsal_display
from services.draws.curve import Curve, curves
from services.draws.picture import picture
from services.draws.rehearsal import Rehearsal, rehearse
from services.draws.terminal import ENGLISH, AsJson, Lang, RoundId, as_draws_operator, say, the_round
from shared.db.operator_cli import stop
from shared.worker.clock_cli import instant
from shared.worker.step import Connection

At = Annotated[
    str | None, typer.Option(metavar="INSTANT", help="Who can be invited at this instant; default: as the pool stands.")
]


def preview(round_id: RoundId, *, lang: Lang = ENGLISH, as_json: AsJson = False) -> None:
    """Rehearse a round on the pool as it is now: cut-off, near misses, who they are, change against the last one."""

    async def look(connection: Connection) -> Rehearsal:
        return await rehearse(connection, (await the_round(connection, round_id)).instruction)

    found = as_draws_operator(look)
    if as_json:
        typer.echo(found.json_bytes().decode())
    else:
        say(rehearsal_display.full(found, lang))


def curve(
    groupings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[GROUPING]...", help="general, CEC, FSW, FST, PNP, category:KEY; default: all."),
    ] = None,
    *,
    at: At = None,
    lang: Lang = ENGLISH,
    as_json: AsJson = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it, as SVG, into this file.")] = None,
) -> None:
    """Show the exact cut-off of a round of every size: all groupings side by side, or each step of those named."""
    on = instant(at) if at else None
    found = as_draws_operator(lambda connection: curves(connection, on))
    if unknown := sorted(set(groupings or ()) - found.keys()):
        stop(f"nobody is in {', '.join(unknown)}: choose from {', '.join(sorted(found)) or 'an empty pool'}")
    chosen = {key: found[key] for key in groupings or sorted(found)}
    if svg:
        svg.write_text(picture(chosen, lang), "utf-8")
    if as_json:
        typer.echo(json.dumps({key: _plain(one) for key, one in chosen.items()}))
    else:
        say(rehearsal_display.steps(chosen, lang) if groupings else rehearsal_display.sizes(chosen, lang))


def _plain(one: Curve) -> list[dict[str, int]]:
    return [{"cut_off": each.cut_off, "first": each.first, "last": each.last} for each in one.stretches]
