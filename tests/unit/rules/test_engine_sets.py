"""Rule sets: what `ee rules check` refuses and by which line; every number of the current CRS matters."""

import copy
import json
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from shared.rules import Facts, sets
from shared.rules.check import check_file, flat
from shared.rules.crs import total_score
from shared.rules.force import REGISTRY, Registry
from shared.rules.quantities import Case
from shared.rules.schema import CrsSet
from tests.unit.rules.test_law_cases import every_case, facts_of

CURRENT = "crs_2025-03-25"


def check(text: str) -> list[tuple[int, str]]:
    return check_file(textwrap.dedent(text))


def test_every_rule_set_of_the_package_passes_its_own_check() -> None:
    documents = sets.documents()
    assert len(documents) == 39
    for name, document in documents.items():
        assert document["id"] == name
        sets.validate(sets.resolve(document, documents))


def test_a_new_funds_table_is_one_file() -> None:
    text = """\
        id: funds_2026-07-06
        kind: funds
        effective_from: 2026-07-06
        section: R76(1)(b)(i)
        amounts: {1: 15600, 2: 19500}
        each_additional: 4200
        """
    assert check(text) == []
    registry = Registry([*sets.load().values(), sets.validate(_read(text))])
    found = registry.in_force(date(2026, 7, 6)).funds
    assert found is not None
    assert found.amount(4) == 27900


