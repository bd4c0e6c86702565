"""C of the CRS: skill transferability (MI 21 to 27)."""

from typing import NamedTuple

from shared.rules.lines import NOTHING, Line, Quantities, cap
from shared.rules.quantities import Case
from shared.rules.schema import CrsSet
from shared.rules.tables import LEVELS, lookup
from shared.rules.work import HOUR, YEAR, total


def foreign_work(case: Case, rules: CrsSet, low: int) -> int:
    """Hours of foreign work: of all occupations, or of the one with most where a set asks for one."""
    jobs = case.history.foreign
    if not jobs or not rules.transferability.foreign_work.single_occupation:
        return total(jobs, low, case.today)
    return max(total([x for x in jobs if x.noc == code], low, case.today) for code in {x.noc for x in jobs})


class Transfer(NamedTuple):
    """Points of C after the caps (`total`) and of its factors before them."""

    total: int
    education_language: int
    education_canadian_work: int
    foreign_work_language: int
    foreign_work_canadian_work: int
    certificate: int


class _Bands(NamedTuple):
    """What the rows of C go by."""

    tier: str
    language: str
    canadian: str
    foreign: str


def transferability(case: Case, rules: CrsSet, work: int, low: int, lines: list[Line] | None) -> Transfer:
    """C on the day of a case; `work`: the hours of Canadian work in the window that begins on the day `low`."""
    table = rules.transferability
    lowest = min(case.first) if case.first is not None else 0
    abroad = foreign_work(case, rules, low)
    bands = _Bands(
        table.education_tiers[case.education or 0],
        _band(table.language_bands, lowest),
        _band(table.canadian_work_bands, work // YEAR),
        _band(table.foreign_work_bands, abroad // YEAR),
    )
    by_education, by_foreign = table.education_pair, table.foreign_work_pair
    one = by_education.language[bands.tier][bands.language]
    two = by_education.canadian_work[bands.tier][bands.canadian]
    three = by_foreign.language[bands.foreign][bands.language]
    four = by_foreign.canadian_work[bands.foreign][bands.canadian]
    certificate = lookup(table.certificate.rows, lowest).points if certificate_held(case) else 0
    whole = min(one + two, by_education.max) + min(three + four, by_foreign.max) + certificate
    found = Transfer(min(whole, table.max), one, two, three, four, certificate)
    if lines is not None:
        _explain(case, rules, found, bands, (lowest, work, abroad), lines)
    return found


def _explain(
    case: Case, rules: CrsSet, found: Transfer, bands: _Bands, counted: tuple[int, int, int], lines: list[Line]
) -> None:
    lowest, work, abroad = counted
    table, rule = rules.transferability, rules.id
    section, level = table.section, LEVELS[case.education or 0]
    years, canadian = abroad // YEAR, work // YEAR

    def add(name: str, row: str, points: int, shown: Quantities, declared: Quantities = NOTHING) -> None:
        lines.append(Line(f"crs.transfer.{name}", section, rule, row, points, shown, declared))

    row = f"{bands.tier}, {bands.language}"
    add("education_language", row, found.education_language, {"level": level, "lowest": lowest})
    row = f"{bands.tier}, {bands.canadian}"
    add("education_canadian_work", row, found.education_canadian_work, {"level": level, "years": canadian})
    both = found.education_language + found.education_canadian_work
    one = min(both, table.education_pair.max)
    cap("crs.transfer.education.cap", section, rule, one - both, table.education_pair.max, lines)
    row, shown = f"{bands.foreign}, {bands.language}", {"years": years, "hours": abroad // HOUR, "lowest": lowest}
    add("foreign_work_language", row, found.foreign_work_language, shown, {"jobs": case.history.foreign})
    row, shown = f"{bands.foreign}, {bands.canadian}", {"years": years, "canadian_years": canadian}
    add("foreign_work_canadian_work", row, found.foreign_work_canadian_work, shown)
    both = found.foreign_work_language + found.foreign_work_canadian_work
    two = min(both, table.foreign_work_pair.max)
    cap("crs.transfer.foreign_work.cap", section, rule, two - both, table.foreign_work_pair.max, lines)
    name = "certificate" if certificate_held(case) else "certificate.none"
    add(name, f"lowest {lowest}", found.certificate, {"lowest": lowest})
    whole = one + two + found.certificate
    cap("crs.transfer.cap", section, rule, found.total - whole, table.max, lines)


def certificate_held(case: Case) -> bool:
    """Whether a certificate of qualification is held on the day, in any trade."""
    certificate = case.facts.certificate_of_qualification
    return certificate is not None and certificate.issued_on <= case.on


def _band(names: tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else names[-1]
