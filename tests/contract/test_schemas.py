"""What is committed under docs/messages is what the models say."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.generate import MESSAGES, documents, schema

FOLDER = Path(__file__).parents[2] / "docs" / "messages"


@pytest.mark.parametrize("path", sorted(documents()))
def test_the_committed_document_is_the_generated_one(path: str) -> None:
    assert (FOLDER / path).read_text("utf-8") == documents()[path], "run: make schemas"


def test_no_committed_schema_is_left_over() -> None:
    assert {f"schemas/{p.name}" for p in (FOLDER / "schemas").iterdir()} == set(documents()) - {"asyncapi.json"}


@pytest.mark.parametrize(("type_", "topic"), [(t, topic) for topic, models in MESSAGES.items() for t in models])
def test_every_schema_is_a_valid_schema(type_: str, topic: str) -> None:
    Draft202012Validator.check_schema(schema(MESSAGES[topic][type_], type_))
