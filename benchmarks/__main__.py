"""`python -m benchmarks`: everything in one run, as ratios. Absolute figures are of this machine and this run."""

import platform
from statistics import median
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import invitations, pipeline, rules_speed
from benchmarks.bed import ALONE, ARMS, why_not
from benchmarks.pipeline import Figure


def main(
    profiles: Annotated[int, typer.Option(min=2_500, help="profiles through the pool")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="repetitions, one arm after the other")] = 3,
    candidates: Annotated[int, typer.Option(min=0, help="in the pool for rounds of invitations; 0: none")] = 1_000_000,
) -> None:
    """Measure; exit status 1 if an arm of ours left other rows than the others, or a round scans the whole pool."""
    console = Console(highlight=False, width=120)
    machine = f"{psutil.cpu_count()} cores, Python {platform.python_version()}"
    console.print(f"{machine}; {profiles:,} profiles, {rounds} rounds")
    console.rule("rules alone")
    rules_speed.main(2000)
    whole = [pipeline.through_the_pool(profiles, arm) for _ in range(rounds) for arm in ARMS]
    alone = pipeline.scoring_alone(profiles, rounds)
    _table(console, "submission through intake, scoring and draws to the pool", whole)
    _table(console, "scoring alone", alone)
    console.print("sql and quix publish nothing: their rates are of the rows alone")
    for arm in ALONE:
        if reason := why_not(arm):
            console.print(f"{arm}: not run: {reason}")
    half = median(one.per_s for one in whole if one.arm == "ours") / 2
    p50, p95, p99 = pipeline.latency(half, 20.0)
    console.print(f"submission to eligible at half load ({half:,.0f}/s): p50 {p50} ms, p95 {p95} ms, p99 {p99} ms")
    scanned = bool(candidates) and invitations.measure_rounds(candidates)
    raise typer.Exit(0 if _same(whole) and _same(alone) and not scanned else 1)


def _same(figures: list[Figure]) -> bool:
    return len({one.checksum for one in figures if one.checksum}) == 1


def _table(console: Console, title: str, figures: list[Figure]) -> None:
    rates = {name: median(f.per_s for f in figures if f.arm == name) for name in dict.fromkeys(f.arm for f in figures)}
    table = Table(title=title, title_justify="left")
    for head in (
        "arm",
        "profiles/s",
        "min-max",
        "x naive",
        "x bare",
        "CPU ms a profile",
        "SQL for 1,000",
        "memory of the largest",
    ):
        table.add_column(head)
    for name, rate in rates.items():
        mine = [one for one in figures if one.arm == name]
        cpu = {part: median(one.cpu_ms[part] for one in mine) for part in mine[0].cpu_ms}
        table.add_row(
            name,
            f"{rate:,.0f}",
            f"{min(one.per_s for one in mine):,.0f}-{max(one.per_s for one in mine):,.0f}",
            f"{rate / rates['naive']:.2f}",
            f"{rate / rates['bare']:.2f}",
            ", ".join(f"{part} {ms:.2f}" for part, ms in cpu.items()),
            f"{median(one.statements for one in mine):,.0f}",
            f"{max(one.memory_mib for one in mine)} MiB",
        )
    console.print(table)
    console.print("all arms left the same rows" if _same(figures) else "[red]the arms left different rows[/]")


if __name__ == "__main__":
    typer.run(main)
