"""The form of the rule sets (`data/sets/*.yaml`): one model for each kind. Tables are compiled as they are read."""

from typing import Annotated

from pydantic import Field

from shared.rules.schema.categories import CategorySet, LanguageTestOfCategory, MilitaryTest, WorkTest
from shared.rules.schema.crs import CrsSet, SplitFactor
from shared.rules.schema.part import RuleSet
from shared.rules.schema.programs import CecSet, FstSet, FswSet
from shared.rules.schema.tables import FundsSet, LanguageSet, OccupationsSet, PhysiciansSet

__all__ = [
    "AnySet",
    "CategorySet",
    "CecSet",
    "CrsSet",
    "FstSet",
    "FswSet",
    "FundsSet",
    "LanguageSet",
    "LanguageTestOfCategory",
    "MilitaryTest",
    "OccupationsSet",
    "PhysiciansSet",
    "RuleSet",
    "SplitFactor",
    "WorkTest",
]

AnySet = Annotated[
    CrsSet | FswSet | CecSet | FstSet | FundsSet | LanguageSet | OccupationsSet | PhysiciansSet | CategorySet,
    Field(discriminator="kind"),
]
