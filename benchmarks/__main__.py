"""`python -m benchmarks`: everything in one run, as ratios. Absolute figures are of this machine and this run."""

import logging
import platform
from collections.abc import Sequence
from statistics import median
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import catch_up, counts, invitations, pipeline, rules_speed
from benchmarks.bed import ALONE, ARMS, why_not
from benchmarks.pipeline import Figure


def main(
    profiles: Annotated[int, typer.Option(min=10_000, help="profiles through the pool")] = 20_000,
    rounds: Annotated[int, typer.Option(min=1, help="repetitions, one arm after the other")] = 3,
    queued: Annotated[int, typer.Option(min=0, help="submissions that wait for a catch-up; 0: none")] = 100_000,
    candidates: Annotated[int, typer.Option(min=0, help="in the pool for rounds of invitations; 0: none")] = 1_000_000,
) -> None:
    """Measure; exit status 1 if an arm of ours left other rows than the others, or a round scans the whole pool."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker restarts so that it counts
    console = Console(highlight=False, width=120)
    machine = f"{psutil.cpu_count()} cores, Python {platform.python_version()}"
    console.print(f"{machine}; {profiles:,} profiles, {rounds} rounds")
    console.rule("rules alone")
    rules_speed.main(2000)
    whole = [pipeline.through_the_pool(profiles, arm) for _ in range(rounds) for arm in ARMS]
    alone = pipeline.scoring_alone(profiles, rounds)
    _table(console, "submission through intake, scoring and draws to the pool", whole)
    _table(console, "scoring alone", alone)
    _costs(console, "through the pool", [pipeline.through_the_pool(profiles, arm, counting=True) for arm in ARMS])
    _costs(console, "scoring alone", pipeline.scoring_alone(profiles, 1, counting=True))
    console.print("sql and quix publish nothing: their rates are of the rows alone")
    for arm in ALONE:
        if reason := why_not(arm):
            console.print(f"{arm}: not run: {reason}")
    full = median(one.per_s for one in whole if one.arm == "ours")
    if queued:
        full = _catch_up(console, queued, full)
    p50, p95, p99 = pipeline.latency(full / 2, 20.0)
    console.print(f"submission to eligible at half load ({full / 2:,.0f}/s): p50 {p50} ms, p95 {p95} ms, p99 {p99} ms")
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
            f"{max(one.memory_mib for one in mine)} MiB",
        )
    console.print(table)
    console.print("all arms left the same rows" if _same(figures) else "[red]the arms left different rows[/]")


def _costs(console: Console, title: str, figures: Sequence[Figure]) -> None:
    table = Table(title=f"asked of the servers for 1,000 profiles, {title}", title_justify="left")
    for head in ("arm", *counts.KINDS):
        table.add_column(head)
    for one in figures:
        table.add_row(one.arm, *(f"{one.asked.get(kind, 0):,.0f}" for kind in counts.KINDS))
    console.print(table)


def _catch_up(console: Console, queued: int, of_three: float) -> float:
    """Profiles a second of all four services, which is the full load of the whole system."""
    found = catch_up.after_a_stop(queued)
    console.print(f"start after a stop: ready in {found.ready_s:.1f} s, first row in {found.first_s:.1f} s")
    halves = "{:,.0f} in the first half, {:,.0f} in the second".format(*found.halves_per_s)
    console.print(f"catch-up of {queued:,}, all four services: {found.per_s:,.0f}/s ({halves})")
    console.print(f"  that is {found.per_s / of_three:.2f} of the rate without decisions")
    memory = ", ".join(f"{service} {early} -> {late}" for service, (early, late) in found.memory_mib.items())
    console.print(f"memory at a tenth and at the end of it, MiB: {memory}")
    console.print(f"from the instant of a round to its last invitation published: {found.invited_s:.1f} s")
    return found.per_s


if __name__ == "__main__":
    typer.run(main)
