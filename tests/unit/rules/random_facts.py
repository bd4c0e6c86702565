"""Random profiles that meet the form: every kind of fact, with days close enough to matter."""

import random
from datetime import date, timedelta
from typing import Any

from shared.rules import Facts

NOCS = (
    "21231",
    "21231",
    "31100",
    "31301",
    "62200",
    "72310",
    "63200",
    "00012",
    "41200",
    "73112",
    "64100",
    "33102",
    "43100",
)
LEVELS = (
    "less_than_secondary",
    "secondary",
    "one_year",
    "two_year",
    "three_year_or_bachelor",
    "three_year_or_bachelor",
    "masters_or_professional",
    "doctoral",
)
HOURS = (10, 15, 20, 29.9, 30, 37.5, 40, 50)


class RandomFacts:
    """Facts from a seed, with days around `on`."""

    def __init__(self, seed: int, on: date) -> None:
        self.rng = random.Random(seed)
        self.on = on

    def facts(self) -> Facts:
        return Facts.model_validate(self.plain())

    def plain(self) -> dict[str, Any]:
        rng, day = self.rng, self.day
        maybe = self.maybe
        return {
            "date_of_birth": day(-50 * 365, -17 * 365),
            "citizenship": "IND",
            "residence": rng.choice(("CAN", "IND")),
            "intended_province": rng.choice(("ON", "ON", "ON", "BC", "QC")),
            "family_size": rng.randint(1, 9),
            "settlement_funds_cad": rng.choice((0, 14000, 20000, 28362, 60000)),
            "partner": maybe(self.partner),
            "education": self.some(self.credential, 3),
            "study_in_canada": self.some(self.study, 2),
            "first_official_language": rng.choice(("english", "french")),
            "language_tests": [self.test(one) for one in rng.choice((("e",), ("f",), ("e", "f"), ("e", "f"), ()))],
            "work": self.some(self.job, 5),
            "primary_noc": rng.choice((*NOCS, None)),
            "trade": maybe(
                lambda: {
                    "noc": rng.choice(("72310", "63200")),
                    "qualified_on": day(-2500, 300),
                    "meets_employment_requirements": rng.random() < 0.9,
                }
            ),
            "certificate_of_qualification": maybe(
                lambda: {
                    "noc": rng.choice(("72310", "63200")),
                    "issued_by": rng.choice(("ON", "CAN")),
                    "issued_on": day(-900, 200),
                }
            ),
            "work_permit": maybe(self.permit),
            "job_offer": maybe(self.offer),
            "nomination": maybe(self.nomination),
            "relatives_in_canada": self.some(self.relative, 2),
            "military": maybe(self.military),
        }

    def day(self, low: int, high: int) -> date:
        return self.on + timedelta(days=self.rng.randint(low, high))

    def maybe(self, make: Any, share: float = 0.4) -> Any:
        return make() if self.rng.random() < share else None

    def some(self, make: Any, most: int) -> list[Any]:
        return [make() for _ in range(self.rng.randint(0, most))]

    def test(self, language: str) -> dict[str, Any]:
        rng = self.rng
        results = self.day(-800, 60)
        taken = results - timedelta(days=rng.randint(0, 30))
        days = {"taken_on": taken, "results_on": rng.choice((results, None))}
        if language == "e":
            return {
                "test": "celpip_general",
                **days,
                **{one: rng.randint(3, 12) for one in ("listening", "reading", "writing", "speaking")},
            }
        high, low = rng.choice(((549, 16), (530, 14), (500, 12), (460, 10), (380, 6), (331, 4)))
        return {"test": "tcf_canada", **days, "listening": high, "reading": high, "writing": low, "speaking": low}

    def credential(self) -> dict[str, Any]:
        rng = self.rng
        country = rng.choice(("CAN", "IND"))
        return {
            "level": rng.choice(LEVELS),
            "country": country,
            "completed_on": self.day(-4000, 200),
            "eca_issued_on": self.maybe(lambda: self.day(-2000, 100), 0.8),
            "eca_issued_by": rng.choice(("wes", "mcc", None)),
            "full_time_in_canada_months": rng.choice((0, 7, 8, 16)),
        }

    def study(self) -> dict[str, Any]:
        rng = self.rng
        begin = self.day(-1500, 100)
        return {
            "from": begin,
            "to": rng.choice((None, begin + timedelta(days=rng.randint(0, 900)))),
            "program_months": rng.choice((12, 24, 36)),
            "hours_per_week": rng.choice((10, 15, 25)),
            "good_standing": rng.random() < 0.9,
        }

    def job(self) -> dict[str, Any]:
        rng = self.rng
        begin = self.day(-4200, 200)
        return {
            "noc": rng.choice(NOCS),
            "country": rng.choice(("CAN", "CAN", "IND")),
            "from": begin,
            "to": rng.choice((None, begin + timedelta(days=rng.randint(0, 1500)))),
            "hours_per_week": rng.choice(HOURS),
            "authorized": rng.random() < 0.9,
            "temporary_resident": rng.random() < 0.9,
            "self_employed": rng.random() < 0.15,
            "full_time_student": rng.random() < 0.1,
            "publicly_funded_medical_services": rng.random() < 0.3,
        }

    def partner(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "accompanying": rng.random() < 0.8,
            "status_in_canada": rng.choice(("none", "none", "citizen", "permanent_resident")),
            "residence": rng.choice(("CAN", "IND")),
            "education": self.some(self.credential, 2),
            "language_tests": self.some(lambda: self.test("e"), 1),
            "work": self.some(self.job, 2),
            "study_in_canada": self.some(self.study, 1),
        }

    def permit(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "kind": rng.choice(("lmia", "204a", "204c", "205", "open", "other")),
            "expires_on": self.day(-100, 900),
            "employer_made_offer": rng.random() < 0.6,
            "with_employer_since": self.maybe(lambda: self.day(-700, 30), 0.7),
        }

    def offer(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "noc": rng.choice(NOCS),
            "hours_per_week": rng.choice(HOURS),
            "months": rng.choice((None, 6, 12, 24)),
            "employers": rng.choice((1, 1, 1, 2, 3)),
            "lmia_valid_until": self.maybe(lambda: self.day(-100, 500), 0.6),
            "publicly_funded_medical_services": rng.random() < 0.2,
        }

    def nomination(self) -> dict[str, Any]:
        begin = self.day(-200, 60)
        return {
            "province": self.rng.choice(("BC", "QC", "ON")),
            "issued_on": begin,
            "expires_on": begin + timedelta(days=self.rng.randint(0, 250)),
        }

    def relative(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "of": rng.choice(("applicant", "partner")),
            "relation": rng.choice(("sibling", "parent", "niece_nephew")),
            "born_on": self.day(-20 * 365, -16 * 365),
            "status": rng.choice(("citizen", "permanent_resident")),
        }

    def military(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "country": "FRA",
            "service_from": self.day(-4200, -3000),
            "service_to": self.maybe(lambda: self.on, 0.2),
            "experience_noc": "42102",
            "offer_by_canadian_forces": rng.random() < 0.9,
            "offer_noc": "42102",
            "offer_hours_per_week": 40,
            "offer_months": rng.choice((36, 35, None)),
        }
