"""How many evaluations a second on one core, beside a plain table look-up of the CRS totals.

`python benchmarks/rules_speed.py [PROFILES]`. CPU seconds of this process, the best of five passes. The look-up takes
quantities that were derived already and adds points: what a calculator does, without dates, reasons or programs.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from shared.rules import Evaluation, Facts, evaluate, evaluate_programs, next_change

ON = date(2026, 6, 1)
AGE = [0] * 18 + [99, 105] + [110] * 10 + [105, 99, 94, 88, 83, 77, 72, 66, 61, 55, 50, 39, 28, 17, 6] + [0] * 120
EDUCATION = {"three_year_or_bachelor": 120, "masters_or_professional": 135, "two_year": 98}
FIRST = [0, 0, 0, 0, 6, 6, 9, 17, 23, 31, 34]
WORK = [0, 40, 53, 64, 72, 80]


def candidate(rng: random.Random) -> Facts:
    """A candidate like most of the pool: one or two tests, one or two credentials, two jobs, now and then a partner."""

    def ago(low: int, high: int) -> date:
        return ON - timedelta(days=rng.randint(low, high))

    def test(name: str, low: int, high: int) -> dict[str, Any]:
        scores = {one: rng.randint(low, high) for one in ("listening", "reading", "writing", "speaking")}
        return {"test": name, "taken_on": ago(30, 700), **scores}

    def credential(country: str, level: str) -> dict[str, Any]:
        return {"level": level, "country": country, "completed_on": ago(1000, 4000), "eca_issued_on": ago(10, 1500)}

    def job(country: str, low: int, high: int, goes_on: bool) -> dict[str, Any]:
        begin = ago(low, high)
        end = None if goes_on else begin + timedelta(days=rng.randint(200, 900))
        noc = rng.choice(("21231", "31301", "72200", "63200", "41220", "12200"))
        return {"noc": noc, "country": country, "from": begin, "to": end, "hours_per_week": rng.choice((30, 37.5, 40))}

    partner = {
        "accompanying": True,
        "education": [credential("IND", "two_year")],
        "language_tests": [test("celpip_general", 4, 9)],
    }
    work = [job("IND", 2000, 3500, False), job("CAN", 200, 1800, True)]
    return Facts.of(
        date_of_birth=ago(22 * 365, 44 * 365),
        citizenship="IND",
        residence="CAN",
        intended_province="ON",
        family_size=rng.randint(1, 4),
        settlement_funds_cad=rng.randint(10000, 40000),
        partner=partner if rng.random() < 0.3 else None,
        education=[credential("IND", rng.choice(tuple(EDUCATION))), credential("CAN", "two_year")][: rng.randint(1, 2)],
        first_official_language="english",
        language_tests=[test("celpip_general", 6, 10)],
        work=work,
        primary_noc=work[0]["noc"],
    )


def seconds(run: Callable[[Facts], object], profiles: Sequence[Facts]) -> float:
    """CPU seconds for each profile, the best of five passes."""
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        for one in profiles:
            run(one)
        best = min(best, time.process_time() - begin)
    return best / len(profiles)


def look_up(one: Evaluation) -> tuple[int, str, tuple[int, ...], int]:
    """The derived quantities that a plain table needs, taken from an evaluation."""
    shown: dict[str, list[Any]] = {}
    for line in one.lines:
        shown.setdefault(line.code, []).extend(line.quantities.get(x) for x in ("age", "level", "years"))
    levels = tuple(x for x in shown.get("crs.first_language", ()) if isinstance(x, int))
    age = next(x for x in shown["crs.age"] if x is not None)
    years = next(x for x in shown["crs.canadian_work"] if x is not None)
    level = next((x for x in shown.get("crs.education", ()) if x in EDUCATION), "two_year")
    return age, level, levels, years


def table(quantities: tuple[int, str, tuple[int, ...], int]) -> int:
    """Points by plain look-up."""
    age, level, levels, years = quantities
    return AGE[age] + EDUCATION[level] + sum(FIRST[x] for x in levels) + WORK[min(years, 5)]


def main(count: int) -> None:
    """Measure and print."""
    rng = random.Random(1)  # noqa: S311 - the same population every time
    profiles = [candidate(rng) for _ in range(count)]
    quantities = [look_up(evaluate(one, ON)) for one in profiles]
    found = {
        "full evaluation, with lines": seconds(lambda one: evaluate(one, ON), profiles),
        "full evaluation, without lines": seconds(lambda one: evaluate(one, ON, lines=False), profiles),
        "programs alone, without lines": seconds(lambda one: evaluate_programs(one, ON, lines=False), profiles),
    }
    known = {id(one): evaluate(one, ON, lines=False) for one in profiles}
    found["next change, after an evaluation"] = seconds(lambda one: next_change(one, ON, now=known[id(one)]), profiles)
    begin = time.process_time()
    for one in quantities:
        table(one)
    found["plain table look-up of derived quantities"] = (time.process_time() - begin) / count
    for name, each in found.items():
        print(f"{name:45} {each * 1e6:8.1f} us {1 / each:12,.0f} /s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
