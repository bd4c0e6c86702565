"""The next day on which the result differs, if nothing is declared and the loaded rule sets stay.

The days on which something that the law counts can change are found from the facts; between two of them nothing can.
They are tried in order until the result differs.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple, TypeVar

from shared.rules import cec, crs
from shared.rules.categories import counts
from shared.rules.crossing import Count, first_difference, next_band
from shared.rules.days import add_months, add_years, completed_months, completed_years
from shared.rules.evaluate import (
    Evaluation,
    ProgramsEvaluation,
    evaluate,
    evaluate_case,
    evaluate_programs,
    programs_of_case,
)
from shared.rules.facts import Education, Facts, LanguageTest, StudyInCanada
from shared.rules.force import REGISTRY, RuleSets
from shared.rules.fsw import counted_partner, own_full_time, partner_full_time, studied
from shared.rules.quantities import ECA_YEARS, Case, WorkHistory, begins
from shared.rules.schema import WorkTest
from shared.rules.tables import Cells
from shared.rules.work import HOUR, OPEN, YEAR

DAY = timedelta(days=1)
_LATEST = date(2199, 12, 31)

Days = Iterator[tuple[date, str]]
_Found = TypeVar("_Found", Evaluation, ProgramsEvaluation)


class NextChange(NamedTuple):
    """A day, and a code that says why the result differs from then (`change.*` in the catalogue)."""

    on: date
    reason: str


def next_change(
    facts: Facts, on: date, *, submitted_on: date | None = None, now: Evaluation | None = None
) -> NextChange | None:
    """The first later day on which a point, a verdict or `provisional` differs; None if there is none.

    `submitted_on` None = submitted on `on`. `now`: the evaluation of `on`, if the caller has it.
    """
    submitted = submitted_on or on
    found = now or evaluate(facts, on, submitted_on=submitted, lines=False)
    return _first(found, submitted, lambda case: evaluate_case(case, case.on, lines=False), whole=True)


def next_program_change(
    facts: Facts, on: date, *, submitted_on: date | None = None, now: ProgramsEvaluation | None = None
) -> NextChange | None:
    """The first later day on which the verdict of a program, or whether it is provisional, differs."""
    submitted = submitted_on or on
    found = now or evaluate_programs(facts, on, submitted_on=submitted, lines=False)
    return _first(found, submitted, lambda case: programs_of_case(case, lines=False), whole=False)


def _first(now: _Found, submitted: date, again: Callable[[Case], _Found], *, whole: bool) -> NextChange | None:
    """`whole`: points and categories may change too; else only what the programs count is looked at."""
    case, signature = now.case, now.signature()
    while True:
        found = _next_candidate(case, whole)
        if found is None or found[0] > _LATEST:
            return None
        day = found[0]
        case = Case(case.facts, day, REGISTRY.in_force(day, submitted), day)
        if again(case).signature() != signature:
            return NextChange(*found)


def _next_candidate(case: Case, whole: bool) -> tuple[date, str] | None:
    """The next day on which something that counts may change, with the reason."""
    if not whole and _silent(case):
        turning = REGISTRY.next_day(case.on)
        return None if turning is None else (turning, "change.rule_set")
    found = min((one for one in _dated(case, whole) if one[0] > case.on), default=None)
    limit = None if found is None else found[0].toordinal()
    for count, thresholds in _counts(case, whole):
        if count.jobs:
            crossed = next_band(count, case.today, thresholds, limit)
            if crossed is not None and (limit is None or crossed[0] < limit):
                limit = crossed[0]
                reason = "change.work_completed" if crossed[1] else "change.work_leaves_window"
                found = date.fromordinal(limit), reason
    other = _main_occupation(case)
    return found if other is None or (found is not None and found[0] <= other[0]) else other


def _silent(case: Case) -> bool:
    """Whether every test has run out: then no program can be met again, whatever else changes, under these sets."""
    facts, years = case.facts, case.sets.language.validity_years
    return case.sets.funds is not None and all(add_years(begins(x), years) <= case.on for x in facts.language_tests)


def _dated(case: Case, whole: bool) -> Days:
    """Days that stand in the facts or follow from them alone, past ones too; work is counted elsewhere."""
    facts, on = case.facts, case.on
    turning = REGISTRY.next_day(on)
    if turning is not None:
        yield turning, "change.rule_set"
    yield from _birthday(case, whole)
    partner = facts.partner
    yield from _tests(case, (*facts.language_tests, *(partner.language_tests if partner else ())))
    yield from _credentials(facts.education)
    yield from _papers(facts)
    yield from _studies(case)
    for relative in facts.relatives_in_canada:
        yield add_years(relative.born_on, case.sets.fsw.adaptability.relative.minimum_age), "change.relative_of_age"
    if whole:
        yield from _dated_beyond_programs(case)


def _dated_beyond_programs(case: Case) -> Days:
    """The days of what only points and categories look at."""
    facts, sets = case.facts, case.sets
    if facts.partner is not None:
        yield from _credentials(facts.partner.education)
    for relative in facts.relatives_in_canada:
        yield add_years(relative.born_on, sets.crs.additional.sibling.minimum_age), "change.relative_of_age"
    if facts.military is not None:
        yield facts.military.service_from, "change.military_service"
        for one in sets.categories:
            if one.test.kind == "military":
                yield add_years(facts.military.service_from, one.test.service_years), "change.military_service"


def _birthday(case: Case, whole: bool) -> Days:
    """The next birthday at which a point for age differs: in the grid, or also in either column of the CRS."""
    ages = _ages(case.sets, whole)
    place = bisect_right(ages, completed_years(case.facts.date_of_birth, case.on))
    if place < len(ages):
        yield add_years(case.facts.date_of_birth, ages[place]), "change.birthday"


def _ages(sets: RuleSets, whole: bool) -> list[int]:
    """The ages at which points for age differ from those of a year before."""
    key = "ages" if whole else "ages of programs"
    found: list[int] | None = sets.memo.get(key)
    if found is None:
        tables = (sets.fsw.age.rows, *(sets.crs.core.age.rows if whole else ()))
        found = sets.memo[key] = sorted(
            {age for cells in tables for age, (a, b) in enumerate(pairwise(cells), 1) if a.points != b.points}
        )
    return found


def _tests(case: Case, tests: tuple[LanguageTest, ...]) -> Days:
    for one in tests:
        yield max(begins(one), one.taken_on), "change.language_test_counts"
        yield add_years(begins(one), case.sets.language.validity_years), "change.language_test_expires"


def _credentials(credentials: tuple[Education, ...]) -> Days:
    for one in credentials:
        yield one.completed_on, "change.credential_completed"
        if one.eca_issued_on is not None:
            yield one.eca_issued_on, "change.eca_counts"
            yield add_years(one.eca_issued_on, ECA_YEARS), "change.eca_expires"


def _papers(facts: Facts) -> Days:
    certificate, permit, offer = facts.certificate_of_qualification, facts.work_permit, facts.job_offer
    if certificate is not None:
        yield certificate.issued_on, "change.certificate_counts"
    if permit is not None:
        yield permit.expires_on + DAY, "change.work_permit_expires"
        if permit.with_employer_since is not None:
            yield permit.with_employer_since, "change.with_employer"
            yield add_years(permit.with_employer_since, 1), "change.with_employer"
    if offer is not None and offer.lmia_valid_until is not None:
        yield offer.lmia_valid_until + DAY, "change.assessment_expires"
    if facts.nomination is not None:
        yield facts.nomination.issued_on, "change.nomination_counts"
        yield facts.nomination.expires_on + DAY, "change.nomination_expires"


def _studies(case: Case) -> Days:
    partner = case.facts.partner
    for periods in (case.facts.study_in_canada, partner.study_in_canada if partner else ()):
        found = _study_reached(case, periods)
        if found is not None:
            yield found, "change.study_completed"


def _study_reached(case: Case, periods: tuple[StudyInCanada, ...]) -> date | None:
    """The day on which going on with the study reaches two academic years, if it does and has not yet."""
    rules = case.sets.fsw
    if not periods or studied(periods, case.on, rules):
        return None
    days = set()
    for one in periods:
        last = _LATEST if one.to is None else one.to + DAY
        for months in range(max(completed_months(one.from_, case.on), 0), rules.adaptability.study.months + 2):
            day = add_months(one.from_, months)
            if case.on < day <= last:
                days.add(day)
    return next((day for day in sorted(days) if studied(periods, day, rules)), None)


def _year_thresholds(cells: Cells) -> list[int]:
    """The hours at which a table of completed years gives other points."""
    return [years * YEAR for years, (a, b) in enumerate(pairwise(cells), 1) if a.points != b.points]


def _band_thresholds(bands: tuple[str, ...]) -> list[int]:
    return [years * YEAR for years, (a, b) in enumerate(pairwise(bands), 1) if a != b]


def _counts(case: Case, whole: bool) -> Iterator[tuple[Count, list[int]]]:
    sets, history = case.sets, case.history
    if whole:
        yield from _crs_counts(case)
        yield from _category_counts(case)
    rules = sets.fsw
    minimum = rules.minimum.work
    yield Count(history.skilled, rules.experience.window_years), _year_thresholds(rules.experience.rows)
    primary = [one for one in history.skilled if one.noc == case.facts.primary_noc]
    yield Count(primary, minimum.window_years, minimum.gap_days), [minimum.hours * HOUR]
    yield Count(own_full_time(case, rules), None), [rules.adaptability.own_work.hours * HOUR]
    partner = counted_partner(case.facts)
    if partner is not None:
        yield Count(partner_full_time(partner, rules), None), [rules.adaptability.partner_work.hours * HOUR]
    yield Count(history.class_work, sets.cec.work.window_years), [sets.cec.work.hours * HOUR]
    trade = case.facts.trade
    for code in history.codes:
        if code in sets.trade_codes and (trade is None or trade.noc == code):
            jobs = [one for one, _ in history.all if one.noc == code]
            floor = 0 if trade is None else trade.qualified_on.toordinal()
            yield Count(jobs, sets.fst.work.window_years, None, floor), [sets.fst.work.hours * HOUR]


def _thresholds(sets: RuleSets) -> tuple[tuple[list[int], ...], list[int], list[int]]:
    """Hours at which points of the CRS differ: Canadian work by column, foreign work, the partner's work."""
    found: tuple[tuple[list[int], ...], list[int], list[int]] | None = sets.memo.get("thresholds")
    if found is None:
        table, core = sets.crs.transferability, sets.crs.core
        bands = _band_thresholds(table.canadian_work_bands)
        canadian = tuple(sorted({*_year_thresholds(cells), *bands}) for cells in core.canadian_work.rows)
        by_partner = _year_thresholds(sets.crs.partner.canadian_work.rows)
        found = sets.memo["thresholds"] = canadian, _band_thresholds(table.foreign_work_bands), by_partner
    return found


