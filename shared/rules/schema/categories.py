"""The form of the categories."""

from typing import Annotated, Literal

from pydantic import Field

from shared.rules.schema.part import Codes, Part, RuleSet


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

    def of(self, lang: str) -> str:
        """The name in `en` or `fr`."""
        return self.fr if lang == "fr" else self.en


class CategorySet(RuleSet):
    """One version of a category established by the Minister: A10.3(1)(h.2)."""

    kind: Literal["category"]
    key: str
    version: str
    name: Name
    section: str
    test: Annotated[WorkTest | LanguageTestOfCategory | MilitaryTest, Field(discriminator="kind")]
    noc: Codes = ()
