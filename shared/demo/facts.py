"""Facts of a candidate from a few traits: what the population is made of. Nothing is scored here."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

AS_ON = date(2026, 8, 16)

ENGLISH = {  # CLB: IELTS listening, reading, writing, speaking
    5: (5.0, 4.0, 5.0, 5.0),
    6: (5.5, 5.0, 5.5, 5.5),
    7: (6.0, 6.0, 6.0, 6.0),
    8: (7.5, 6.5, 6.5, 6.5),
    9: (8.0, 7.0, 7.0, 7.0),
    10: (8.5, 8.0, 7.5, 7.5),
}
FRENCH = {  # NCLC: TEF Canada listening, reading, writing, speaking
    5: (352, 352, 330, 387),
    6: (393, 393, 379, 422),
    7: (434, 434, 428, 456),
    8: (462, 462, 472, 494),
    9: (503, 503, 512, 518),
    10: (546, 546, 558, 556),
}
LEVELS = ("secondary", "one_year", "two_year", "three_year_or_bachelor", "masters_or_professional", "doctoral")
OCCUPATIONS = ("21231", "21232", "31301", "11102", "13110", "22220", "41401", "62010", "12200", "21311")
TRADE = "72310"
CITIZENSHIPS = ("IND", "CHN", "NGA", "FRA", "CMR", "PHL", "BRA", "MAR", "PAK", "SEN", "MEX", "KOR")


@dataclass(frozen=True, slots=True)
class Traits:
    """What decides the score of a candidate without a partner."""

    age: int
    level: str
    english: int
    french: int
    canadian_years: int
    foreign_years: int
    first: str
    studied_in_canada: bool
    sibling: bool
    nominee: bool
    tradesperson: bool
    occupation: str


def draw(random: Random) -> Traits:
    """Traits of somebody who could be in the pool."""
    tradesperson = random.random() < 0.06
    french = random.choices((0, 5, 6, 7, 8, 9, 10), (58, 4, 4, 10, 9, 9, 6))[0]
    first = "french" if french >= 7 and random.random() < 0.8 else "english"
    return Traits(
        age=min(max(round(random.gauss(31, 6.5)), 20), 50),
        level=random.choices(LEVELS, (9, 6, 14, 36, 30, 5))[0],
        english=random.choices((5, 6, 7, 8, 9, 10), (9, 9, 20, 20, 25, 17))[0],
        french=french,
        canadian_years=random.choices((0, 1, 2, 3, 4, 5), (42, 22, 16, 10, 6, 4))[0],
        foreign_years=random.choices((0, 1, 2, 3, 5), (18, 14, 16, 28, 24))[0],
        first=first,
        studied_in_canada=random.random() < 0.3,
        sibling=random.random() < 0.06,
        nominee=random.random() < 0.04,
        tradesperson=tradesperson,
        occupation=TRADE if tradesperson else random.choice(OCCUPATIONS),
    )


def facts(traits: Traits, random: Random) -> dict[str, Any]:
    """The facts of one candidate with these traits, in the shape of a submission; the rest is chance."""
    born = date(AS_ON.year - traits.age, AS_ON.month, AS_ON.day) - timedelta(days=random.randrange(1, 360))
    citizenship = random.choice(CITIZENSHIPS)
    found: dict[str, Any] = {
        "date_of_birth": born.isoformat(),
        "citizenship": citizenship,
        "residence": "CAN" if traits.canadian_years else citizenship,
        "intended_province": random.choice(("ON", "BC", "AB", "MB", "NS", "NB", "SK")),
        "family_size": random.choice((1, 1, 2, 3, 4)),
        "settlement_funds_cad": random.randrange(30_000, 90_000, 500),
        "education": [_education(traits, citizenship)],
        "first_official_language": traits.first,
        "language_tests": _tests(traits, random),
        "work": _work(traits, citizenship, random),
        "primary_noc": traits.occupation,
    }
    if traits.sibling:
        sibling = {"of": "applicant", "relation": "sibling", "born_on": "1988-03-12", "status": "citizen"}
        found["relatives_in_canada"] = [sibling]
    if traits.nominee:
        found["nomination"] = {"province": "BC", "issued_on": "2026-07-01", "expires_on": "2027-06-30"}
    if traits.tradesperson:
        trade = {"noc": TRADE, "qualified_on": "2015-06-01", "meets_employment_requirements": True}
        found["trade"] = trade
        found["certificate_of_qualification"] = {"noc": TRADE, "issued_by": "ON", "issued_on": "2024-02-01"}
    return found


def _education(traits: Traits, citizenship: str) -> dict[str, Any]:
    one: dict[str, Any] = {"level": traits.level, "completed_on": "2019-06-30"}
    if traits.studied_in_canada and traits.level != "secondary":
        return {**one, "country": "CAN", "full_time_in_canada_months": 16}
    return {**one, "country": citizenship, "eca_issued_on": "2025-01-15", "eca_issued_by": "wes"}


def _tests(traits: Traits, random: Random) -> list[dict[str, Any]]:
    taken = date(2025, 11, 1) + timedelta(days=random.randrange(120))
    tests = []
    for name, level, table in (
        ("ielts_general_training", traits.english, ENGLISH),
        ("tef_canada", traits.french, FRENCH),
    ):
        if level:
            listening, reading, writing, speaking = table[level]
            scores = {"listening": listening, "reading": reading, "writing": writing, "speaking": speaking}
            days = {"taken_on": taken.isoformat(), "results_on": (taken + timedelta(days=14)).isoformat()}
            tests.append({"test": name, **days, **scores})
    return tests


def _work(traits: Traits, citizenship: str, random: Random) -> list[dict[str, Any]]:
    """Whole years with some weeks more, so that a week more or less changes nothing; the last job has ended."""
    jobs = []
    end = AS_ON - timedelta(days=random.randrange(20, 60))
    for country, years in (("CAN", traits.canadian_years), (citizenship, traits.foreign_years)):
        if years:
            begin = end - timedelta(days=365 * years + 30)
            job = {"noc": traits.occupation, "country": country, "hours_per_week": 40}
            jobs.append({**job, "from": begin.isoformat(), "to": end.isoformat()})
            end = begin - timedelta(days=30)
    return jobs
