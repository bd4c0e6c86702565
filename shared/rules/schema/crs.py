"""The form of the Comprehensive Ranking System."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.rules import tables
from shared.rules.schema.part import (
    AbilityFactor,
    Basis,
    Factor,
    LevelFactor,
    Part,
    Points,
    Prefixes,
    RuleSet,
    Table,
    check_reached,
)

SplitTable = Annotated[tables.SplitCells, BeforeValidator(tables.split_cells)]
SplitLevelTable = Annotated[tables.SplitCells, BeforeValidator(tables.split_level_cells)]
Bands = Annotated[tuple[str, ...], BeforeValidator(tables.names)]
PostSecondary = Annotated[
    str, Field(pattern=r"^(one_year|two_year|three_year_or_bachelor|masters_or_professional|doctoral)$")
]
Tiers = Annotated[tuple[str, ...], BeforeValidator(tables.tiers)]


class Both(Part):
    """The most points, with an accompanying partner and alone."""

    with_partner: Points
    alone: Points

    @property
    def columns(self) -> tuple[int, int]:
        """By column, as the tables have them."""
        return self.with_partner, self.alone


class SplitFactor(Part):
    """A factor of the CRS with one column for each of the two situations. `max` is what its rows reach."""

    times: ClassVar[int] = 1

    section: str
    max: Both
    rows: SplitTable

    @model_validator(mode="after")
    def _reached(self) -> Self:
        for most, column in zip(self.max.columns, self.rows, strict=True):
            check_reached(most, self.times, column)
        return self


class SplitAbilityFactor(SplitFactor):
    """A factor of which the rows give points for each of the four abilities."""

    times: ClassVar[int] = 4


class CappedAbilityFactor(SplitFactor):
    """The same, held to `max` where the four abilities together give more."""

    @model_validator(mode="after")
    def _reached(self) -> Self:
        for most, column in zip(self.max.columns, self.rows, strict=True):
            if most > 4 * max(cell.points for cell in column):
                raise ValueError(f"max says {most}, the rows do not reach it")
        return self


class SplitLevelFactor(Part):
    """Education in the CRS."""

    section: str
    max: Both
    rows: SplitLevelTable

    @model_validator(mode="after")
    def _reached(self) -> Self:
        for most, column in zip(self.max.columns, self.rows, strict=True):
            check_reached(most, 1, column)
        return self


class Core(Part):
    """A of the CRS: core human capital."""

    max: Both
    age: SplitFactor
    education: SplitLevelFactor
    first_language: SplitAbilityFactor
    second_language: CappedAbilityFactor
    canadian_work: SplitFactor


class PartnerFactors(Part):
    """B of the CRS: the accompanying partner."""

    max: Points
    education: LevelFactor
    language: AbilityFactor
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

    @model_validator(mode="after")
    def _whole(self) -> Self:
        rows = {"education_pair": self.education_tiers, "foreign_work_pair": self.foreign_work_bands}
        columns = {"language": self.language_bands, "canadian_work": self.canadian_work_bands}
        for pair, tiers in rows.items():
            for table, bands in columns.items():
                cells = getattr(getattr(self, pair), table)
                if set(cells) != set(tiers) or any(set(row) != set(bands) for row in cells.values()):
                    wanted = " by ".join(", ".join(dict.fromkeys(names)) for names in (tiers, bands))
                    raise ValueError(f"{pair}.{table}: exactly these cells are needed: {wanted}")
        return self


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
        rows: dict[PostSecondary, Points]

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
