"""The pages on the law and on policy: every file and every test that they name exists."""

import re

import pytest

from tests.docs.pages import ROOT, text

PAGES = ["docs/coverage.md", "docs/directive.md", "docs/decisions.md", "docs/architecture.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_every_test_named_exists(page: str) -> None:
    named = re.findall(r"`((?:services|shared|tests|docs|examples|deploy|benchmarks)/[\w./]+)(?:::(\w+))?`", text(page))
    assert named
    for path, test in named:
        assert (ROOT / path).exists(), path
        assert not test or f"def {test}(" in text(path), f"{path}::{test}"


def test_every_section_says_where_it_is_carried_out_and_what_proves_it() -> None:
    carried_out, _, left = text("docs/coverage.md").partition("## Left to the institution")
    rows = [row.split("|")[1:-1] for row in carried_out.splitlines() if row.startswith("| ")]
    rows = [row for row in rows if row[0].strip() not in {"section", "---"}]
    assert len(rows) > 40
    for _section, _what, where, tested in rows:
        assert re.search(r"`(services|shared)/", where), where
        assert re.search(r"`tests/", tested), tested
    assert "| A91 |" in left


def test_every_case_of_the_law_is_named_as_a_proof() -> None:
    cases = {f"tests/unit/rules/{file.name}" for file in (ROOT / "tests/unit/rules").glob("law_*.yaml")}
    named = set(re.findall(r"`(tests/unit/rules/law_\w+\.yaml)`", text("docs/coverage.md")))
    assert cases - named == {"tests/unit/rules/law_bases.yaml"}  # what the cases begin from
