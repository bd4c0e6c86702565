"""`ee score` and `ee rules`: one line out for each line in, errors in place, the shape that publishers rely on."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from shared.rules import cli

PROFILE: dict[str, Any] = {
    "profile_id": "E009999999",
    "submitted_at": "2026-03-01T18:34:05.120000Z",
    "date_of_birth": "1994-05-17",
    "citizenship": "SEN",
    "residence": "CAN",
    "intended_province": "ON",
    "family_size": 1,
    "settlement_funds_cad": 25000,
    "first_official_language": "english",
    "education": [{"level": "three_year_or_bachelor", "country": "CAN", "completed_on": "2018-06-30"}],
    "language_tests": [
        {"test": "celpip_general", "taken_on": "2025-10-02", "listening": 9, "reading": 9, "writing": 9, "speaking": 9}
    ],
    "work": [{"noc": "21231", "country": "CAN", "from": "2024-01-08", "to": None, "hours_per_week": 37.5}],
    "primary_noc": "21231",
}

app = typer.Typer()
app.command("score")(cli.score)
app.add_typer(cli.rules_app, name="rules")
runner = CliRunner()


def run(*arguments: str, given: str | bytes = "") -> tuple[int, str]:
    found = runner.invoke(app, list(arguments), input=given)
    return found.exit_code, found.output


def score(*documents: Any, options: tuple[str, ...] = ()) -> tuple[int, list[Any]]:
    lines = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in documents)
    code, output = run("score", "-", "--on", "2026-06-01", *options, given=lines + "\n")
    return code, [json.loads(line) for line in output.splitlines()]


def test_a_profile_is_scored_in_the_published_shape() -> None:
    code, (found,) = score(PROFILE)
    assert code == 0
    assert found["profile_id"] == "E009999999"
    assert found["on"] == "2026-06-01"
    assert found["crs"] == {
        "total": 441,
        "A": {
            "total": 391,
            "age": 94,
            "education": 120,
            "first_language": 124,
            "second_language": 0,
            "canadian_work": 53,
        },
        "B": {"total": 0, "education": 0, "language": 0, "canadian_work": 0},
        "C": {
            "total": 50,
            "education_language": 25,
            "education_canadian_work": 25,
            "foreign_work_language": 0,
            "foreign_work_canadian_work": 0,
            "certificate": 0,
        },
        "D": {
            "total": 0,
            "sibling": 0,
            "french": 0,
            "canadian_education": 0,
            "job_offer": 0,
            "provincial_nomination": 0,
        },
    }
    assert {name: one["eligible"] for name, one in found["programs"].items()} == {
        "FSW": True,
        "CEC": True,
        "FST": False,
        "PNP": False,
    }
    assert found["programs"]["PNP"]["reasons"][0]["code"] == "pnp.nomination.not_met"
    assert list(found["categories"]) == [
        "education",
        "french",
        "healthcare",
        "military",
        "physicians",
        "researchers",
        "senior_managers",
        "stem",
        "trade",
        "transport",
    ]
    assert "crs_2025-03-25" in found["rule_sets"]
    assert found["provisional"] is False
    assert found["next_change_on"] == "2026-11-03"
    assert "lines" not in found


def test_a_bad_line_gives_its_errors_in_its_place_and_the_status_says_so() -> None:
    code, found = score(PROFILE, "{", {**PROFILE, "family_size": "1"}, PROFILE)
    assert code == 1
    assert [one.get("line") for one in found] == [None, 2, 3, None]
    assert found[1] == {
        "line": 2,
        "profile_id": None,
        "errors": [
            {
                "field": "",
                "code": "not_json",
                "text": "The content is not valid JSON. Send one JSON object in UTF-8.",
            }
        ],
    }
    assert found[2]["profile_id"] == "E009999999"
    assert [one["field"] for one in found[2]["errors"]] == ["family_size"]


@pytest.mark.parametrize("line", ["", "null", "[]", "17", '"text"'])
def test_a_line_that_is_no_object_is_a_bad_line(line: str) -> None:
    code, (found,) = score(line)
    assert code == 1
    assert found["line"] == 1


def test_bytes_that_are_no_text_are_a_bad_line() -> None:
    code, output = run("score", "-", "--on", "2026-06-01", given=b"\xff\xfe\n")
    assert code == 1
    assert json.loads(output)["errors"][0]["code"] == "not_json"


def test_a_birth_after_the_day_is_a_bad_line() -> None:
    code, (found,) = score({**PROFILE, "date_of_birth": "2026-06-02"})
    assert code == 1
    assert found["errors"][0]["field"] == "date_of_birth"


def test_a_profile_number_of_another_form_is_not_repeated() -> None:
    _, (found,) = score({**PROFILE, "profile_id": "a b"})
    assert found["profile_id"] is None
    assert found["errors"][0]["field"] == "profile_id"


def test_facts_alone_are_enough() -> None:
    code, (found,) = score({name: one for name, one in PROFILE.items() if name not in ("profile_id", "submitted_at")})
    assert code == 0
    assert found["profile_id"] is None


def test_explained_lines_hold_what_was_declared_and_their_section() -> None:
    _, (found,) = score(PROFILE, options=("--explain", "--lang", "fr"))
    age = found["lines"][0]
    assert age == {
        "code": "crs.age",
        "points": 94,
        "section": "MI 8(1)(a)",
        "rule_set": "crs_2025-03-25",
        "row": "32, alone",
        "quantities": {"age": 32},
        "declared": {"date_of_birth": "1994-05-17"},
        "text": "Âge : 32 ans.",
    }
    assert sum(one["points"] or 0 for one in found["lines"] if one["code"].startswith("crs.")) == 441


def test_the_calendar_says_what_changes_when_and_why() -> None:
    _, (found,) = score(PROFILE, options=("--calendar",))
    assert [(one["on"], one["reason"], one["total"]) for one in found["calendar"][:4]] == [
        ("2026-11-03", "change.rule_set", 441),
        ("2027-01-04", "change.work_completed", 452),
        ("2027-05-17", "change.birthday", 446),
        ("2027-10-02", "change.language_test_expires", 297),
    ]
    assert found["calendar"][1]["points"] == {"a": [391, 402], "canadian_work": [53, 64]}


def test_the_difference_of_two_profiles_is_told_by_factor(tmp_path: Path) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text(json.dumps(PROFILE), "utf-8")
    other.write_text(json.dumps({**PROFILE, "date_of_birth": "1992-05-17"}), "utf-8")
    code, output = run("score", "--diff", str(one), str(other), "--on", "2026-06-01")
    found = json.loads(output)
    assert code == 0
    assert found["totals"] == [441, 430]
    assert found["points"] == {"a": [391, 380], "age": [94, 83]}
    assert found["only_second"][0] == "+83 Age: 34 years."


def test_text_is_for_people() -> None:
    code, output = run("score", "-", "--on", "2026-06-01", "--format", "text", given=json.dumps(PROFILE))
    assert code == 0
    assert output.startswith("Profile E009999999, 2026-06-01: 441 points.")


def test_the_calendar_in_words_says_from_when_it_is_provisional() -> None:
    _, output = run("score", "-", "--on", "2026-06-01", "--calendar", "--format", "text", given=json.dumps(PROFILE))
    turning = next(line for line in output.splitlines() if line.startswith("  2026-11-03  "))
    assert turning.endswith(" Provisional.")


def test_explained_text_holds_what_was_declared() -> None:
    _, output = run("score", "-", "--on", "2026-06-01", "--explain", "--format", "text", given=json.dumps(PROFILE))
    assert f"      Declared: born on {PROFILE['date_of_birth']}.\n" in output


@pytest.mark.parametrize(
    ("day", "table"), [("2026-11-03", "Comprehensive Ranking System"), ("2021-07-15", "settlement funds")]
)
def test_a_provisional_result_names_the_table_that_is_missing(day: str, table: str) -> None:
    _, output = run("score", "-", "--on", day, "--format", "text", given=json.dumps(PROFILE))
    assert f"Provisional: for this day no confirmed table is known of: {table}.\n" in output


@pytest.mark.parametrize("day", ["2014-12-31", "2026-13-01", "today"])
def test_a_day_that_can_not_be_evaluated_is_refused(day: str) -> None:
    code, output = run("score", "-", "--on", day)
    assert code == 2
    assert "--on" in output


def test_a_file_that_is_not_there_is_named() -> None:
    code, output = run("score", "nowhere.jsonl", "--on", "2026-06-01")
    assert code == 2
    assert "nowhere.jsonl" in output


def test_the_sets_of_a_day_are_listed() -> None:
    code, output = run("rules", "list", "--on", "2016-12-01")
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == [
        "cec_2013-01-02",
        "crs_2016-11-19",
        "fst_2013-01-02",
        "fsw_2013-05-04",
        "language_2015-01-01",
        "occupations_2013-05-04",
    ]


def test_a_set_is_shown_whole() -> None:
    code, output = run("rules", "show", "crs_2015-01-01")
    assert code == 0
    assert "points: 600" in output
    assert "alone: 110" in output


def test_the_difference_of_two_sets_is_told_by_place() -> None:
    _, output = run("rules", "diff", "crs_2017-06-06", "crs_2020-10-20")
    assert "additional.french.points: 30 -> 50" in output.splitlines()


def test_an_unknown_set_is_refused() -> None:
    code, output = run("rules", "show", "crs_1999")
    assert code == 2
    assert "crs_1999" in output


def test_a_file_of_rules_is_checked_with_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text("id: x\nkind: funds\nbased_on: funds_2025-07-07\neffective_from: 2027-01-01\neach: 1\n", "utf-8")
    code, output = run("rules", "check", str(file))
    assert code == 1
    assert f"{file}:5: each: Extra inputs are not permitted" in output
    file.write_text("id: x\nkind: funds\nbased_on: funds_2025-07-07\neffective_from: 2027-01-01\n", "utf-8")
    assert run("rules", "check", str(file))[0] == 0


def test_a_day_without_a_confirmed_crs_is_said_once_beside_the_results() -> None:
    found = runner.invoke(app, ["score", "-", "--on", "2026-11-03"], input=f"{json.dumps(PROFILE)}\n" * 2)
    assert [json.loads(line)["provisional"] for line in found.stdout.splitlines()] == [True, True]
    assert json.loads(found.stdout.splitlines()[0])["missing_tables"] == ["crs"]
    assert found.stderr.count("PROVISIONAL") == 1
