"""The Federal Skilled Worker class: minimum requirements, the grid of 100 points and the funds (R75 to R83)."""

from datetime import date, timedelta
from typing import NamedTuple

from shared.rules import offer
from shared.rules.crs import ability_points
from shared.rules.days import completed_months, completed_years
from shared.rules.facts import Facts, Partner, StudyInCanada
from shared.rules.force import RuleSets
from shared.rules.funds import Funds, funds
from shared.rules.lines import Criteria, Line
from shared.rules.quantities import Case, credential_counts, education_level, levels
from shared.rules.scales import ABILITIES
from shared.rules.schema import FswSet
from shared.rules.tables import LEVEL_INDEX, LEVELS, lookup
from shared.rules.work import HOUR, YEAR, Job, job, longest, total

DAY = timedelta(days=1)


class Grid(NamedTuple):
    """The points of R78 to R83 and their total."""

    total: int
    education: int
    language: int
    experience: int
    age: int
    arranged_employment: int
    adaptability: int


class Fsw(NamedTuple):
    """Whether the class's requirements are met, with the grid; `funds` says whether their table was known."""

    met: bool
    grid: Grid
    funds: Funds


def assess(case: Case, criteria: Criteria | None) -> Fsw:
    """The class on the day of a case; with `criteria`, a line for each requirement and each point of the grid."""
    rules = case.sets.fsw
    basis = arranged_basis(case, rules)
    level, body = _education(case, rules)
    grid = _grid(case, rules, level, basis, criteria)
    money = funds(case, basis in rules.arranged_employment.funds_exempt)
    outside = case.facts.intended_province != "QC"
    worked = _primary_work(case, rules)
    enough = worked >= rules.minimum.work.hours * HOUR
    best = case.best
    spoken = best >= rules.minimum.language.level
    educated = level is not None and level >= LEVEL_INDEX[rules.minimum.education.level]
    passed = grid.total >= rules.pass_mark
    if criteria is not None:
        _criteria(case, rules, criteria, (worked, enough, best, spoken, level, educated, body))
        shown = {"points": grid.total, "needed": rules.pass_mark, "short": max(rules.pass_mark - grid.total, 0)}
        criteria.add("fsw.pass_mark", passed, rules.sections.pass_mark, shown)
        money.criterion("fsw.funds", rules.sections.funds, case, criteria)
        criteria.add("fsw.residence", outside, rules.sections.residence)
    return Fsw(outside and enough and spoken and educated and passed and money.met, grid, money)


def arranged_basis(case: Case, rules: FswSet) -> str | None:
    """The paragraph of R82(2) under which the offer is arranged employment, if any."""
    one, terms = case.facts.job_offer, rules.arranged_employment
    if (
        one is None
        or one.employers != 1
        or one.hours_per_week < terms.hours_per_week
        or not offer.is_skilled(one, case.sets)
        or not (offer.lasts(one, terms.minimum_months) or offer.exempt_from_length(one, case.sets))
    ):
        return None
    return offer.basis(case.facts, case.on)


def _education(case: Case, rules: FswSet) -> tuple[int | None, str | None]:
    bodies, code = rules.minimum.professional_bodies, case.facts.primary_noc
    for body, codes in (("mcc", bodies.mcc), ("pebc", bodies.pebc), ("cacb", bodies.cacb)):
        if code in codes:
            return education_level(case.facts.education, case.on, body), body
    return case.education, None


def _primary_work(case: Case, rules: FswSet) -> int:
    terms, code = rules.minimum.work, case.facts.primary_noc
    jobs = [one for one in case.history.skilled if one.noc == code]
    if not jobs:
        return 0
    return longest(jobs, case.since(terms.window_years), case.today, terms.gap_days or 0)


