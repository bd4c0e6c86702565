"""The catalogue's French is set as the Government of Canada sets it, and so is what is put together from it."""

import re

import pytest

from shared.rules.catalogue import TEXTS, labelled

SPACE = " \u00a0\u202f"


def french(code: str) -> str:
    """A text without what is in its fields."""
    return re.sub(r"\{[^}]*\}", "x", TEXTS[code]["fr"])


@pytest.mark.parametrize("code", TEXTS)
def test_french_has_a_space_before_a_colon_and_within_quotation_marks_and_none_before_other_marks(code: str) -> None:
    shown = french(code)
    assert re.findall(rf"[^{SPACE}\d]:|[^{SPACE}][»%$]|«[^{SPACE}]", shown) == []
    assert re.findall(rf"[{SPACE}][;?!,.]", shown) == []


@pytest.mark.parametrize("code", TEXTS)
def test_no_english_colon_has_a_space_and_no_apostrophe_is_straight_in_french(code: str) -> None:
    assert " :" not in TEXTS[code]["en"]
    assert "'" not in french(code)


def test_a_label_has_the_colon_of_its_language() -> None:
    assert labelled("2027-05-17", "x", "en") == "2027-05-17: x"
    assert labelled("2027-05-17", "x", "fr") == "2027-05-17 : x"
