"""The categories that the Minister established (A10.3(1)(h.2)), each in the version of the day."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.rules.days import add_years, completed_years
from shared.rules.facts import Military, Work
from shared.rules.force import RuleSets
from shared.rules.lines import Criteria, Line, Verdict
from shared.rules.quantities import Case
from shared.rules.schema import CategorySet, LanguageTestOfCategory, MilitaryTest, WorkTest
from shared.rules.tables import LEVEL_INDEX, LEVELS
from shared.rules.work import HOUR, Job, longest, total

HOURS_PER_MONTH = 130
"""A month of full-time work: 1,560 hours are twelve."""


class Membership(NamedTuple):
    """Whether the test of one version of a category is met."""

    version: str
    verdict: Verdict
    lines: tuple[Line, ...] = ()


def assess(case: Case, explain: bool) -> dict[str, Membership]:
    """Every category in force on the day of a case."""
    sets = case.sets
    found = dict(_without_work(sets, explain))
    places: dict[int, list[str]] = {}
    for code in case.history.codes:
        for place in sets.work_categories.get(code, ()):
            places.setdefault(place, []).append(code)
    for place, one in enumerate(sets.categories):
        codes = places.get(place)
        if codes is not None or not isinstance(one.test, WorkTest):
            found[one.key] = _membership(case, one, codes or [], explain)
    return found


def _without_work(sets: RuleSets, explain: bool) -> dict[str, Membership]:
    """The categories for someone without work in a listed occupation: the same for everybody."""
    key = "categories explained" if explain else "categories"
    found = sets.memo.get(key)
    if found is None:
        found = sets.memo[key] = {
            one.key: Membership(one.version, Verdict(False))
            if not (explain and isinstance(one.test, WorkTest))
            else _no_work(one, one.test)
            for one in sets.categories
        }
    return found


def _no_work(rules: CategorySet, test: WorkTest) -> Membership:
    criteria = Criteria(rules.id)
    criteria.miss("category.work.none", rules.section, _shown(rules, test, 0))
    return Membership(rules.version, criteria.verdict(False), tuple(criteria.lines))


def _membership(case: Case, rules: CategorySet, codes: list[str], explain: bool) -> Membership:
    criteria = Criteria(rules.id) if explain else None
    test = rules.test
    if isinstance(test, WorkTest):
        met = _work(case, rules, test, codes, criteria)
    elif isinstance(test, LanguageTestOfCategory):
        met = _language(case, rules, test, criteria)
    else:
        met = _military(case, rules, test, criteria)
    if criteria is None:
        return Membership(rules.version, Verdict(met))
    return Membership(rules.version, criteria.verdict(met), tuple(criteria.lines))


def counts(work: Work, test: WorkTest, sets: RuleSets) -> bool:
    """Whether a job is work that the test counts."""
    in_canada, rules = work.country == "CAN", test.counts
    if test.in_canada_only and not in_canada:
        return False
    if in_canada and rules.canada_authorized_only and not work.authorized:
        return False
    if rules.excludes_full_time_student and work.full_time_student:
        return False
    if not (rules.excludes_self_employed and work.self_employed):
        return True
    return (
        rules.publicly_funded_medical_services_excepted
        and work.publicly_funded_medical_services
        and work.noc in sets.physician_codes
    )


def _hours(case: Case, test: WorkTest, code: str) -> int:
    jobs = [one for one, work in case.history.all if one.noc == code and counts(work, test, case.sets)]
    low = case.since(test.window_years)
    if test.continuous:
        return longest(jobs, low, case.today, test.gap_days)
    return total(jobs, low, case.today)


def _shown(rules: CategorySet, test: WorkTest, hours: int) -> dict[str, object]:
    return {
        "months": hours // (HOURS_PER_MONTH * HOUR),
        "needed_months": test.hours // HOURS_PER_MONTH,
        "hours": hours // HOUR,
        "needed": test.hours,
        "category": rules.key,
        "assumed": test.counts.assumed,
    }


def _work(case: Case, rules: CategorySet, test: WorkTest, codes: list[str], criteria: Criteria | None) -> bool:
    best, code = max((_hours(case, test, one), one) for one in codes)
    met = best >= test.hours * HOUR
    if criteria is not None:
        shown = _shown(rules, test, best)
        if best == 0:
            criteria.miss("category.work.none", rules.section, shown)
        else:
            name = "category.work.canada" if test.in_canada_only else "category.work"
            name += ".continuous" if test.continuous else ""
            jobs: list[Job] = [one for one, _ in case.history.all if one.noc == code]
            criteria.add(name, met, rules.section, shown | {"noc": code}, {"jobs": jobs})
    return met


def _language(case: Case, rules: CategorySet, test: LanguageTestOfCategory, criteria: Criteria | None) -> bool:
    found = case.levels.get(test.language)
    met = found is not None and min(found) >= test.minimum
    if criteria is not None:
        shown: Mapping[str, object] = {"language": test.language, "needed": test.minimum}
        if found is None:
            criteria.miss("category.language.none", rules.section, shown)
        else:
            criteria.add("category.language", met, rules.section, {**shown, "lowest": min(found)})
    return met


def _military(case: Case, rules: CategorySet, test: MilitaryTest, criteria: Criteria | None) -> bool:
    military, level = case.facts.military, case.education
    educated = level is not None and level >= LEVEL_INDEX[test.minimum_education]
    if criteria is not None:
        by_level = {"level": LEVELS[level or 0], "needed_level": test.minimum_education}
        criteria.add("category.military.education", educated, rules.section, by_level)
    if military is None:
        if criteria is not None:
            criteria.miss("category.military.none", rules.section)
        return False
    serving = military.service_to is None and military.service_from <= case.on
    years = max(completed_years(military.service_from, case.on), 0)
    served = add_years(military.service_from, test.service_years) <= case.on
    experienced = military.experience_noc in rules.noc
    foreign = military.country != "CAN"
    offered = _offer_suffices(military, rules, test)
    if criteria is not None:
        section = rules.section
        criteria.add("category.military.serving", serving, section)
        criteria.add("category.military.foreign", foreign, section)
        shown = {"years": years, "needed": test.service_years}
        criteria.add("category.military.service", served, section, shown)
        criteria.add("category.military.experience", experienced, section)
        needed = {"needed_months": test.offer_months, "needed_hours": test.offer_hours_per_week}
        criteria.add("category.military.offer", offered, section, needed)
    return serving and foreign and served and experienced and offered and educated


def _offer_suffices(military: Military, rules: CategorySet, test: MilitaryTest) -> bool:
    return (
        military.offer_by_canadian_forces
        and military.offer_noc in rules.noc
        and military.offer_hours_per_week >= test.offer_hours_per_week
        and (military.offer_months is None or military.offer_months >= test.offer_months)
    )
