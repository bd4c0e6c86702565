"""The Comprehensive Ranking System: points out of 1,200, and a line for each."""

from typing import NamedTuple

from shared.rules import offer
from shared.rules.days import completed_years
from shared.rules.lines import Line
from shared.rules.quantities import Case, Levels, WorkHistory, education_level, levels
from shared.rules.scales import ABILITIES, LANGUAGE_OF
from shared.rules.schema import CrsSet, SplitFactor
from shared.rules.tables import LEVELS, Cells, lookup
from shared.rules.work import HOUR, YEAR, total

WINDOW_YEARS = 10

Lines = list[Line] | None


class Crs(NamedTuple):
    """Points by factor; a factor under C is before the caps of its pair and of the section, `c` after them."""

    total: int
    a: int
    age: int
    education: int
    first_language: int
    second_language: int
    canadian_work: int
    b: int
    partner_education: int
    partner_language: int
    partner_canadian_work: int
    c: int
    education_language: int
    education_canadian_work: int
    foreign_work_language: int
    foreign_work_canadian_work: int
    certificate: int
    d: int
    sibling: int
    french: int
    canadian_education: int
    job_offer: int
    provincial_nomination: int

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """The shape that `ee score` prints."""
        return {
            "total": self.total,
            "A": {
                "total": self.a,
                "age": self.age,
                "education": self.education,
                "first_language": self.first_language,
                "second_language": self.second_language,
                "canadian_work": self.canadian_work,
            },
            "B": {
                "total": self.b,
                "education": self.partner_education,
                "language": self.partner_language,
                "canadian_work": self.partner_canadian_work,
            },
            "C": {
                "total": self.c,
                "education_language": self.education_language,
                "education_canadian_work": self.education_canadian_work,
                "foreign_work_language": self.foreign_work_language,
                "foreign_work_canadian_work": self.foreign_work_canadian_work,
                "certificate": self.certificate,
            },
            "D": {
                "total": self.d,
                "sibling": self.sibling,
                "french": self.french,
                "canadian_education": self.canadian_education,
                "job_offer": self.job_offer,
                "provincial_nomination": self.provincial_nomination,
            },
        }


def total_score(case: Case, lines: Lines) -> Crs:
    """The score of a case; with `lines`, a line is added for each factor and each cap: they add up to the total."""
    rules = case.sets.crs
    low = case.since(WINDOW_YEARS)
    work = total(case.history.canadian, low, case.today)
    a = _core(case, rules, work, lines)
    b = _partner(case, rules, low, lines) if case.partner is not None else (0, 0, 0, 0)
    c = _transferability(case, rules, work, low, lines)
    d = _additional(case, rules, lines)
    return Crs(a[0] + b[0] + c[0] + d[0], *a, *b, *c, *d)


