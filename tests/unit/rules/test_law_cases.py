"""Whole profiles against the law: facts, a day, and the numbers that were worked out by hand from the tables.

The cases are data (law_*.yaml). A group takes a base (law_bases.yaml), says what is different (`set`), and expects
literals: by name (`expect`), or in a table whose first columns are facts (`vary`) and whose last are results (`read`;
`base/result` reads it of another base). `codes` repeats a group for each NOC code in the place of `{noc}`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from shared.rules import Evaluation, Facts, evaluate, next_change

FOLDER: Final = Path(__file__).parent
BASES: Final[dict[str, dict[str, Any]]] = yaml.safe_load((FOLDER / "law_bases.yaml").read_text("utf-8"))
ABILITIES: Final = ("listening", "reading", "writing", "speaking")
NAMES: Final = {
    "born": "date_of_birth",
    "first": "first_official_language",
    "province": "intended_province",
    "family": "family_size",
    "funds": "settlement_funds_cad",
}
FLAGS: Final[dict[str, tuple[str, bool]]] = {
    "unauthorized": ("authorized", False),
    "no_status": ("temporary_resident", False),
    "self_employed": ("self_employed", True),
    "student": ("full_time_student", True),
    "public_medical": ("publicly_funded_medical_services", True),
}
# Lowest scores of each NCLC level on the TCF Canada, in the order of ABILITIES; under 4 there is no level.
TCF: Final[dict[int, tuple[int, int, int, int]]] = {
    3: (330, 341, 3, 3),
    4: (331, 342, 4, 4),
    5: (369, 375, 6, 6),
    6: (398, 406, 7, 7),
    7: (458, 453, 10, 10),
    8: (503, 499, 12, 12),
    9: (523, 524, 14, 14),
    10: (549, 549, 16, 16),
}


@dataclass(frozen=True)
class Case:
    """One profile on one day, and what is expected of it: result -> literal."""

    name: str
    facts: Mapping[str, Any]
    on: str
    submitted_on: str | None
    expect: dict[str, Any] = field(default_factory=dict)


def base(name: str) -> dict[str, Any]:
    spec = dict(BASES[name])
    return base(spec.pop("like")) | spec if "like" in spec else spec


def overridden(spec: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with changes, whose names may reach inside: `partner.english`."""
    result = dict(spec)
    for name, value in changes.items():
        head, _, rest = name.partition(".")
        result[head] = overridden(result[head], {rest: value}) if rest else value
    return result


def cases_of(group: dict[str, Any]) -> Iterator[Case]:
    shared = {key: group[key] for key in ("base", "day", "submitted_on", "set", "expect") if key in group}
    for part in parts_of(group):
        changes = shared.get("set", {}) | part.get("set", {})
        merged = shared | part
        spec = base(merged.get("base", "single"))
        on = changes.pop("day", merged.get("day", spec.pop("day")))
        yield Case(
            name=part.get("name", group["group"]),
            facts=overridden({key: value for key, value in spec.items() if key != "day"}, changes),
            on=on,
            submitted_on=merged.get("submitted_on"),
            expect=merged["expect"],
        )


