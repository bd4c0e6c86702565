"""The Canadian Experience Class (R87.1)."""

from collections.abc import Sequence

from shared.rules.force import RuleSets
from shared.rules.lines import Criteria
from shared.rules.quantities import Case
from shared.rules.schema import CecSet
from shared.rules.work import HOUR, Job, total


def assess(case: Case, criteria: Criteria | None) -> bool:
    """Whether the class's requirements are met on the day of a case; with `criteria`, a line for each."""
    rules, jobs = case.sets.cec, case.history.class_work
    low = case.since(rules.work.window_years)
    hours = total(jobs, low, case.today)
    worked = hours >= rules.work.hours * HOUR
    needed, code = threshold(case.sets, rules, jobs, low, case.today)
    best = case.best
    spoken = best >= needed
    outside = case.facts.intended_province != "QC"
    if criteria is not None:
        shown = {"hours": hours // HOUR, "needed": rules.work.hours}
        criteria.add("cec.work", worked, rules.work.section, shown, {"jobs": jobs})
        by_level = {"lowest": best, "needed": needed} | ({"noc": code} if code else {})
        if not case.levels:
            criteria.miss("cec.language.none", rules.language.section, {"needed": needed})
        else:
            name = "cec.language" if code else "cec.language.any"
            criteria.add(name, spoken, rules.language.section, by_level)
        criteria.add("cec.residence", outside, rules.residence)
    return worked and spoken and outside


def threshold(sets: RuleSets, rules: CecSet, jobs: Sequence[Job], low: int, today: int) -> tuple[int, str | None]:
    """The level asked for, by the occupation with the most hours; of equals the one that asks for less."""
    by_noc: dict[str, int] = {}
    for code in {one.noc for one in jobs if one.end > low and one.start < today}:
        by_noc[code] = total([one for one in jobs if one.noc == code], low, today)
    if not by_noc:
        return min(row.level for row in rules.language.rows), None
    most = max(by_noc.values())
    return min((level_of(sets, rules, code), code) for code, hours in by_noc.items() if hours == most)


def level_of(sets: RuleSets, rules: CecSet, code: str) -> int:
    """The level that an occupation asks for."""
    teer = sets.skilled[code]
    return next(row.level for row in rules.language.rows if teer in row.teer)
