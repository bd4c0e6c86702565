"""The report on categories: which rounds count, for which fiscal year, under which version."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.contracts.rounds import Round
from shared.report.categories import report
from shared.report.display import lines

EXAMPLE = Path(__file__).parents[3] / "docs" / "messages" / "examples" / "round.changed.v1.json"


def held(number: str, instant: str, *, category: str | None = "french", invited: int = 100, **changes: Any) -> Round:
    """A round that was held at this instant (UTC), on the example of the message."""
    body = json.loads(EXAMPLE.read_text("utf-8"))["body"]
    body |= {"round_id": number, **changes}
    body["instruction"] |= {
        "round_id": number,
        "instant": instant,
        "kind": "category" if category else "general",
        "category": category,
        "criteria": category and "NCLC 7 in all four abilities",
        "economic_goal": category and "More French-speaking permanent residents outside Quebec",
        "legal_base": "A10.3(1)(h.2)" if category else "A10.3(1)(h.1)(i)",
    }
    if body["state"] == "held":
        on = datetime.fromisoformat(instant).astimezone(UTC).date()
        body["certificate"] |= {"round_id": number, "on": on.isoformat(), "invited": invited}
        body["certificate"] |= {"eligible": 5 * invited, "cut_off": 400 + int(number[-1])}
    else:
        body["certificate"] = None
    return Round.read(json.dumps(body).encode())


def test_a_fiscal_year_runs_from_the_first_of_april_to_the_last_of_march_by_the_utc_day() -> None:
    rounds = [
        held("1", "2026-03-31T23:59:59.999999Z"),
        held("2", "2026-04-01T00:00:00Z"),
        held("3", "2027-03-31T23:59:59.999999Z"),
        held("4", "2027-04-01T00:00:00Z"),
        held("5", "2027-03-31T20:30:00-04:00"),
    ]
    (category,) = report(rounds, 2026).categories
    assert [one.round_id for one in category.rounds] == ["2", "3"]
    assert category.invited == 200


def test_a_copy_counts_once_and_a_round_that_was_not_held_not_at_all() -> None:
    one = held("437", "2026-08-19T14:00:00Z", invited=3_000)
    never = [held("438", "2026-08-20T14:00:00Z", state=state) for state in ("approved", "refused", "cancelled")]
    found = report([one, *never, one], 2026)
    assert found.invited == 3_000
    assert [len(category.rounds) for category in found.categories] == [1]


def test_rounds_for_no_category_are_counted_apart() -> None:
    rounds = [
        held("436", "2026-08-18T14:00:00Z", category=None, invited=500),
        held("435", "2026-08-17T14:00:00Z", category=None, invited=250),
        held("437", "2026-08-19T14:00:00Z", invited=3_000),
    ]
    found = report(rounds, 2026)
    assert (found.other_rounds, found.other_invited, found.invited) == (2, 750, 3_000)


def test_a_category_names_the_version_of_the_certificate_and_each_criterion_once() -> None:
    found = report([held("437", "2026-08-19T14:00:00Z"), held("439", "2026-08-26T14:00:00Z")], 2026)
    (category,) = found.categories
    assert category.rule_set == "category_french_2026-V2"
    assert category.criteria == ["NCLC 7 in all four abilities"]
    assert category.economic_goals == ["More French-speaking permanent residents outside Quebec"]
    assert category.legal_bases == ["A10.3(1)(h.2)"]


def test_two_versions_of_a_category_are_two_entries() -> None:
    old = held("437", "2026-08-19T14:00:00Z")
    assert old.certificate is not None
    sets = [name.replace("french_2026-V2", "french_2023-V1") for name in old.certificate.rule_sets]
    new = held("439", "2026-08-26T14:00:00Z")
    old = old.model_copy(update={"certificate": old.certificate.model_copy(update={"rule_sets": sets})})
    assert [one.rule_set for one in report([new, old], 2026).categories] == [
        "category_french_2023-V1",
        "category_french_2026-V2",
    ]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        (
            "en",
            [
                "Categories of Express Entry and their rounds of invitations, fiscal year 2026-04-01 to 2027-03-31",
                "",
                "French-language proficiency (category_french_2026-V2)",
                "  Criteria: NCLC 7 in all four abilities",
                "  Economic goal: More French-speaking permanent residents outside Quebec",
                "  Legal base: A10.3(1)(h.2)",
                "  Round 437, 2026-08-19: 1 invitation, 5 eligible, lowest score invited 407",
                "  In all: 1 round, 1 invitation",
                "",
                "For all categories: 1 round, 1 invitation",
                "Rounds that were for no category: 0 rounds, 0 invitations",
            ],
        ),
        (
            "fr",
            [
                "Catégories (ensembles) d’Entrée express et leurs rondes d’invitations, "
                "exercice du 2026-04-01 au 2027-03-31",
                "",
                "Compétence linguistique en français (category_french_2026-V2)",
                "  Critères : NCLC 7 in all four abilities",
                "  Objectif économique : More French-speaking permanent residents outside Quebec",
                "  Fondement juridique : A10.3(1)(h.2)",
                "  Ronde 437, 2026-08-19 : 1 invitation, 5 admissibles, note la plus basse invitée 407",
                "  En tout : 1 ronde, 1 invitation",
                "",
                "Pour toutes les catégories : 1 ronde, 1 invitation",
                "Rondes qui ne visaient aucune catégorie : 0 ronde, 0 invitation",
            ],
        ),
    ],
)
def test_the_text_is_the_same_report_in_either_language(lang: str, expected: list[str]) -> None:
    found = report([held("437", "2026-08-19T14:00:00Z", invited=1)], 2026)
    assert list(lines(found, lang)) == expected


def test_the_json_has_days_as_text_and_the_sums() -> None:
    found = report([held("437", "2026-08-19T14:00:00Z", invited=3_000)], 2026)
    written = orjson.loads(orjson.dumps(found.as_json()))
    assert (written["since"], written["until"], written["invited"]) == ("2026-04-01", "2027-03-31", 3_000)
    assert written["categories"][0]["invited"] == 3_000
    assert written["categories"][0]["rounds"][0]["on"] == "2026-08-19"
