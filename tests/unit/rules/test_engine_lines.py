"""Lines: every point has one, every code a text in both languages, and nothing declared goes into messages."""

from datetime import date, timedelta

import pytest

from shared.rules import Facts, catalogue, evaluate, line_text
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
    found = catalogue.text("fsw.funds", "fr", needed="15 263", family_size=2)
    assert found == "Fonds d’établissement : 15 263 CAD exigés pour 2 personnes."


@pytest.mark.parametrize(
    ("lang", "size", "words"),
    [
        ("en", 1, "for 1 person."),
        ("en", 2, "for 2 persons."),
        ("fr", 0, "pour 0 personne."),
        ("fr", "1", "pour 1 personne."),
        ("fr", 2, "pour 2 personnes."),
    ],
)
def test_a_noun_follows_its_number(lang: str, size: object, words: str) -> None:
    assert catalogue.text("fsw.funds.not_met", lang, needed="1", family_size=size).endswith(words)


def alone(**facts: object) -> Facts:
    plain: dict[str, object] = {
        "date_of_birth": "2000-05-17",
        "citizenship": "SEN",
        "residence": "SEN",
        "intended_province": "ON",
        "family_size": 1,
        "settlement_funds_cad": 25000,
        "first_official_language": "english",
    }
    return Facts.of(**(plain | facts))


def reasons(facts: Facts, name: str) -> list[str]:
    found = evaluate(facts, date(2026, 6, 1))
    verdict = found.programs[name] if name in found.programs else found.categories[name].verdict
    return [line.code for line in verdict.reasons]


def test_without_a_test_of_the_first_language_the_other_one_is_told_here_and_in_all() -> None:
    scores = {"listening": 530, "reading": 530, "writing": 14, "speaking": 14}
    facts = alone(language_tests=[{"test": "tcf_canada", "taken_on": "2026-01-10", **scores}])
    evaluation = evaluate(facts, date(2026, 6, 1))
    line = next(one for one in evaluation.lines if one.code == "crs.first_language.none")
    assert evaluation.crs.total == 110 + 24 + 25, "age, French as the second language, additional points for French"
    assert line.quantities == {"language": "english", "other_points": 124, "other_total": 110 + 124 + 25}
    assert line_text(line, "en").endswith("would give 124 points here and a total of 259.")


def test_a_no_lists_all_that_is_missing_also_where_nothing_was_declared() -> None:
    assert reasons(alone(settlement_funds_cad=0), "FST") == [
        "fst.trade.none",
        "fst.work.none",
        "fst.certificate.none",
        "fst.language.none",
        "fst.funds.not_met",
    ]
    assert reasons(alone(), "military") == ["category.military.education.not_met", "category.military.none"]


def test_a_certificate_in_a_trade_without_work_in_it_is_not_called_missing() -> None:
    certificate = {"noc": "72310", "issued_by": "ON", "issued_on": "2024-02-01"}
    found = reasons(alone(certificate_of_qualification=certificate), "FST")
    assert found == ["fst.work.not_met", "fst.language.none"]


def test_what_is_missing_names_the_category_the_occupation_and_by_how_much() -> None:
    job = {"noc": "31102", "country": "SEN", "from": "2025-01-01", "to": "2025-08-31", "hours_per_week": 40}
    found = evaluate(alone(work=[job]), date(2026, 6, 1)).categories["healthcare"].verdict
    assert line_text(found.reasons[0], "en") == (
        "Healthcare and social services occupations: not enough work in one listed occupation in the last three years: "
        "8 months of 12 in 31102 (General practitioners and family physicians) (1,041 hours of 1,560). "
        "What work counts is assumed: the text of the instruction is not known."
    )
