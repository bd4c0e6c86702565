"""What holds for everybody: caps, order of lists, more language never less, and nothing between two changes."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules import Facts, evaluate, evaluate_programs, next_change, next_program_change
from tests.unit.rules.random_facts import RandomFacts

ABILITIES = ("listening", "reading", "writing", "speaking")
HORIZON = 800

seeds = st.integers(0, 10**9)
days = st.dates(date(2015, 2, 1), date(2027, 12, 31))


@given(seeds, days)
@settings(max_examples=100, deadline=None)
def test_no_score_is_over_its_caps(seed: int, on: date) -> None:
    crs = evaluate(RandomFacts(seed, on).facts(), on, lines=False).crs
    assert crs.total == crs.a + crs.b + crs.c + crs.d
    assert crs.a + crs.b <= 500
    assert (crs.age, crs.education, crs.first_language, crs.second_language) <= (110, 150, 136, 24)
    assert crs.canadian_work <= 80
    assert (crs.partner_education, crs.partner_language, crs.partner_canadian_work) <= (10, 20, 10)
    assert crs.c <= 100
    assert crs.d <= 600


@given(seeds, days)
@settings(max_examples=100, deadline=None)
def test_the_order_of_lists_does_not_matter(seed: int, on: date) -> None:
    plain = RandomFacts(seed, on).plain()
    shuffled = dict(plain)
    order = random.Random(seed)
    for name, value in plain.items():
        if isinstance(value, list):
            shuffled[name] = order.sample(value, len(value))
    one, other = Facts.model_validate(plain), Facts.model_validate(shuffled)
    assert evaluate(one, on).signature() == evaluate(other, on).signature()
    assert evaluate(one, on).grid == evaluate(other, on).grid


@given(seeds, days, st.sampled_from(ABILITIES))
@settings(max_examples=100, deadline=None)
def test_more_language_never_lowers_a_score(seed: int, on: date, ability: str) -> None:
    plain = RandomFacts(seed, on).plain()
    better: dict[str, Any] = {**plain, "language_tests": [_better(one, ability) for one in plain["language_tests"]]}
    before = evaluate(Facts.model_validate(plain), on, lines=False)
    after = evaluate(Facts.model_validate(better), on, lines=False)
    assert after.crs.total >= before.crs.total
    for name, verdict in before.programs.items():
        assert after.programs[name].eligible >= verdict.eligible


def _better(test: dict[str, Any], ability: str) -> dict[str, Any]:
    most = 12 if test["test"] == "celpip_general" else 20 if ability in ("writing", "speaking") else 699
    return {**test, ability: min(test[ability] + 1, most)}


@pytest.mark.parametrize("seed", range(15))
def test_nothing_differs_before_the_next_change_and_something_does_on_it(seed: int) -> None:
    order = random.Random(seed)
    on = date(2015, 2, 1) + timedelta(days=order.randint(0, 4600))
    submitted = on - timedelta(days=order.randint(0, 30))
    facts = RandomFacts(seed, on).facts()
    now = evaluate(facts, on, submitted_on=submitted).signature()
    change = next_change(facts, on, submitted_on=submitted)
    last = min(change.on if change else on + timedelta(days=HORIZON), on + timedelta(days=HORIZON))
    for ahead in range(1, (last - on).days):
        day = on + timedelta(days=ahead)
        assert evaluate(facts, day, submitted_on=submitted, lines=False).signature() == now, day
    if change is not None:
        assert evaluate(facts, change.on, submitted_on=submitted).signature() != now


@pytest.mark.parametrize("seed", range(100, 108))
def test_no_program_differs_before_the_next_change_of_programs(seed: int) -> None:
    order = random.Random(seed)
    on = date(2015, 2, 1) + timedelta(days=order.randint(0, 4600))
    facts = RandomFacts(seed, on).facts()
    now = evaluate_programs(facts, on, submitted_on=on).signature()
    change = next_program_change(facts, on, submitted_on=on)
    last = min(change.on if change else on + timedelta(days=HORIZON), on + timedelta(days=HORIZON))
    for ahead in range(1, (last - on).days):
        day = on + timedelta(days=ahead)
        assert evaluate_programs(facts, day, submitted_on=on, lines=False).signature() == now, day
    if change is not None:
        assert evaluate_programs(facts, change.on, submitted_on=on).signature() != now


@given(seeds, days)
@settings(max_examples=50, deadline=None)
def test_programs_alone_are_the_same_as_in_a_full_evaluation(seed: int, on: date) -> None:
    facts = RandomFacts(seed, on).facts()
    alone, full = evaluate_programs(facts, on), evaluate(facts, on)
    assert alone.programs == full.programs
    assert alone.grid == full.grid
    assert set(alone.rule_sets) < set(full.rule_sets)


def test_holding_the_age_gives_the_points_of_that_age() -> None:
    on = date(2026, 6, 1)
    facts = RandomFacts(1, on).facts().model_copy(update={"date_of_birth": date(1995, 6, 1), "partner": None})
    assert evaluate(facts, on).crs.age == 99
    assert evaluate(facts, on, age_on=date(2026, 5, 31)).crs.age == 105


def test_the_rules_of_another_day_can_be_asked_for() -> None:
    facts = RandomFacts(1, date(2025, 3, 25)).facts()
    found = evaluate(facts, date(2025, 3, 25), rules_on=date(2025, 3, 24))
    assert "crs_2020-10-20" in found.rule_sets
    assert "crs_2025-03-25" not in found.rule_sets


def test_there_is_nothing_to_evaluate_before_express_entry_began() -> None:
    facts = RandomFacts(1, date(2015, 1, 1)).facts()
    with pytest.raises(ValueError, match="Express Entry began on 2015-01-01"):
        evaluate(facts, date(2014, 12, 31))


@pytest.mark.parametrize("seed", range(200, 206))
def test_no_program_is_met_again_once_every_test_has_run_out(seed: int) -> None:
    on = date(2026, 9, 1)
    plain = RandomFacts(seed, on).plain()
    run_out = {"taken_on": date(2024, 8, 1), "results_on": date(2024, 9, 1)}
    facts = Facts.of(**{**plain, "language_tests": [{**one, **run_out} for one in plain["language_tests"]]})
    assert next_program_change(facts, on) is None
    for ahead in range(1, 1500, 7):
        met = evaluate_programs(facts, on + timedelta(days=ahead), submitted_on=on, lines=False).programs
        assert not any(one.eligible for one in met.values())
