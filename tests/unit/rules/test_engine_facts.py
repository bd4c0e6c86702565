"""What is wrong with declared facts: every error at once, by field, in both languages, nothing quoted."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.rules import Facts, FieldError, check_on, field_errors

GOOD: dict[str, Any] = {
    "date_of_birth": "1994-05-17",
    "citizenship": "SEN",
    "residence": "CAN",
    "intended_province": "ON",
    "family_size": 1,
    "settlement_funds_cad": 25000,
    "first_official_language": "english",
}
IELTS: dict[str, Any] = {
    "test": "ielts_general_training",
    "taken_on": "2025-09-01",
    "listening": 7.5,
    "reading": 6.5,
    "writing": 6.0,
    "speaking": 7.0,
}
CELPIP = {**IELTS, "test": "celpip_general", "listening": 7, "reading": 7, "writing": 7, "speaking": 7}
TEF = {**IELTS, "test": "tef_canada", "listening": 300, "reading": 300, "writing": 300, "speaking": 300}
JOB: dict[str, Any] = {"noc": "21231", "country": "CAN", "from": "2021-01-11", "to": None, "hours_per_week": 37.5}


def from_json(document: dict[str, Any]) -> Facts:
    return Facts.model_validate_json(json.dumps(document))


def errors(**changes: Any) -> list[tuple[str, str]]:
    """Field and code of every error, the same from JSON text and from plain values."""
    document = {**GOOD, **changes}
    found = []
    for read in (Facts.model_validate, from_json):
        with pytest.raises(ValidationError) as caught:
            read(document)
        found.append([(one.field, one.code) for one in field_errors(caught.value)])
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    "day",
    ["2026-01-01T00:00:00", "1700000000", "86400", 1700000000, "20260101", "2026-02-30", "2026-W01-1", True, None],
)
def test_only_a_day_of_the_calendar_is_a_date(day: object) -> None:
    assert errors(date_of_birth=day) == [("date_of_birth", "not_a_date")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"family_size": "2"}, ("family_size", "not_a_whole_number")),
        ({"family_size": 2.5}, ("family_size", "not_a_whole_number")),
        ({"family_size": True}, ("family_size", "not_a_whole_number")),
        ({"family_size": 0}, ("family_size", "too_small")),
        ({"settlement_funds_cad": "1"}, ("settlement_funds_cad", "not_a_number")),
        ({"settlement_funds_cad": float("nan")}, ("settlement_funds_cad", "not_a_number")),
        ({"settlement_funds_cad": -1}, ("settlement_funds_cad", "too_small")),
        ({"intended_province": "XX"}, ("intended_province", "not_in_list")),
        ({"citizenship": "Canada"}, ("citizenship", "wrong_form")),
        ({"partner": []}, ("partner", "not_an_object")),
        ({"work": {}}, ("work", "not_a_list")),
        ({"work": [{**JOB, "authorized": 1}]}, ("work[0].authorized", "not_a_boolean")),
        ({"work": [{**JOB, "hours_per_week": 168.5}]}, ("work[0].hours_per_week", "too_large_value")),
        ({"work": [{**JOB, "to": "2021-01-10"}]}, ("work[0].to", "to_before_from")),
        ({"work": [{**JOB, "noc": "2173"}]}, ("work[0].noc", "noc_2016")),
        ({"work": [{**JOB, "noc": "99999"}]}, ("work[0].noc", "noc_unknown")),
        ({"work": [{**JOB, "noc": "engineer"}]}, ("work[0].noc", "noc_form")),
        ({"language_tests": [{**IELTS, "listening": 9.7}]}, ("language_tests[0].listening", "score_off_scale")),
        ({"language_tests": [{**IELTS, "reading": 6.25}]}, ("language_tests[0].reading", "score_off_scale")),
        ({"language_tests": [{**IELTS, "listening": "M"}]}, ("language_tests[0].listening", "score_off_scale")),
        ({"language_tests": [{**IELTS, "listening": "7"}]}, ("language_tests[0].listening", "not_a_number")),
        (
            {"language_tests": [{**TEF, "taken_on": "2023-12-10", "reading": 301}]},
            ("language_tests[0].reading", "score_off_scale"),
        ),
        ({"language_tests": [IELTS, CELPIP]}, ("language_tests", "two_tests_of_one_language")),
    ],
)
def test_an_error_names_its_field(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert errors(**changes) == [expected]


def test_a_missing_field_is_named() -> None:
    without = {name: value for name, value in GOOD.items() if name != "residence"}
    with pytest.raises(ValidationError) as caught:
        Facts.model_validate(without)
    assert [(one.field, one.code) for one in field_errors(caught.value)] == [("residence", "missing")]


def test_every_error_is_reported_at_once() -> None:
    job = {**JOB, "noc": "2173", "hours_per_week": "40", "to": "2001-01-01"}
    partner = {"accompanying": True, "language_tests": [IELTS, TEF]}
    assert errors(family_size=0, work=[job], partner=partner, language_tests=[{**IELTS, "speaking": 10}]) == [
        ("family_size", "too_small"),
        ("partner.language_tests", "more_than_one_test"),
        ("language_tests[0].speaking", "score_off_scale"),
        ("work[0].noc", "noc_2016"),
        ("work[0].to", "to_before_from"),
        ("work[0].hours_per_week", "not_a_number"),
    ]


def test_a_list_that_is_too_long_is_one_error_whatever_its_entries_are() -> None:
    assert errors(work=[{}] * 80_000) == [("work", "too_many")]
    assert errors(relatives_in_canada=[None] * 101) == [("relatives_in_canada", "too_many")]


def test_above_a_hundred_errors_the_rest_is_counted() -> None:
    """Told one by one they would not fit into a message."""
    found = errors(work=[{}] * 200)
    assert len(found) == 101
    assert found[-1] == ("", "more_errors")
    with pytest.raises(ValidationError) as caught:
        Facts.model_validate({**GOOD, "work": [{}] * 200})
    assert field_errors(caught.value)[-1].params == {"count": 700}


def test_a_noc_2016_code_is_told_what_it_became() -> None:
    with pytest.raises(ValidationError) as caught:
        Facts.model_validate({**GOOD, "primary_noc": "2173"})
    (error,) = field_errors(caught.value)
    assert error.text("en").startswith("2173 is a code of NOC 2016. In NOC 2021 it became 21211, 21231.")
    assert error.text("fr").startswith("2173 est un code de la CNP 2016. Dans la CNP 2021, il est devenu 21211, 21231.")


def test_no_error_quotes_what_was_declared() -> None:
    secret = "SECRET-VALUE"
    with pytest.raises(ValidationError) as caught:
        Facts.model_validate(dict.fromkeys(GOOD, secret) | {"work": secret, "primary_noc": secret})
    for error in field_errors(caught.value):
        assert secret not in error.text("en") + error.text("fr")
    assert secret not in str(caught.value)


def test_unknown_fields_are_ignored() -> None:
    assert Facts.model_validate({**GOOD, "shoe_size": 42}) == Facts.model_validate(GOOD)


def test_a_celpip_result_without_a_number_is_a_score() -> None:
    facts = Facts.model_validate({**GOOD, "language_tests": [{**CELPIP, "writing": "M"}]})
    assert facts.language_tests[0].writing == "M"


def test_facts_survive_the_wire() -> None:
    facts = Facts.model_validate({**GOOD, "work": [JOB], "language_tests": [IELTS]})
    assert Facts.model_validate_json(facts.model_dump_json()) == facts
    assert json.loads(facts.model_dump_json())["work"][0]["from"] == "2021-01-11"


def test_a_birth_after_the_day_of_evaluation_is_an_error() -> None:
    relative = {"of": "applicant", "relation": "sibling", "born_on": "2026-06-02", "status": "citizen"}
    facts = Facts.model_validate({**GOOD, "date_of_birth": "2026-06-02", "relatives_in_canada": [relative]})
    assert check_on(facts, date(2026, 6, 2)) == []
    assert [(one.field, one.code) for one in check_on(facts, date(2026, 6, 1))] == [
        ("date_of_birth", "birth_after_day"),
        ("relatives_in_canada[0].born_on", "birth_after_day"),
    ]


def test_numbers_in_errors_follow_the_language() -> None:
    scale = {"test": "ielts_general_training", "lowest": 0, "highest": 9, "step": 0.5}
    error = FieldError("language_tests[0].reading", "score_off_scale", scale)
    assert "steps of 0.5" in error.text("en")
    assert "pas de 0,5" in error.text("fr")
