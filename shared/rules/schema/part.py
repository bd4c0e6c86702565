"""What the models of the rule sets share."""

from datetime import date
from typing import Annotated, Literal, Self

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
    """A factor with one column."""

    section: str
    max: Points
    rows: Table


class LevelFactor(Part):
    """Education with one column."""

    section: str
    max: Points
    rows: LevelTable
