"""The form of the programs: FSW, CEC, FST."""

from typing import Literal

from shared.rules.schema.part import AbilityFactor, Basis, Codes, Factor, LevelFactor, Part, Points, Prefixes, RuleSet


class WorkMinimum(Part):
    """Hours of work in a window of years that ends the day before; unbroken across gaps of `gap_days`."""

    section: str
    hours: int
    window_years: int
    gap_days: int | None = None


class LevelMinimum(Part):
    """A level that each of the four abilities needs."""

    section: str
    level: int


class Award(Part):
    """Points given whole or not at all."""

    section: str
    points: Points


class Minimum(Part):
    """R75(2): what must be met before any point is counted."""

    class Education(Part):
        section: str
        level: str

    class ProfessionalBodies(Part):
        section: str
        mcc: Codes
        pebc: Codes
        cacb: Codes

    work: WorkMinimum
    language: LevelMinimum
    education: Education
    professional_bodies: ProfessionalBodies


class Adaptability(Part):
    """R83: elements that are added, then held to `max`."""

    class Work(Award):
        hours: int

    class Relative(Award):
        minimum_age: int

    class Language(Award):
        minimum: int

    class Study(Part):
        months: int
        program_months: int
        hours_per_week: int

    section: str
    max: Points
    partner_language: Language
    own_study: Award
    partner_study: Award
    own_work: Work
    partner_work: Work
    relative: Relative
    arranged_employment: Award
    full_time_hours_per_week: int
    study: Study


class FswSet(RuleSet):
    """The Federal Skilled Worker class: R75 to R83."""

    class Sections(Part):
        residence: str
        pass_mark: str
        funds: str

    class SecondLanguage(Award):
        minimum: int

    class Experience(Factor):
        window_years: int

    class ArrangedEmployment(Award):
        hours_per_week: int
        minimum_months: int
        funds_exempt: tuple[Basis, ...]

    kind: Literal["fsw"]
    pass_mark: Points
    sections: Sections
    minimum: Minimum
    education: LevelFactor
    first_language: AbilityFactor
    second_language: SecondLanguage
    experience: Experience
    age: Factor
    arranged_employment: ArrangedEmployment
    adaptability: Adaptability


class CecSet(RuleSet):
    """The Canadian Experience Class: R87.1."""

    class Row(Part):
        teer: tuple[int, ...]
        level: int

    class Language(Part):
        section: str
        rows: "tuple[CecSet.Row, ...]"

    kind: Literal["cec"]
    work: WorkMinimum
    exclusions: str
    language: Language
    residence: str


class FstSet(RuleSet):
    """The Federal Skilled Trades class: R87.2."""

    class Groups(Part):
        section: str
        included: Prefixes
        excluded: Prefixes

    class Language(Part):
        section: str
        listening: int
        reading: int
        writing: int
        speaking: int

    class Offer(Part):
        section: str
        hours_per_week: int
        minimum_months: int
        employers: int

    class Funds(Part):
        section: str
        exempt: tuple[Basis, ...]

    kind: Literal["fst"]
    groups: Groups
    work: WorkMinimum
    requirements: str
    language: Language
    certificate: str
    offer: Offer
    funds: Funds
    residence: str
