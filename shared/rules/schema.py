"""The form of the rule sets (`data/sets/*.yaml`): one model for each kind. Tables are compiled as they are read."""

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.rules import noc, tables
from shared.rules.scales import ABILITIES

Table = Annotated[tables.Cells, BeforeValidator(tables.cells)]
SplitTable = Annotated[tables.SplitCells, BeforeValidator(tables.split_cells)]
LevelTable = Annotated[tables.Cells, BeforeValidator(tables.level_cells)]
SplitLevelTable = Annotated[tables.SplitCells, BeforeValidator(tables.split_level_cells)]
Bands = Annotated[tuple[str, ...], BeforeValidator(tables.names)]
Tiers = Annotated[tuple[str, ...], BeforeValidator(tables.tiers)]
Codes = tuple[Annotated[str, AfterValidator(noc.check)], ...]
Prefixes = tuple[Annotated[str, Field(pattern=r"^\d{1,5}$")], ...]
Points = Annotated[int, Field(ge=0)]
Basis = Literal["a", "b", "c", "d"]


class Part(BaseModel):
    """A part of a rule set: closed, so that a misspelt name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleSet(Part):
    """What every rule set has. Holds for new profiles from `effective_from`, in the pool from `pool_from`."""

    id: str
    kind: str
    based_on: str | None = None
    effective_from: date
    pool_from: date | None = None
    effective_to: date | None = None
    confirmed_until: date | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.pool_from is not None and self.pool_from < self.effective_from:
            raise ValueError("pool_from is before effective_from")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to is before effective_from")
        return self


class Both(Part):
    """The most points, with an accompanying partner and alone."""

    with_partner: Points
    alone: Points

    @property
    def columns(self) -> tuple[int, int]:
        """By column, as the tables have them."""
        return self.with_partner, self.alone


class SplitFactor(Part):
    """A factor of the CRS with one column for each of the two situations."""

    section: str
    max: Both
    rows: SplitTable


class SplitLevelFactor(Part):
    """Education in the CRS."""

    section: str
    max: Both
    rows: SplitLevelTable


class Factor(Part):
    """A factor with one column."""

    section: str
    max: Points
    rows: Table


class LevelFactor(Part):
    """Education with one column."""

    section: str
    max: Points
    rows: LevelTable


class Core(Part):
    """A of the CRS: core human capital."""

    max: Both
    age: SplitFactor
    education: SplitLevelFactor
    first_language: SplitFactor
    second_language: SplitFactor
    canadian_work: SplitFactor


class PartnerFactors(Part):
    """B of the CRS: the accompanying partner."""

    max: Points
    education: LevelFactor
    language: Factor
    canadian_work: Factor


class Pair(Part):
    """Two factors of C of the CRS, added and then held to `max`."""

    max: Points
    language: dict[str, dict[str, Points]]
    canadian_work: dict[str, dict[str, Points]]


class Transferability(Part):
    """C of the CRS."""

    class ForeignWork(Part):
        single_occupation: bool

    class Certificate(Part):
        max: Points
        rows: Table

        @model_validator(mode="after")
        def _reached(self) -> Self:
            if max(cell.points for cell in self.rows) != self.max:
                raise ValueError("max is not what the highest row gives")
            return self

    section: str
    max: Points
    language_bands: Bands
    canadian_work_bands: Bands
    foreign_work_bands: Bands
    education_tiers: Tiers
    foreign_work: ForeignWork
    education_pair: Pair
    foreign_work_pair: Pair
    certificate: Certificate


class Additional(Part):
    """D of the CRS. `rows` of `job_offer`: the first whose digits begin the NOC code; none = every code."""

    class Nomination(Part):
        section: str
        points: Points

    class Sibling(Part):
        section: str
        points: Points
        minimum_age: int

    class French(Part):
        section: str
        minimum: int
        english_minimum: int
        points_low_english: Points
        points: Points

    class CanadianEducation(Part):
        section: str
        minimum_months: int
        rows: dict[str, Points]

    class OfferRow(Part):
        noc: Prefixes
        points: Points

    class JobOffer(Part):
        section: str
        bases: tuple[Basis, ...]
        minimum_months: int | None = None
        rows: "tuple[Additional.OfferRow, ...]"

    max: Points
    provincial_nomination: Nomination
    sibling: Sibling
    french: French
    canadian_education: CanadianEducation
    job_offer: JobOffer


class CrsSet(RuleSet):
    """The Comprehensive Ranking System."""

    kind: Literal["crs"]
    max: Points
    core: Core
    partner: PartnerFactors
    transferability: Transferability
    additional: Additional

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        factors = (
            self.core.age,
            self.core.education,
            self.core.first_language,
            self.core.second_language,
            self.core.canadian_work,
        )
        for column, name in enumerate(("with_partner", "alone")):
            total = sum(factor.max.columns[column] for factor in factors)
            if total != self.core.max.columns[column]:
                raise ValueError(f"core: the factors' most points add up to {total} under {name}, max says otherwise")
        parts = self.partner.education.max + self.partner.language.max + self.partner.canadian_work.max
        if parts != self.partner.max:
            raise ValueError(f"partner: the factors' most points add up to {parts}, max says {self.partner.max}")
        for total in (self.core.max.alone, self.core.max.with_partner + self.partner.max):
            if total + self.transferability.max + self.additional.max != self.max:
                raise ValueError(f"max: the sections do not add up to {self.max}")
        return self


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
    first_language: Factor
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


class FundsSet(RuleSet):
    """Settlement funds by size of the family, CAD."""

    kind: Literal["funds"]
    section: str
    amounts: dict[int, Points]
    each_additional: Points

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if sorted(self.amounts) != list(range(1, len(self.amounts) + 1)):
            raise ValueError("amounts: the sizes 1, 2, 3 and so on are needed without a gap")
        return self

    def amount(self, family_size: int) -> int:
        """The amount for a family of that size."""
        largest = len(self.amounts)
        if family_size <= largest:
            return self.amounts[family_size]
        return self.amounts[largest] + (family_size - largest) * self.each_additional


class TestTable(Part):
    """The levels of one test, by ability: level to [lowest, highest] score."""

    language: Literal["english", "french"]
    accepted_from: date | None = None
    levels: dict[str, dict[int, tuple[float, float]]]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.levels) != set(ABILITIES):
            raise ValueError(f"levels: exactly these abilities are needed: {', '.join(ABILITIES)}")
        for ability, rows in self.levels.items():
            if list(rows) != list(range(4, 11)):
                raise ValueError(f"levels.{ability}: exactly the levels 4 to 10 are needed, in order")
            pairs = list(rows.values())
            if any(low > high for low, high in pairs) or any(a[1] >= b[0] for a, b in pairwise(pairs)):
                raise ValueError(f"levels.{ability}: the scores of two levels overlap")
        return self


class LanguageSet(RuleSet):
    """Test scores to levels, and how long a result counts."""

    kind: Literal["language"]
    section: str
    validity_years: int
    tests: dict[str, TestTable]


class OccupationsSet(RuleSet):
    """Which occupations are skilled: by TEER, or by the NOC 2016 groups that a code came from."""

    kind: Literal["occupations"]
    basis: Literal["teer", "noc_2016"]


class PhysiciansSet(RuleSet):
    """The public policy for physicians."""

    kind: Literal["physicians"]
    section: str
    noc: Codes


class Counts(Part):
    """What work counts for a category."""

    canada_authorized_only: bool
    excludes_self_employed: bool
    excludes_full_time_student: bool
    publicly_funded_medical_services_excepted: bool
    assumed: bool


class WorkTest(Part):
    """Hours in one of the listed occupations."""

    kind: Literal["work"]
    hours: int
    window_years: int
    continuous: bool
    gap_days: int
    in_canada_only: bool
    counts: Counts


class LanguageTestOfCategory(Part):
    """A level in one official language on each of the four abilities."""

    kind: Literal["language"]
    language: Literal["english", "french"]
    minimum: int


class MilitaryTest(Part):
    """Service in a foreign military and an offer of the Canadian Forces."""

    kind: Literal["military"]
    service_years: int
    offer_hours_per_week: int
    offer_months: int
    minimum_education: str


class Name(Part):
    """A name in both official languages."""

    en: str
    fr: str


class CategorySet(RuleSet):
    """One version of a category established by the Minister: A10.3(1)(h.2)."""

    kind: Literal["category"]
    key: str
    version: str
    name: Name
    section: str
    test: Annotated[WorkTest | LanguageTestOfCategory | MilitaryTest, Field(discriminator="kind")]
    noc: Codes = ()


AnySet = Annotated[
    CrsSet | FswSet | CecSet | FstSet | FundsSet | LanguageSet | OccupationsSet | PhysiciansSet | CategorySet,
    Field(discriminator="kind"),
]
