"""What a candidate declared is in no `repr`, no text of an object and no error."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.decisions import received as applications
from services.intake.profile import Profile
from services.intake.received import Received, decode
from services.scoring.store import Declared
from shared.contracts.application import MODELS
from shared.contracts.submission import Submission
from shared.kafka import producer
from shared.rules.errors import field_errors
from shared.rules.facts import Facts
from tests.unit.decisions.given import RECEIVED_AT, application
from tests.unit.intake.given import body, record

MARK = "Zq7marked"
IDENTITY = {
    "client_id": MARK,
    "family_name": MARK,
    "given_names": MARK,
    "passport_country": "SEN",
    "passport_number": MARK,
    "email": f"{MARK}@example.org",
}
MARKED = body(identity=IDENTITY, settlement_funds_cad=4321987.0, date_of_birth="1993-07-19")
VALUES = (MARK, "4321987", "1993", "SEN")


def said(*things: Any) -> str:
    return "\n".join(f"{thing!r} {thing!s} {[thing]!r}" for thing in things)


def test_a_submission_shows_its_number_and_version_alone() -> None:
    found = Submission.model_validate_json(json.dumps(MARKED))
    text = said(found, found.identity, found.facts(), found.model_copy())
    assert not [value for value in VALUES if value in text]
    assert "profile_id='E000000001'" in text


def test_a_record_and_what_was_read_of_it_show_no_value() -> None:
    raw = record(MARKED)
    message = decode(raw)
    assert isinstance(message.body, Received)
    sent = producer.Record(raw.topic, raw.key, raw.value, raw.headers)
    stored = Profile("E000000001", body=json.dumps(MARKED))
    declared = Declared("fr", RECEIVED_AT, json.dumps(MARKED))
    text = said(raw, replace(raw, offset=7), message, sent, stored, declared)
    assert not [value for value in VALUES if value in text]


def test_an_application_and_what_was_read_of_it_show_no_value() -> None:
    marked = {**application(), "application_id": "A1", "signature": MARK}
    facts = TypeAdapter(Facts).validate_python(marked["facts"], strict=False) if "facts" in marked else None
    message = record(marked, type_=marked["type"])
    found = applications.decode(replace(message, topic="application"))
    text = said(found, found.body.body, facts)
    assert MARK not in text
    assert str(marked.get("facts", {}).get("date_of_birth", "1994-05-17")) not in text


def wrong_everywhere(value: Any) -> Any:
    """The same shape with the mark in the place of every value that is no object or list."""
    if isinstance(value, dict):
        return {name: wrong_everywhere(one) for name, one in value.items()}
    return [wrong_everywhere(one) for one in value] if isinstance(value, list) else MARK


@pytest.mark.parametrize(
    "shape", [wrong_everywhere(MARKED), {"identity": MARK}, [MARK], MARK, {**MARKED, "identity": [MARK]}]
)
def test_no_error_of_a_submission_quotes_a_value(shape: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Submission.model_validate_json(json.dumps(shape))
    said_to_upstream = [(one.field, one.params, one.text("en"), one.text("fr")) for one in field_errors(caught.value)]
    assert MARK not in str(caught.value) + repr(caught.value) + str(said_to_upstream)


@pytest.mark.parametrize("kind", MODELS)
def test_no_error_of_an_application_quotes_a_value(kind: str) -> None:
    shape = wrong_everywhere({name: application().get(name, "x") for name in MODELS[kind].model_fields})
    with pytest.raises(ValidationError) as caught:
        MODELS[kind].model_validate_json(json.dumps(shape))
    said_to_upstream = [(one.field, one.params, one.text("en"), one.text("fr")) for one in field_errors(caught.value)]
    assert MARK not in str(caught.value) + repr(caught.value) + str(said_to_upstream)
