"""The form of funds, language tests, skilled occupations and the policy for physicians."""

from datetime import date
from itertools import pairwise
from typing import Literal, Self

from pydantic import model_validator

from shared.rules.scales import ABILITIES
from shared.rules.schema.part import Codes, Part, Points, RuleSet


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