def _criteria(
    case: Case,
    rules: FswSet,
    criteria: Criteria,
    found: tuple[int, bool, int, bool, int | None, bool, str | None],
) -> None:
    worked, enough, best, spoken, level, educated, body = found
    minimum = rules.minimum
    code = case.facts.primary_noc
    if code is None:
        criteria.miss("fsw.primary_occupation", minimum.work.section)
    elif case.sets.skilled[code] is None:
        criteria.miss("fsw.occupation", minimum.work.section, {"noc": code})
    else:
        hours = worked // HOUR
        shown = {"noc": code, "hours": hours, "needed": minimum.work.hours}
        criteria.add("fsw.work", enough, minimum.work.section, shown, {"jobs": case.history.skilled})
    needed = minimum.language.level
    if case.levels:
        criteria.add("fsw.language", spoken, minimum.language.section, {"lowest": best, "needed": needed})
    else:
        criteria.miss("fsw.language.none", minimum.language.section, {"needed": needed})
    section = minimum.professional_bodies.section if body else minimum.education.section
    if level is not None:
        criteria.add("fsw.education", educated, section, {"level": LEVELS[level]})
    elif body is None:
        criteria.miss("fsw.education.none", section)
    else:
        criteria.miss("fsw.education.body", section, {"body": body})
    if body is not None and _body_assumed(case, body):
        criteria.lines.append(Line("fsw.education.body.assumed", section, rules.id, None, None, {"body": body}))


def _body_assumed(case: Case, body: str) -> bool:
    return any(
        one.country != "CAN" and one.eca_issued_by is None and credential_counts(one, case.on, body)
        for one in case.facts.education
    )