def parts_of(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "rows" in group:
        yield from rows_of(group)
    elif "codes" in group:
        for code in str(group["codes"]).split():
            changes = json.loads(json.dumps(group["set"]).replace("{noc}", code))
            yield {"name": f"{group['group']}: {code}", "set": changes}
    else:
        yield from group.get("cases", [{}])


def rows_of(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    width = len(group["vary"])
    for number, row in enumerate(group["rows"], 1):
        assert len(row) == width + len(group["read"]), (group["group"], number)
        changes = dict(zip(group["vary"], row[:width], strict=True))
        part = {"submitted_on": changes.pop("submitted_on")} if "submitted_on" in changes else {}
        expected: dict[str, dict[str, Any]] = {}
        for path, value in zip(group["read"], row[width:], strict=True):
            name, _, result = path.rpartition("/")
            expected.setdefault(name or group.get("base", "single"), {})[result] = value
        for name, expect in expected.items():
            label = f"{group['group']}: row {number} {name}"
            yield part | {"name": label, "base": name, "set": changes, "expect": expect}


def facts_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as a submission writes them, from the short forms of law_bases.yaml."""
    facts = {NAMES.get(name, name): value for name, value in spec.items()}
    tested, taken = facts.pop("tested", None), facts.pop("taken", None)
    english, french, tests = (facts.pop(name, None) for name in ("english", "french", "tests"))
    days = {"taken_on": taken or tested, "results_on": tested}
    facts["language_tests"] = [
        *[test | days for test in (celpip(english), tcf(french)) if test],
        *[written(test) | days if isinstance(test, str) else test for test in tests or []],
    ]
    facts["work"] = [job(text) for text in facts.get("work") or []]
    facts["education"] = [credential(text) for text in facts.get("education") or []]
    if facts.get("partner"):
        facts["partner"] = facts_of(facts["partner"])
    return facts


def celpip(levels: Any) -> dict[str, Any] | None:
    return levels and scores("celpip_general", levels if isinstance(levels, list) else [levels] * 4)


def tcf(levels: Any) -> dict[str, Any] | None:
    each = levels if isinstance(levels, list) else [levels] * 4
    return levels and scores("tcf_canada", [TCF[level][place] for place, level in enumerate(each)])


def written(text: str) -> dict[str, Any]:
    test, *values = text.split()
    return scores(test, [float(value) for value in values])


def scores(test: str, values: list[Any]) -> dict[str, Any]:
    return {"test": test} | dict(zip(ABILITIES, values, strict=True))


def job(text: str) -> dict[str, Any]:
    """`21231 CAN 2025-06-02/2026-05-31 40h student`."""
    noc, country, days, *rest = text.split()
    first, _, last = days.partition("/")
    hours = [float(word[:-1]) for word in rest if word not in FLAGS]
    entry = {"noc": noc, "country": country, "from": first, "to": last or None}
    return entry | {"hours_per_week": hours[0] if hours else 40.0} | dict(FLAGS[f] for f in rest if f in FLAGS)


def credential(text: str) -> dict[str, Any]:
    """`two_year CAN 2020-04-30 16m`, `doctoral IND 2021-05-31 eca 2025-01-15 wes`."""
    level, country, completed, *rest = text.split()
    entry: dict[str, Any] = {"level": level, "country": country, "completed_on": completed}
    if rest[:1] == ["eca"]:
        return entry | dict(zip(("eca_issued_on", "eca_issued_by"), rest[1:], strict=False))
    return entry | {"full_time_in_canada_months": int(rest[0][:-1])} if rest else entry


def read(evaluation: Evaluation, path: str) -> Any:
    """One result by the name that a case uses for it."""
    if path == "rule_set":
        return next(name for name in evaluation.rule_sets if name.startswith("crs_"))
    value: Any = {
        **{name: verdict.eligible for name, verdict in evaluation.programs.items()},
        "categories": {key: one.verdict.eligible for key, one in sorted(evaluation.categories.items())},
        "crs": evaluation.crs.as_dict(),
        "grid": evaluation.grid._asdict(),
        "provisional": evaluation.provisional,
    }
    for name in path.split("."):
        value = value.get(name, "absent")
    return list(value) if path == "categories" else value


def every_case() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("law_*.yaml")):
        for group in yaml.safe_load(path.read_text("utf-8")) if path.name != "law_bases.yaml" else ():
            for case in cases_of(group):
                yield pytest.param(case, id=f"{path.stem[4:]}: {case.name}")


@pytest.mark.parametrize("case", list(every_case()))
def test_a_profile_gets_what_the_law_gives_it(case: Case) -> None:
    facts = Facts.model_validate_json(json.dumps(facts_of(case.facts)))
    on = date.fromisoformat(case.on)
    submitted_on = date.fromisoformat(case.submitted_on) if case.submitted_on else None
    evaluation = evaluate(facts, on, submitted_on=submitted_on)
    expected = dict(case.expect)
    if "next_change_on" in expected:
        change = next_change(facts, on, submitted_on=submitted_on)
        assert (change and change.on.isoformat()) == expected.pop("next_change_on")
    assert {path: read(evaluation, path) for path in expected} == expected
    assert_consistent(evaluation)


def assert_consistent(evaluation: Evaluation) -> None:
    """What holds for everybody: totals add up under their caps, and a no, and only a no, has reasons."""
    crs = evaluation.crs.as_dict()
    parts = {name: dict(part) for name, part in crs.items() if isinstance(part, dict)}
    totals = {name: part.pop("total") for name, part in parts.items()}
    assert crs["total"] == sum(totals.values()) <= 1200
    assert totals["A"] == sum(parts["A"].values()) <= 500
    assert totals["B"] == sum(parts["B"].values()) <= 40
    assert totals["C"] <= min(100, sum(parts["C"].values()))
    assert totals["D"] == min(600, sum(parts["D"].values()))
    verdicts = [*evaluation.programs.values(), *(one.verdict for one in evaluation.categories.values())]
    assert all(verdict.eligible is not bool(verdict.reasons) for verdict in verdicts)