def _core(case: Case, rules: CrsSet, work: int, lines: Lines) -> tuple[int, int, int, int, int, int]:
    core, column = rules.core, 0 if case.partner is not None else 1
    age = lookup(core.age.rows[column], case.age)
    education = core.education.rows[column][case.education or 0]
    first = ability_points(core.first_language.rows[column], case.first)
    most = core.second_language.max.columns[column]
    all_second = ability_points(core.second_language.rows[column], case.second)
    second = min(all_second, most)
    canadian = lookup(core.canadian_work.rows[column], work // YEAR)
    if lines is not None:
        born = {"date_of_birth": case.facts.date_of_birth}
        add = lines.append
        add(Line("crs.age", core.age.section, rules.id, age.row, age.points, {"age": case.age}, born))
        add(_education_line("crs.education", case.education, core.education.section, rules, education))
        section = core.first_language.section
        if case.first is not None:
            lines += _ability_lines("crs.first_language", core.first_language, case, True)
        else:
            other = ability_points(core.first_language.rows[column], case.second)
            language = case.facts.first_official_language
            shown = {"language": language, "other_points": other}
            add(Line("crs.first_language.none", section, rules.id, None, 0, shown))
        section = core.second_language.section
        if case.second is not None:
            lines += _ability_lines("crs.second_language", core.second_language, case, False)
            if all_second > most:
                add(Line("crs.second_language.cap", section, rules.id, "max", most - all_second, {"max": most}))
        else:
            add(Line("crs.second_language.none", section, rules.id, None, 0))
        add(_work_line("crs.canadian_work", work, core.canadian_work.section, rules, canadian, case.history))
    parts = (age.points, education.points, first, second, canadian.points)
    return (sum(parts), *parts)


def ability_points(cells: Cells, found: Levels | None) -> int:
    """The points of four abilities together."""
    if found is None:
        return 0
    listening, reading, writing, speaking = found
    last = len(cells) - 1
    return (
        cells[min(last, listening)].points
        + cells[min(last, reading)].points
        + cells[min(last, writing)].points
        + cells[min(last, speaking)].points
    )


def _education_line(code: str, level: int | None, section: str, rules: CrsSet, cell: tuple[int, str]) -> Line:
    if level is None:
        return Line(code + ".none", section, rules.id, cell[1], cell[0])
    return Line(code, section, rules.id, cell[1], cell[0], {"level": LEVELS[level]})


def _work_line(code: str, work: int, section: str, rules: CrsSet, cell: tuple[int, str], history: WorkHistory) -> Line:
    shown = {"years": work // YEAR, "hours": work // HOUR}
    return Line(code, section, rules.id, cell[1], cell[0], shown, {"jobs": history.canadian})


def _ability_lines(code: str, factor: SplitFactor, case: Case, first: bool) -> list[Line]:
    declared = case.facts.first_official_language
    language = declared if first else "french" if declared == "english" else "english"
    test = next(one for one in case.facts.language_tests if LANGUAGE_OF[one.test] == language)
    found = case.first if first else case.second
    assert found is not None
    cells = factor.rows[0 if case.partner is not None else 1]
    scores = (test.listening, test.reading, test.writing, test.speaking)
    lines = []
    for ability, level, score in zip(ABILITIES, found, scores, strict=True):
        cell = lookup(cells, level)
        shown = {"language": language, "ability": ability, "level": level}
        certificate = {"test": test.test, "score": score}
        line = Line(code, factor.section, case.sets.crs.id, cell.row, cell.points, shown, certificate)
        lines.append(line)
    return lines


def _partner(case: Case, rules: CrsSet, low: int, lines: Lines) -> tuple[int, int, int, int]:
    partner, factors = case.partner, rules.partner
    assert partner is not None
    level = education_level(partner.education, case.on)
    education = factors.education.rows[level or 0]
    test = partner.language_tests[0] if partner.language_tests else None
    found = levels(test, case.sets, case.on) if test is not None else None
    language = ability_points(factors.language.rows, found)
    history = WorkHistory(partner.work, case.sets)
    work = total(history.canadian, low, case.today)
    canadian = lookup(factors.canadian_work.rows, work // YEAR)
    if lines is not None:
        lines.append(_education_line("crs.partner.education", level, factors.education.section, rules, education))
        section = factors.language.section
        if found is None or test is None:
            lines.append(Line("crs.partner.language.none", section, rules.id, None, 0))
        else:
            scores = (test.listening, test.reading, test.writing, test.speaking)
            for ability, one, shown in zip(ABILITIES, found, scores, strict=True):
                cell = lookup(factors.language.rows, one)
                quantities, declared = {"ability": ability, "level": one}, {"test": test.test, "score": shown}
                lines.append(
                    Line("crs.partner.language", section, rules.id, cell.row, cell.points, quantities, declared)
                )
        section = factors.canadian_work.section
        lines.append(_work_line("crs.partner.canadian_work", work, section, rules, canadian, history))
    parts = (education.points, language, canadian.points)
    return (sum(parts), *parts)


def foreign_work(case: Case, rules: CrsSet, low: int) -> int:
    """Hours of foreign work: of all occupations, or of the one with most where a set asks for one."""
    jobs = case.history.foreign
    if not jobs or not rules.transferability.foreign_work.single_occupation:
        return total(jobs, low, case.today)
    return max(total([x for x in jobs if x.noc == code], low, case.today) for code in {x.noc for x in jobs})


def _transferability(
    case: Case, rules: CrsSet, work: int, low: int, lines: Lines
) -> tuple[int, int, int, int, int, int]:
    table = rules.transferability
    lowest = min(case.first) if case.first is not None else 0
    abroad = foreign_work(case, rules, low)
    band = _band(table.language_bands, lowest)
    canadian = _band(table.canadian_work_bands, work // YEAR)
    foreign = _band(table.foreign_work_bands, abroad // YEAR)
    tier = table.education_tiers[case.education or 0]
    education_pair, foreign_pair = table.education_pair, table.foreign_work_pair
    one = education_pair.language[tier][band]
    two = education_pair.canadian_work[tier][canadian]
    three = foreign_pair.language[foreign][band]
    four = foreign_pair.canadian_work[foreign][canadian]
    held = certificate_held(case)
    certificate = lookup(table.certificate.rows, lowest).points if held else 0
    by_education = min(one + two, education_pair.max)
    by_foreign = min(three + four, foreign_pair.max)
    by_certificate = min(certificate, table.certificate.max)
    whole = by_education + by_foreign + by_certificate
    result = min(whole, table.max)
    if lines is not None:
        rule, section = rules.id, table.section
        level, years = LEVELS[case.education or 0], abroad // YEAR
        canadian_years = work // YEAR
        add = lines.append
        by_level = {"level": level, "lowest": lowest}
        add(Line("crs.transfer.education_language", section, rule, f"{tier}, {band}", one, by_level))
        by_work = {"level": level, "years": canadian_years}
        add(Line("crs.transfer.education_canadian_work", section, rule, f"{tier}, {canadian}", two, by_work))
        _cap("crs.transfer.education.cap", section, rule, by_education - one - two, education_pair.max, lines)
        jobs = {"jobs": case.history.foreign}
        by_language = {"years": years, "hours": abroad // HOUR, "lowest": lowest}
        add(Line("crs.transfer.foreign_work_language", section, rule, f"{foreign}, {band}", three, by_language, jobs))
        both = {"years": years, "canadian_years": canadian_years}
        add(Line("crs.transfer.foreign_work_canadian_work", section, rule, f"{foreign}, {canadian}", four, both))
        _cap("crs.transfer.foreign_work.cap", section, rule, by_foreign - three - four, foreign_pair.max, lines)
        code = "crs.transfer.certificate" if held else "crs.transfer.certificate.none"
        add(Line(code, section, rule, f"lowest {lowest}", by_certificate, {"lowest": lowest}))
        _cap("crs.transfer.cap", section, rule, result - whole, table.max, lines)
    return result, one, two, three, four, certificate


def certificate_held(case: Case) -> bool:
    """Whether a certificate of qualification is held on the day, in any trade."""
    certificate = case.facts.certificate_of_qualification
    return certificate is not None and certificate.issued_on <= case.on


def _band(names: tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else names[-1]


def _cap(code: str, section: str, rule: str, points: int, most: int, lines: list[Line]) -> None:
    if points:
        lines.append(Line(code, section, rule, "max", points, {"max": most}))


def nomination_in_force(case: Case) -> bool:
    """Whether a nomination is in force on the day, its first and last day included."""
    nomination = case.facts.nomination
    return nomination is not None and nomination.issued_on <= case.on <= nomination.expires_on


def has_sibling(case: Case, minimum_age: int) -> bool:
    """Whether a sibling of the applicant or the accompanying partner, old enough, lives in Canada."""
    return bool(case.facts.relatives_in_canada) and any(
        one.relation == "sibling"
        and (one.of == "applicant" or case.partner is not None)
        and completed_years(one.born_on, case.on) >= minimum_age
        for one in case.facts.relatives_in_canada
    )


def french_points(case: Case, rules: CrsSet) -> int:
    """Points for French on all four abilities, by the level of English."""
    row, found = rules.additional.french, case.levels.get("french")
    if found is None or min(found) < row.minimum:
        return 0
    english = case.levels.get("english")
    low = english is None or min(english) < row.english_minimum
    return row.points_low_english if low else row.points


def canadian_education(case: Case, rules: CrsSet) -> tuple[int, str | None]:
    """Points for the best Canadian credential with enough months of study in Canada, and its level."""
    row = rules.additional.canadian_education
    best: tuple[int, str | None] = (0, None)
    for one in case.facts.education:
        if (
            one.country == "CAN"
            and one.completed_on <= case.on
            and one.full_time_in_canada_months >= row.minimum_months
        ):
            points = row.rows.get(one.level, 0)
            if points > best[0]:
                best = (points, one.level)
    return best


def offer_points(case: Case, rules: CrsSet) -> tuple[int, str | None]:
    """Points for a qualifying offer of arranged employment, and the paragraph of R82(2) on which it rests."""
    row, one = rules.additional.job_offer, case.facts.job_offer
    if one is None or not row.rows:
        return 0, None
    found = offer.basis(case.facts, case.on)
    if (
        found not in row.bases
        or one.employers != 1
        or one.hours_per_week < offer.FULL_TIME
        or not offer.lasts(one, row.minimum_months)
        or not offer.is_skilled(one, case.sets)
    ):
        return 0, None
    points = next((x.points for x in row.rows if not x.noc or one.noc.startswith(x.noc)), 0)
    return points, found


def _additional(case: Case, rules: CrsSet, lines: Lines) -> tuple[int, int, int, int, int, int]:
    table = rules.additional
    sibling = table.sibling.points if has_sibling(case, table.sibling.minimum_age) else 0
    french = french_points(case, rules)
    study, level = canadian_education(case, rules)
    job, paragraph = offer_points(case, rules)
    nomination = table.provincial_nomination.points if nomination_in_force(case) else 0
    whole = sibling + french + study + job + nomination
    result = min(whole, table.max)
    if lines is not None:
        add, rule = lines.append, rules.id
        add(Line(_code("crs.sibling", sibling), table.sibling.section, rule, None, sibling))
        levels_shown = {
            "french": min(case.levels.get("french", (0,))),
            "english": min(case.levels.get("english", (0,))),
        }
        add(Line(_code("crs.french", french), table.french.section, rule, None, french, levels_shown))
        by_level = {"level": level} if level else {}
        section = table.canadian_education.section
        add(Line(_code("crs.canadian_education", study), section, rule, level, study, by_level))
        by_basis = {"basis": paragraph} if paragraph else {}
        add(Line(_code("crs.job_offer", job), table.job_offer.section, rule, paragraph, job, by_basis))
        section = table.provincial_nomination.section
        add(Line(_code("crs.nomination", nomination), section, rule, None, nomination))
        _cap("crs.additional.cap", section, rule, result - whole, table.max, lines)
    return result, sibling, french, study, job, nomination


def _code(code: str, points: int) -> str:
    return code if points else code + ".none"
