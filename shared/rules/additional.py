"""D of the CRS: nomination, sibling, French, study in Canada, job offer."""

from shared.rules import offer
from shared.rules.days import completed_years
from shared.rules.force import RuleSets
from shared.rules.lines import Line, cap
from shared.rules.quantities import Case
from shared.rules.schema import CrsSet


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


def additional(case: Case, rules: CrsSet, lines: list[Line] | None) -> tuple[int, int, int, int, int, int]:
    """D on the day of a case: its total after the cap, then sibling, French, study, offer, nomination."""
    table = rules.additional
    sibling = table.sibling.points if has_sibling(case, table.sibling.minimum_age) else 0
    french = french_points(case, rules)
    study, level = canadian_education(case, rules)
    job, paragraph = offer_points(case, rules)
    nomination = table.provincial_nomination.points if nomination_in_force(case) else 0
    whole = sibling + french + study + job + nomination
    result = min(whole, table.max)
    if lines is not None:
        spoken = min(case.levels.get("french", (0,))), min(case.levels.get("english", (0,)))
        parts = (sibling, french, study, job, nomination)
        lines += _explained(case.sets, parts, spoken, level, paragraph)
        section = table.provincial_nomination.section
        cap("crs.additional.cap", section, rules.id, result - whole, table.max, lines)
    return result, sibling, french, study, job, nomination


def _explained(
    sets: RuleSets,
    parts: tuple[int, int, int, int, int],
    spoken: tuple[int, int],
    level: str | None,
    paragraph: str | None,
) -> list[Line]:
    """The lines of the factors; few of them differ from one profile to another, so they are kept."""
    key = (parts, spoken, level, paragraph)
    found: list[Line] | None = sets.memo.get(key)
    if found is not None:
        return found
    table, rule = sets.crs.additional, sets.crs.id
    sibling, french, study, job, nomination = parts
    shown = {"french": spoken[0], "english": spoken[1]}
    by_level = {"level": level} if level else {}
    by_basis = {"basis": paragraph} if paragraph else {}
    section = table.canadian_education.section
    found = sets.memo[key] = [
        Line(_code("crs.sibling", sibling), table.sibling.section, rule, None, sibling),
        Line(_code("crs.french", french), table.french.section, rule, None, french, shown),
        Line(_code("crs.canadian_education", study), section, rule, level, study, by_level),
        Line(_code("crs.job_offer", job), table.job_offer.section, rule, paragraph, job, by_basis),
        Line(_code("crs.nomination", nomination), table.provincial_nomination.section, rule, None, nomination),
    ]
    return found


def _code(code: str, points: int) -> str:
    return code if points else code + ".none"
