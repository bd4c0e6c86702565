"""The Canadian Experience Class (R87.1)."""

from shared.rules.lines import Criteria
from shared.rules.quantities import Case
from shared.rules.schema import CecSet
from shared.rules.work import HOUR, total


def assess(case: Case, criteria: Criteria | None) -> bool:
    """Whether the class's requirements are met on the day of a case; with `criteria`, a line for each."""
    rules, jobs = case.sets.cec, case.history.class_work
    low = case.since(rules.work.window_years)
    hours = total(jobs, low, case.today)
    worked = hours >= rules.work.hours * HOUR
    needed, code = _threshold(case, rules, low)
    best = max((min(found) for found in case.levels.values()), default=0)
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


def _threshold(case: Case, rules: CecSet, low: int) -> tuple[int, str | None]:
    """The level asked for, by the occupation with the most hours; of equals the one that asks for less."""
    by_noc: dict[str, int] = {}
    jobs = case.history.class_work
    codes = {one.noc for one in jobs if one.end > low and one.start < case.today}
    for code in codes:
        by_noc[code] = total([one for one in jobs if one.noc == code], low, case.today)
    if not by_noc:
        return min(row.level for row in rules.language.rows), None
    most = max(by_noc.values())
    return min((_level(case, rules, code), code) for code, hours in by_noc.items() if hours == most)


def _level(case: Case, rules: CecSet, code: str) -> int:
    teer = case.sets.skilled[code]
    return next(row.level for row in rules.language.rows if teer in row.teer)
