"""The Comprehensive Ranking System: points out of 1,200, and a line for each."""

from typing import NamedTuple

from shared.rules.additional import additional
from shared.rules.lines import Line, Quantities
from shared.rules.quantities import Case, Levels, WorkHistory, education_level, levels
from shared.rules.scales import ABILITIES, LANGUAGE_OF
from shared.rules.schema import CrsSet, SplitFactor
from shared.rules.tables import LEVELS, Cells, lookup
from shared.rules.transferability import transferability
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
    c = transferability(case, rules, work, low, lines)
    d = additional(case, rules, lines)
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
            shown = _other_first(case, core.first_language.rows[column])
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


def _other_first(case: Case, cells: Cells) -> Quantities:
    """What declaring the other language first would give: here, and in all."""
    other = case.with_other_first()
    shown = {"other_points": ability_points(cells, other.first), "other_total": total_score(other, None).total}
    return {"language": case.facts.first_official_language, **shown}


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