def _grid(case: Case, rules: FswSet, level: int | None, basis: str | None, criteria: Criteria | None) -> Grid:
    education = rules.education.rows[level or 0]
    first = min(ability_points(rules.first_language.rows, case.first), rules.first_language.max)
    terms = rules.second_language
    second = terms.points if case.second is not None and min(case.second) >= terms.minimum else 0
    worked = total(case.history.skilled, case.since(rules.experience.window_years), case.today)
    experience = lookup(rules.experience.rows, worked // YEAR)
    age = lookup(rules.age.rows, case.age)
    arranged = rules.arranged_employment.points if basis is not None else 0
    elements = adaptability(case, rules, arranged > 0)
    adapted = min(sum(points for _, _, points in elements), rules.adaptability.max)
    if criteria is not None:
        add, rule = criteria.lines.append, rules.id
        shown = {"level": LEVELS[level or 0]}
        add(Line("fsw.grid.education", rules.education.section, rule, education.row, education.points, shown))
        if case.first is not None:
            by_ability = _first_language_lines(case.sets)
            criteria.lines += [by_level[one] for by_level, one in zip(by_ability, case.first, strict=True)]
        lowest = min(case.second) if case.second is not None else 0
        add(Line("fsw.grid.second_language", terms.section, rule, None, second, {"lowest": lowest}))
        shown_work = {"years": worked // YEAR, "hours": worked // HOUR}
        jobs = {"jobs": case.history.skilled}
        section = rules.experience.section
        add(Line("fsw.grid.experience", section, rule, experience.row, experience.points, shown_work, jobs))
        add(Line("fsw.grid.age", rules.age.section, rule, age.row, age.points, {"age": case.age}))
        by_basis = {"basis": basis} if basis else {}
        code = "fsw.grid.arranged_employment" if basis else "fsw.grid.arranged_employment.none"
        add(Line(code, rules.arranged_employment.section, rule, basis, arranged, by_basis))
        for name, section, points in elements:
            add(Line(f"fsw.grid.{name}", section, rule, None, points))
        capped = adapted - sum(points for _, _, points in elements)
        if capped:
            most = {"max": rules.adaptability.max}
            add(Line("fsw.grid.adaptability.cap", rules.adaptability.section, rule, "max", capped, most))
    parts = (education.points, first + second, experience.points, age.points, arranged, adapted)
    return Grid(sum(parts), *parts)


def _first_language_lines(sets: RuleSets) -> list[list[Line]]:
    """The lines of R79(3)(a) by ability and level: the same for everybody."""
    found: list[list[Line]] | None = sets.memo.get("first language")
    if found is None:
        factor, rule = sets.fsw.first_language, sets.fsw.id
        found = sets.memo["first language"] = [
            [
                Line("fsw.grid.first_language", factor.section, rule, cell.row, cell.points, shown)
                for level in range(11)
                for cell, shown in ((lookup(factor.rows, level), {"ability": ability, "level": level}),)
            ]
            for ability in ABILITIES
        ]
    return found


def counted_partner(facts: Facts) -> Partner | None:
    """The partner of R83(1)(a), (b.1), (c.1): accompanying, no citizen, no permanent resident who lives in Canada."""
    partner = facts.partner
    if partner is None or not partner.accompanying or partner.status_in_canada == "citizen":
        return None
    if partner.status_in_canada == "permanent_resident" and partner.residence == "CAN":
        return None
    return partner


def adaptability(case: Case, rules: FswSet, arranged: bool) -> list[tuple[str, str, int]]:
    """The elements of R83(1) that are met: name, section, points."""
    table, partner = rules.adaptability, counted_partner(case.facts)
    found: list[tuple[str, str, int]] = []
    if partner is not None:
        test = partner.language_tests[0] if partner.language_tests else None
        spoken = levels(test, case.sets, case.on) if test is not None else None
        if spoken is not None and min(spoken) >= table.partner_language.minimum:
            found.append(("partner_language", table.partner_language.section, table.partner_language.points))
        if studied(partner.study_in_canada, case.on, rules):
            found.append(("partner_study", table.partner_study.section, table.partner_study.points))
        jobs = partner_full_time(partner, rules)
        if _full_time(jobs, case) >= table.partner_work.hours * HOUR:
            found.append(("partner_work", table.partner_work.section, table.partner_work.points))
    if studied(case.facts.study_in_canada, case.on, rules):
        found.append(("own_study", table.own_study.section, table.own_study.points))
    own = own_full_time(case, rules)
    if _full_time(own, case) >= table.own_work.hours * HOUR:
        found.append(("own_work", table.own_work.section, table.own_work.points))
    if has_relative(case, table.relative.minimum_age):
        found.append(("relative", table.relative.section, table.relative.points))
    if arranged:
        found.append(("offer", table.arranged_employment.section, table.arranged_employment.points))
    return found


def own_full_time(case: Case, rules: FswSet) -> list[Job]:
    """The applicant's full-time, authorized, skilled jobs in Canada: R83(1)(c)."""
    return [
        one
        for one, work in case.history.all
        if work.country == "CAN"
        and work.authorized
        and work.hours_per_week >= rules.adaptability.full_time_hours_per_week
        and case.sets.skilled[work.noc] is not None
    ]


def partner_full_time(partner: Partner, rules: FswSet) -> list[Job]:
    """The partner's full-time, authorized jobs in Canada, of any category: R83(1)(c.1)."""
    return sorted(
        job(one)
        for one in partner.work
        if one.country == "CAN" and one.authorized and one.hours_per_week >= rules.adaptability.full_time_hours_per_week
    )


def _full_time(jobs: list[Job], case: Case) -> int:
    return total(jobs, 0, case.today) if jobs else 0


def studied(periods: tuple[StudyInCanada, ...], on: date, rules: FswSet) -> bool:
    """Whether full-time study in Canada reaches two academic years: R83(1)(b), (2)."""
    terms = rules.adaptability.study
    months = 0
    for one in periods:
        if (
            one.authorized
            and one.good_standing
            and one.program_months >= terms.program_months
            and one.hours_per_week >= terms.hours_per_week
            and one.from_ < on
        ):
            end = on if one.to is None else min(one.to + DAY, on)
            months += completed_months(one.from_, end)
    return months >= terms.months


def has_relative(case: Case, minimum_age: int) -> bool:
    """Whether the applicant or the accompanying partner, whoever that is, has a relative of R83(5)."""
    if not case.facts.relatives_in_canada:
        return False
    partner = case.facts.partner
    accompanied = partner is not None and partner.accompanying
    return any(
        (one.of == "applicant" or accompanied) and completed_years(one.born_on, case.on) >= minimum_age
        for one in case.facts.relatives_in_canada
    )
