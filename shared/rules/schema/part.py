"""What the models of the rule sets share."""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.rules import noc, tables

Table = Annotated[tables.Cells, BeforeValidator(tables.cells)]
LevelTable = Annotated[tables.Cells, BeforeValidator(tables.level_cells)]
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


class Factor(Part):
    """A factor with one column. `max` is what its rows reach."""

    times: ClassVar[int] = 1

    section: str
    max: Points
    rows: Table

    @model_validator(mode="after")
    def _reached(self) -> Self:
        check_reached(self.max, self.times, self.rows)
        return self


class AbilityFactor(Factor):
    """A factor of which the rows give points for each of the four abilities."""

    times: ClassVar[int] = 4


class LevelFactor(Part):
    """Education with one column."""

    section: str
    max: Points
    rows: LevelTable

    @model_validator(mode="after")
    def _reached(self) -> Self:
        check_reached(self.max, 1, self.rows)
        return self


def check_reached(most: int, times: int, rows: tables.Cells) -> None:
    """Raises `ValueError` where the most that rows give, so many times, is not the most that is stated."""
    reached = times * max(cell.points for cell in rows)
    if reached != most:
        raise ValueError(f"max says {most}, the rows reach {reached}")
