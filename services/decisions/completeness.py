"""Whether an application is complete at receipt (R10, R12): what is missing is listed and the application returned."""

from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any, Final

import yaml

from services.decisions.words import reason
from shared.contracts.application import ApplicationSubmitted, FamilyMember
from shared.contracts.base import Reason
from shared.rules.fees import Payer, fee
from shared.rules.periods import add_years, utc_day
from shared.rules.scales import LANGUAGE_OF

_TABLE: Final[dict[str, Any]] = yaml.safe_load(files(__package__).joinpath("completeness.yaml").read_text("utf-8"))


def missing(application: ApplicationSubmitted) -> list[Reason]:
    """Everything that is missing, at once; empty = complete."""
    return [
        *_form(application),
        *_family(application),
        *_tests(application),
        *_papers(application),
        *_fees(application),
    ]


def _form(application: ApplicationSubmitted) -> Iterator[Reason]:
    if not application.form_complete:
        yield reason("form_incomplete", field="form_complete", section="R10(2)(a)")
    if not application.declaration or application.signed_on is None:
        yield reason("declaration_missing", field="declaration", section="R10(2)(d)")


def _family(application: ApplicationSubmitted) -> Iterator[Reason]:
    listed = len(application.family_members) + 1
    partners = sum(member.relation == "partner" for member in application.family_members)
    if listed < application.facts.family_size or partners < (application.facts.partner is not None):
        shown = {"listed": listed, "family_size": application.facts.family_size}
        yield reason("family_member_missing", field="family_members", section="R10(2)(a)", **shown)


def _tests(application: ApplicationSubmitted) -> Iterator[Reason]:
    day = utc_day(application.received_at)
    years = _TABLE["language_test_years"]
    first = application.facts.first_official_language
    if first not in {LANGUAGE_OF[test.test] for test in application.facts.language_tests}:
        yield reason("language_test_missing", field="facts.language_tests", section="R75(2)(d)", language=first)
    for place, test in enumerate(application.facts.language_tests):
        if add_years(test.results_on or test.taken_on, years) <= day:
            where = f"facts.language_tests[{place}]"
            language = LANGUAGE_OF[test.test]
            yield reason("language_test_too_old", field=where, section="R75(2)(d)", language=language, years=years)


def _papers(application: ApplicationSubmitted) -> Iterator[Reason]:
    held = {(document.kind, document.of) for document in application.documents}
    for kind, rule in _TABLE["documents"].items():
        for of in _aged(application, rule["from_age"]):
            if (kind, of) not in held:
                yield reason("document_missing", field="documents", section=rule["section"], document=kind, of=of)


def _aged(application: ApplicationSubmitted, age: int) -> Iterator[str]:
    day = utc_day(application.received_at)
    yield "applicant"
    for member in application.family_members:
        if member.status_in_canada == "none" and _grown(member, age, day):
            yield member.member_id


def _grown(member: FamilyMember, age: int, day: date) -> bool:
    return add_years(member.date_of_birth, age) <= day


def _fees(application: ApplicationSubmitted) -> Iterator[Reason]:
    payers: list[tuple[str, Payer]] = [("applicant", "applicant")]
    payers += [(m.member_id, m.relation) for m in application.family_members if m.accompanying]
    for of, payer in payers:
        due = fee("processing", payer, application.received_at, application.program)
        if due is None or not due.needed_for_completeness:
            continue
        paid = [one.amount_cad for one in application.fees if (one.kind, one.of) == ("processing", of)]
        if not paid:
            yield reason("fee_missing", field="fees", section=due.section, of=of)
        elif due.amount_cad is not None and sum(paid) < due.amount_cad:
            yield reason("fee_too_low", field="fees", section=due.section, of=of, needed=due.amount_cad)
