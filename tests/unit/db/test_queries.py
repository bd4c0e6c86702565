"""Statements have a name and a line that says what they do; a mistake in the file or in a name is told."""

import pytest

from shared.db.queries import parse

FILE = """-- What this file is.

-- name: take
-- The oldest rows.
SELECT id -- by age
FROM outbox ORDER BY id LIMIT $1;

-- name: forget
-- What was published.
DELETE FROM outbox WHERE id = $1;
"""


def test_a_statement_is_found_by_its_name_without_its_semicolon() -> None:
    queries = parse("services.x", FILE)
    assert queries.take == "SELECT id -- by age\nFROM outbox ORDER BY id LIMIT $1"
    assert queries.forget == "DELETE FROM outbox WHERE id = $1"


def test_an_unknown_name_is_told_with_the_package() -> None:
    with pytest.raises(AttributeError, match=r"queries\.sql of services\.x has no statement named take_all"):
        _ = parse("services.x", FILE).take_all


def test_a_name_may_stand_once() -> None:
    with pytest.raises(ValueError, match="names forget twice"):
        parse("services.x", FILE + FILE[FILE.index("-- name: forget") :])


def test_a_statement_says_what_it_does() -> None:
    with pytest.raises(ValueError, match="needs a line below it"):
        parse("services.x", "-- name: bare\nSELECT 1;\n")
