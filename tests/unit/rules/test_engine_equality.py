"""What must not decide, and does not (docs/directive.md, 6.3.1)."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules import Facts, evaluate
from tests.unit.rules.random_facts import RandomFacts

COUNTRIES = ("SEN", "IND", "FRA", "PHL", "BRA", "USA", "CHN", "NGA")


@given(st.integers(0, 10**9), st.dates(date(2015, 2, 1), date(2027, 12, 31)), st.sampled_from(COUNTRIES))
@settings(max_examples=200, deadline=None)
def test_citizenship_decides_nothing(seed: int, on: date, country: str) -> None:
    plain = RandomFacts(seed, on).plain()
    one, other = (Facts.model_validate(plain | {"citizenship": citizenship}) for citizenship in ("CUB", country))
    assert evaluate(one, on) == evaluate(other, on)


def test_sex_and_gender_are_in_no_field_of_a_profile() -> None:
    words = {word for name in Facts.model_fields for word in name.split("_")}
    assert words.isdisjoint({"sex", "gender", "race", "religion", "orientation", "disability"})
