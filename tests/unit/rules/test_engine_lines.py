"""Lines: every point has one, every code a text in both languages, and nothing declared goes into messages."""

from datetime import date, timedelta

import pytest

from shared.rules import catalogue, evaluate, line_text
from shared.rules.catalogue import CatalogueError, merge
from shared.rules.explain import declared
from tests.unit.rules.random_facts import RandomFacts

START = date(2015, 1, 5)
SEEDS = range(200)


def day_of(seed: int) -> date:
    return START + timedelta(days=(seed * 7919) % 4400)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lines_of_the_crs_add_up_to_its_total(seed: int) -> None:
    evaluation = evaluate(RandomFacts(seed, day_of(seed)).facts(), day_of(seed))
    points = sum(line.points or 0 for line in evaluation.lines if line.code.startswith("crs."))
    assert points == evaluation.crs.total


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lines_of_the_grid_add_up_to_its_total(seed: int) -> None:
    evaluation = evaluate(RandomFacts(seed, day_of(seed)).facts(), day_of(seed))
    points = sum(line.points or 0 for line in evaluation.lines if line.code.startswith("fsw.grid."))
    assert points == evaluation.grid.total


@pytest.mark.parametrize("seed", SEEDS)
def test_every_line_has_a_text_in_both_languages(seed: int) -> None:
    evaluation = evaluate(RandomFacts(seed, day_of(seed)).facts(), day_of(seed))
    for line in (*evaluation.lines, *evaluation.warnings):
        assert line_text(line, "en") != line_text(line, "fr")


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_carry_nothing_that_was_declared(seed: int) -> None:
    facts = RandomFacts(seed, day_of(seed)).facts()
    evaluation = evaluate(facts, day_of(seed))
    for line in evaluation.lines:
        message = line.message()
        assert "declared" not in message
        for value in message["quantities"].values():
            assert isinstance(value, (int, str, bool))
            assert value != facts.date_of_birth.isoformat()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_no_has_reasons_and_lines_change_no_verdict(seed: int) -> None:
    facts, on = RandomFacts(seed, day_of(seed)).facts(), day_of(seed)
    evaluation = evaluate(facts, on)
    verdicts = [*evaluation.programs.values(), *(one.verdict for one in evaluation.categories.values())]
    assert all(one.eligible is not bool(one.reasons) for one in verdicts)
    assert evaluate(facts, on, lines=False).signature() == evaluation.signature()


def test_declared_values_are_shown_to_the_candidate() -> None:
    facts = RandomFacts(3, START).facts()
    age = next(line for line in evaluate(facts, START).lines if line.code == "crs.age")
    assert declared(age) == {"date_of_birth": facts.date_of_birth.isoformat()}


def test_a_code_in_two_files_is_refused() -> None:
    entry = {"en": "a", "fr": "b"}
    with pytest.raises(CatalogueError, match=r"b\.yaml: same is in another file too"):
        merge({"a.yaml": {"same": entry}, "b.yaml": {"same": entry}})


def test_a_text_in_one_language_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"a\.yaml: one needs exactly the texts en and fr"):
        merge({"a.yaml": {"one": {"en": "a"}}})


def test_texts_that_use_other_fields_in_each_language_are_refused() -> None:
    with pytest.raises(CatalogueError, match=r"a\.yaml: one has other fields"):
        merge({"a.yaml": {"one": {"en": "{a}", "fr": "{b}"}}})


def test_french_numbers_have_french_separators() -> None:
    found = catalogue.text("fsw.funds", "fr", needed="15 263", family_size=1)
    assert found == "Fonds d’établissement : 15 263 CAD exigés pour 1 personnes."
