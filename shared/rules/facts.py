"""What a profile declares: facts (dates, scores, hours, papers held), never points, levels or verdicts.

Strict: no text is taken for a number, no number for a truth value, no instant for a date. Unknown fields are
ignored, so that an upstream may send more than this version knows; a known field of another type is an error.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from shared.rules import noc, scales

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


def _calendar_day(value: object) -> object:
    """A `date`, or its text; anything else (a number, an instant) is left for the strict schema to refuse."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) == 10 and value[4] == value[7] == "-" else value
        except ValueError:
            return value
    return value


class _DaySchema:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        day = core_schema.date_schema(strict=True, ge=FIRST_DAY, le=LAST_DAY)
        return core_schema.no_info_before_validator_function(_calendar_day, day)


Day = Annotated[date, _DaySchema]
"""A day of the calendar, 1900-01-01 to 2199-12-31, written YYYY-MM-DD."""

Noc = Annotated[str, AfterValidator(noc.check)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Hours = Annotated[float, Field(ge=0, le=168, allow_inf_nan=False)]
Months = Annotated[int, Field(ge=0, le=1200)]
Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]

Province = Literal["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]
Issuer = Literal["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT", "CAN"]
OfficialLanguage = Literal["english", "french"]
TestName = Literal["ielts_general_training", "celpip_general", "pte_core", "tef_canada", "tcf_canada"]
Score = Annotated[float, Field(allow_inf_nan=False)] | Literal["M"]
EcaBody = Literal["wes", "icas", "iqas", "ces", "ices", "mcc", "pebc", "cacb"]
Level = Literal[
    "less_than_secondary",
    "secondary",
    "one_year",
    "two_year",
    "three_year_or_bachelor",
    "masters_or_professional",
    "doctoral",
]


class Fact(BaseModel):
    """The base of every fact: frozen, strict, silent about its input in errors and about its values in `repr`."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", hide_input_in_errors=True, serialize_by_alias=True
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """The number that a profile or an application goes by, where there is one; nothing else."""
        return [(name, getattr(self, name)) for name in ("profile_id", "version") if name in type(self).model_fields]


def _not_before(first: str, last: date | None, info: ValidationInfo) -> date | None:
    begin = info.data.get(first)
    if last is not None and begin is not None and last < begin:
        raise PydanticCustomError("to_before_from", "the last day is before the first")
    return last


class Education(Fact):
    """A credential: the Canadian one, or what its assessment (ECA) says that it equals (R75(2)(e), R78)."""

    level: Level
    country: Country
    completed_on: Day
    eca_issued_on: Day | None = None
    eca_issued_by: EcaBody | None = None
    full_time_in_canada_months: Months = 0


class StudyInCanada(Fact):
    """A period of study in Canada, with or without a credential (R83(1)(b), (b.1))."""

    from_: Day = Field(alias="from")
    to: Day | None = None
    program_months: Months
    hours_per_week: Hours
    authorized: bool = True
    good_standing: bool = True

    @field_validator("to")
    @classmethod
    def _to_after_from(cls, to: date | None, info: ValidationInfo) -> date | None:
        return _not_before("from_", to, info)


class LanguageTest(Fact):
    """A test of an official language, with the scores as printed on the certificate (R74)."""

    test: TestName
    taken_on: Day
    results_on: Day | None = None
    listening: Score
    reading: Score
    writing: Score
    speaking: Score

    @field_validator("listening", "reading", "writing", "speaking")
    @classmethod
    def _on_scale(cls, score: float | str, info: ValidationInfo) -> float | str:
        test, taken_on = info.data.get("test"), info.data.get("taken_on")
        if test is None or (test == "tef_canada" and taken_on is None) or info.field_name is None:
            return score
        scale = scales.SCALES[scales.table_of(test, taken_on or LAST_DAY)][info.field_name]
        if not scale.holds(score):
            limits = {"lowest": scale.lowest, "highest": scale.highest, "step": scale.step}
            raise PydanticCustomError("score_off_scale", "not on the scale", {"test": test, **limits})
        return score


class Work(Fact):
    """One paid job; `from` and `to` are both days worked, `to` null while it goes on (R73(2))."""

    noc: Noc
    country: Country
    from_: Day = Field(alias="from")
    to: Day | None = None
    hours_per_week: Hours
    authorized: bool = True
    temporary_resident: bool = True
    self_employed: bool = False
    full_time_student: bool = False
    publicly_funded_medical_services: bool = False

    @field_validator("to")
    @classmethod
    def _to_after_from(cls, to: date | None, info: ValidationInfo) -> date | None:
        return _not_before("from_", to, info)


def _one_test_a_language(tests: tuple[LanguageTest, ...]) -> tuple[LanguageTest, ...]:
    languages = [scales.LANGUAGE_OF[test.test] for test in tests]
    for language in ("english", "french"):
        if languages.count(language) > 1:
            raise PydanticCustomError("two_tests_of_one_language", "two tests", {"language": language})
    return tests


def _one_test(tests: tuple[LanguageTest, ...]) -> tuple[LanguageTest, ...]:
    if len(tests) > 1:
        raise PydanticCustomError("more_than_one_test", "more than one test")
    return tests


def _at_most(limit: int) -> BeforeValidator:
    """Refuses a longer list unread: a tuple's own limit comes after its entries, each with an error for every field."""

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) > limit:
            raise PydanticKnownError(
                "too_long", {"field_type": "List", "max_length": limit, "actual_length": len(value)}
            )
        return value

    return BeforeValidator(check)