def _read(text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(textwrap.dedent(text))
    return document


def test_errors_name_the_line() -> None:
    assert check("id: x\nkind: [funds\n") == [(3, "not valid YAML: expected ',' or ']', but got '<stream end>'")]
    assert check("- 1") == [(1, "a rule set is a mapping with id, kind and effective_from")]
    found = check(
        """\
        id: funds_2026-07-06
        kind: funds
        based_on: funds_2025-07-07
        effective_from: 2026-07-06
        amounts: {1: 15600, 3: 19500}
        """
    )
    assert found == [(5, "the set: amounts: the sizes 1, 2, 3 and so on are needed without a gap")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{from: 31, to: 31,", "{from: 32, to: 32,", "row 6 starts at 32, the rows before end at 30"),
        ("{from: 31, to: 31,", "{from: 30, to: 31,", "row 6 starts at 30, the rows before end at 30"),
        ("{from: 45, to: null,", "{from: 45, to: 60,", "row 20: exactly the last row has no end"),
        ("max: {with_partner: 100, alone: 110}", "max: {with_partner: 100, alone: 111}", "111, the rows reach 110"),
        ("max: {with_partner: 460, alone: 500}", "max: {with_partner: 460, alone: 501}", "add up to 500 under alone"),
        ("{from: 45, to: null, with_partner: 0,", "{from: 45, to: null, with_partner: 101,", "100, the rows reach 101"),
        ("with_partner: 32, alone: 34}", "with_partner: 32, alone: 35}", "max says 136, the rows reach 140"),
        ("max: {with_partner: 22, alone: 24}", "max: {with_partner: 22, alone: 25}", "25, the rows do not reach it"),
        ("one: {below: 0, good: 13, strong: 25}", "one: {below: 0, good: 13}", "exactly these cells are needed"),
        ("one_or_two: {none: 0, one: 13", "one_or_to: {none: 0, one: 13", "exactly these cells are needed"),
        ("rows: {one_year: 15,", "rows: {one_yeer: 15,", "one_yeer"),
        ("max: 1200", "max: 1100", "the sections do not add up to 1100"),
        ("    doctoral: 10", "    doctorate: 10", "exactly these rows are needed"),
        ("with_partner: 90, alone: 99}", "with_partner: 90, single: 99}", "unknown column: single"),
    ],
)
def test_a_table_that_does_not_add_up_is_refused(old: str, new: str, message: str) -> None:
    path = files("shared.rules").joinpath("data", "sets", f"{CURRENT}.yaml")
    text = path.read_text("utf-8")
    assert old in text
    found = check_file(text.replace(old, new, 1))
    assert any(message in one for _, one in found), found


def test_unknown_and_old_codes_are_refused_with_their_line() -> None:
    found = check(
        """\
        id: category_stem_2027
        kind: category
        based_on: category_stem_2026-V3
        version: "2027"
        effective_from: 2027-01-01
        noc:
          - "21231"
          - "2173"
          - "99999"
        """
    )
    assert found == [
        (8, "noc.1: 2173 is a code of NOC 2016, which became 21211, 21231"),
        (9, "noc.2: 99999 is no unit group of NOC 2021"),
    ]


def test_two_sets_that_begin_on_one_day_are_refused() -> None:
    found = check("id: crs_other\nkind: crs\nbased_on: crs_2025-03-25\neffective_from: 2025-03-25\n")
    assert found == [(4, f"{CURRENT} begins on that day too")]


def test_a_set_that_reaches_into_the_next_is_refused() -> None:
    text = "id: x\nkind: crs\nbased_on: crs_2025-03-25\neffective_from: 2025-01-01\neffective_to: 2025-04-01\n"
    assert check(text) == [(4, f"x ends on 2025-04-01, after {CURRENT} begins")]


def test_a_base_that_does_not_exist_is_refused() -> None:
    assert check("id: x\nkind: crs\nbased_on: crs_1999\n") == [
        (3, "x: based_on names crs_1999, which is not a rule set")
    ]


def test_a_difference_names_the_place() -> None:
    documents = sets.documents()
    old = flat(sets.resolve(documents["crs_2017-06-06"], documents))
    new = flat(sets.resolve(documents["crs_2020-10-20"], documents))
    changed = {place: (old[place], new[place]) for place in old if old[place] != new[place]}
    assert changed == {
        "id": ("crs_2017-06-06", "crs_2020-10-20"),
        "effective_from": ("2017-06-06", "2020-10-20"),
        "additional.french.points": ("30", "50"),
        "additional.french.points_low_english": ("15", "25"),
    }


def numbers(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of every number of a document."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from numbers(part, (*place, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from numbers(part, (*place, index))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield place


def mutated(place: tuple[Any, ...]) -> dict[str, Any]:
    document = copy.deepcopy(sets.documents()[CURRENT])
    part: Any = document
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] += 1
    return document


@cache
def scored_cases() -> list[tuple[Case, dict[str, Any]]]:
    """The hand-worked cases under the current CRS that expect something of it."""
    found = []
    for parameter in every_case():
        case: Any = parameter.values[0]
        expected = {path: value for path, value in case.expect.items() if path.startswith("crs.")}
        on = date.fromisoformat(case.on)
        rules = REGISTRY.in_force(on, date.fromisoformat(case.submitted_on) if case.submitted_on else None)
        if expected and rules.crs.id == CURRENT:
            facts = Facts.model_validate_json(json.dumps(facts_of(case.facts)))
            found.append((Case(facts, on, rules, on), expected))
    return [*found, *_only_foreign_work()]


def _only_foreign_work() -> list[tuple[Case, dict[str, Any]]]:
    """A year of foreign work without any in Canada gives nothing in combination with Canadian work."""
    on = date(2026, 6, 1)
    facts = Facts.of(
        date_of_birth="1994-05-17",
        citizenship="SEN",
        residence="SEN",
        intended_province="ON",
        family_size=1,
        settlement_funds_cad=25000,
        first_official_language="english",
        work=[{"noc": "21231", "country": "SEN", "from": "2025-01-01", "to": None, "hours_per_week": 40}],
    )
    return [(Case(facts, on, REGISTRY.in_force(on), on), {"crs.C.foreign_work_canadian_work": 0})]


def noticed(document: dict[str, Any]) -> bool:
    """Whether the check refuses a changed CRS, or a case that was worked out by hand comes out otherwise."""
    try:
        changed = sets.validate(document)
    except ValidationError:
        return True
    assert isinstance(changed, CrsSet)
    for case, expected in scored_cases():
        original = case.sets
        case.sets = replace(original, crs=changed)
        found = total_score(case, None).as_dict()
        case.sets = original
        if any(_at(found, path) != value for path, value in expected.items()):
            return True
    return False


def _at(found: Any, path: str) -> Any:
    for step in path.split(".")[1:]:
        found = found[step]
    return found


def test_the_cases_worked_out_by_hand_hold_under_the_current_tables() -> None:
    assert len(scored_cases()) > 500
    assert not noticed(sets.documents()[CURRENT])


@pytest.mark.parametrize("place", list(numbers(sets.documents()[CURRENT])), ids=str)
def test_a_change_of_any_number_of_the_current_tables_is_noticed(place: tuple[Any, ...]) -> None:
    assert noticed(mutated(place))
