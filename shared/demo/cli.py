"""`ee demo`: the main job, from an empty machine to a report."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.demo import report
from shared.demo.population import population
from shared.demo.run import Demo, MakeOperator, Result, start
from shared.demo.story import choose, story
from shared.rules.catalogue import Language
from shared.stack.jars import JarsUnavailableError
from shared.stack.processes import NotReadyError
from shared.stack.stack import Stack
from shared.worker.quiet import NotQuietError
from shared.worker.reconcile import lines
from shared.worker.service import Service


def add(app: typer.Typer, services: Sequence[Service], make_operator: MakeOperator) -> None:
    """`ee demo`, on these services."""

    @app.command("demo")
    def command(
        scale: Annotated[float, typer.Option(min=0.001, max=1, help="1 = all 226,859 of the published pool")] = 0.1,
        lang: Annotated[Language, typer.Option(help="language of the candidate's story")] = Language.EN,
        scoring: Annotated[int, typer.Option(min=1, max=12, help="scoring workers")] = 2,
        kill: Annotated[bool, typer.Option("--kill", help="kill a scoring worker while the pool fills")] = False,
        output: Annotated[Path, typer.Option("--report", help="where the report is written")] = Path(
            "demo-report.html"
        ),
    ) -> None:
        """Replay a real week: fill the pool, hold its rounds, let sixty days pass, decide, reconcile."""
        if kill and scoring < 2:
            raise typer.BadParameter("the last worker can't be killed: give --scoring 2 or more", param_hint="--kill")
        console = _console()
        try:
            with ThreadPoolExecutor(1) as beside:  # the servers come up meanwhile
                candidates = beside.submit(lambda: list(population(scale)))
                with _up(console, scoring) as stack:
                    demo = Demo(stack, services, console, candidates.result(), scale, kill=kill)
                    result = asyncio.run(demo.run(make_operator))
        except (NotReadyError, NotQuietError, JarsUnavailableError) as error:
            console.print(f"[red]the demo stopped:[/] {error}")
            raise typer.Exit(1) from None
        _tell(console, result, lang.value)
        output.write_text(report.page(result, lang.value), "utf-8")
        console.print(f"report: {output.resolve()}")
        raise typer.Exit(0 if result.reconciliation.clean else 1)


def _console() -> Console:
    """Off a terminal a width has to be given, or tables are cut."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=120)


@contextmanager
def _up(console: Console, scoring: int) -> Iterator[Stack]:
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="ee-demo-") as folder,
        start(Path(folder), lambda words: console.print(f"[dim]{words}[/]")) as stack,
    ):
        stack.services({"scoring": scoring})
        yield stack
    console.print(f"[dim]the whole run took {time.monotonic() - began:.0f} s[/]")


def _tell(console: Console, result: Result, lang: str) -> None:
    console.print(_rounds(result))
    for note in (report.FITTED, report.nominees()):
        console.print(f"[dim]{note}[/]")
    funnel = Table("stage", "count", title="funnel", title_justify="left")
    for name, count in report.funnel(result):
        funnel.add_row(name, f"{count:,}")
    console.print(funnel)
    console.print(f"memory of all processes together: at most {result.peak_mib:,} MiB")
    passed = (f"{state} {len(keys):,}" for state, keys in sorted(result.log.passed.items()))
    console.print("candidates who were ever in a state: " + (", ".join(passed) or "none"))
    refused = ", ".join(f"{n} {code}" for code, n in sorted(result.log.rejected.items()))
    console.print("answered on rejected, by the first reason: " + (refused or "none"))
    if chosen := choose(result.log):
        console.rule("one candidate's way")
        for line in story(result.log, chosen, lang):
            console.print(line, markup=False)
    console.rule("reconciliation")
    for line in lines(result.reconciliation):
        console.print(line, markup=False)


def _rounds(result: Result) -> Table:
    table = Table(title=f"simulated at scale {result.scale:g}, beside the real rounds", title_justify="left")
    for head in ("round", "eligible", "invited", "real", "cut-off", "real", "tie-break (UTC)", "real"):
        table.add_column(head)
    for one in result.rounds:
        table.add_row(
            f"#{one['round_id']} {one['key']}",
            f"{one['eligible']:,}",
            f"{one['invited']:,}",
            f"{one['real_invited']:,}",
            f"{one['cut_off']} (fitted)",
            str(one["real_cut_off"]),
            f"{one['tie_break']:%Y-%m-%d %H:%M:%S}" if one["tie_break"] else "-",
            f"{one['real_tie_break']:%Y-%m-%d %H:%M:%S}",
        )
    return table