Credentials = Annotated[tuple[Education, ...], Field(max_length=50, strict=False), _at_most(50)]
Studies = Annotated[tuple[StudyInCanada, ...], Field(max_length=50, strict=False), _at_most(50)]
Jobs = Annotated[tuple[Work, ...], Field(max_length=200, strict=False), _at_most(200)]
Tests = Annotated[
    tuple[LanguageTest, ...], Field(max_length=10, strict=False), AfterValidator(_one_test_a_language), _at_most(10)
]
PartnerTests = Annotated[
    tuple[LanguageTest, ...], Field(max_length=10, strict=False), AfterValidator(_one_test), _at_most(10)
]


class Partner(Fact):
    """The spouse or common-law partner. For the CRS: only if accompanying and no citizen or PR."""

    accompanying: bool
    status_in_canada: Literal["none", "citizen", "permanent_resident"] = "none"
    residence: Country | None = None
    education: Credentials = ()
    language_tests: PartnerTests = ()
    work: Jobs = ()
    study_in_canada: Studies = ()


class Trade(Fact):
    """The skilled trade specified for the FST class (R87.2(3)(a), (b))."""

    noc: Noc
    qualified_on: Day
    meets_employment_requirements: bool


class Certificate(Fact):
    """A certificate of qualification in a trade, of a province, a territory or a federal body (`CAN`)."""

    noc: Noc
    issued_by: Issuer
    issued_on: Day


class WorkPermit(Fact):
    """The work permit held; `kind` names the paragraph under which it was issued (R82(2))."""

    kind: Literal["lmia", "204a", "204c", "205", "open", "other"]
    expires_on: Day
    employer_made_offer: bool = False
    with_employer_since: Day | None = None


class JobOffer(Fact):
    """An offer of work in Canada; `months` null = of indeterminate length (R82, R87.2(3)(d))."""

    noc: Noc
    hours_per_week: Hours
    months: Months | None = None
    employers: Annotated[int, Field(ge=1, le=20)] = 1
    lmia_valid_until: Day | None = None
    publicly_funded_medical_services: bool = False


class Nomination(Fact):
    """An accepted provincial nomination; counts from `issued_on` to `expires_on`, both included (R87)."""

    province: Province
    issued_on: Day
    expires_on: Day


class Relative(Fact):
    """A relative who lives in Canada as a citizen or permanent resident (R83(5))."""

    of: Literal["applicant", "partner"]
    relation: Literal["sibling", "parent", "grandparent", "child", "grandchild", "aunt_uncle", "niece_nephew"]
    born_on: Day
    status: Literal["citizen", "permanent_resident"]


class Military(Fact):
    """Service in a foreign military, and the Canadian Forces' offer; `offer_months` null = indeterminate."""

    country: Country
    service_from: Day
    service_to: Day | None = None
    experience_noc: Noc | None = None
    offer_by_canadian_forces: bool = False
    offer_noc: Noc | None = None
    offer_hours_per_week: Hours = 0
    offer_months: Months | None = None

    @field_validator("service_to")
    @classmethod
    def _to_after_from(cls, to: date | None, info: ValidationInfo) -> date | None:
        return _not_before("service_from", to, info)


class Facts(Fact):
    """The facts of a profile, without number, version, instant and identity (the messages add these)."""

    date_of_birth: Day
    citizenship: Country
    residence: Country
    intended_province: Province
    family_size: Annotated[int, Field(ge=1, le=99)]
    settlement_funds_cad: Amount
    partner: Partner | None = None
    education: Credentials = ()
    study_in_canada: Studies = ()
    first_official_language: OfficialLanguage
    language_tests: Tests = ()
    work: Jobs = ()
    primary_noc: Noc | None = None
    trade: Trade | None = None
    certificate_of_qualification: Certificate | None = None
    work_permit: WorkPermit | None = None
    job_offer: JobOffer | None = None
    nomination: Nomination | None = None
    relatives_in_canada: Annotated[tuple[Relative, ...], Field(max_length=100, strict=False), _at_most(100)] = ()
    military: Military | None = None

    @classmethod
    def of(cls, **facts: object) -> Self:
        """Facts from plain values, dates as `date` or text. Raises `pydantic.ValidationError`."""
        return cls.model_validate(facts)