def _crs_counts(case: Case) -> Iterator[tuple[Count, list[int]]]:
    rules, history = case.sets.crs, case.history
    column = 0 if case.partner is not None else 1
    table = rules.transferability
    canadian, foreign, by_partner = _thresholds(case.sets)
    yield Count(history.canadian, crs.WINDOW_YEARS), canadian[column]
    if table.foreign_work.single_occupation:
        for code in {one.noc for one in history.foreign}:
            yield Count([one for one in history.foreign if one.noc == code], crs.WINDOW_YEARS), foreign
    else:
        yield Count(history.foreign, crs.WINDOW_YEARS), foreign
    if case.partner is not None:
        jobs = WorkHistory(case.partner.work, case.sets).canadian
        yield Count(jobs, crs.WINDOW_YEARS), by_partner


def _category_counts(case: Case) -> Iterator[tuple[Count, list[int]]]:
    for code in case.history.codes:
        seen = set()
        for place in case.sets.work_categories.get(code, ()):
            test = case.sets.categories[place].test
            assert isinstance(test, WorkTest)
            if test not in seen:
                seen.add(test)
                jobs = [one for one, work in case.history.all if one.noc == code and counts(work, test, case.sets)]
                gap = test.gap_days if test.continuous else None
                yield Count(jobs, test.window_years, gap), [test.hours * HOUR]


def _main_occupation(case: Case) -> tuple[date, str] | None:
    """The CEC's level follows the occupation with most hours: which one that is may change from day to day."""
    rules, jobs = case.sets.cec, case.history.class_work
    asked = sorted({row.level for row in rules.language.rows})
    if len(jobs) < 2 or not asked[0] <= case.best < asked[-1]:
        return None
    if len({cec.level_of(case.sets, rules, one.noc) for one in jobs}) < 2:
        return None
    edges = [edge for one in jobs for edge in (one.start, one.end) if edge < OPEN]
    last = add_years(date.fromordinal(max(edges)), rules.work.window_years).toordinal()

    def needed(day: int) -> int:
        since = add_years(date.fromordinal(day), -rules.work.window_years).toordinal()
        return cec.threshold(case.sets, rules, jobs, since, day)[0]

    found = first_difference(case.today, last + 366, needed)
    return None if found is None else (date.fromordinal(found), "change.main_occupation")
