"""A draft of a rule set, tried on profiles: who moves, and which cut-offs."""

from datetime import date
from typing import Any

import pytest

from services.scoring.evaluation import subject_of
from services.scoring.rehearsal import CutOff, Rehearsal, band_of
from services.scoring.rehearsal_report import report
from shared.rules import sets
from shared.rules.bands import PARTS
from tests.unit.scoring.candidates import SUBMITTED_AT, state

ON = date(2026, 6, 1)


def draft(**changes: Any) -> dict[str, Any]:
    """The CRS of 2025-03-25, with changes, as a set of 2026-05-01."""
    document = sets.resolve(sets.documents()["crs_2025-03-25"], sets.documents())
    return {**document, "id": "crs_draft", "effective_from": date(2026, 5, 1), "confirmed_until": None, **changes}


def with_sibling(points: int) -> dict[str, Any]:
    document = draft()
    additional = document["additional"]
    return {**document, "additional": {**additional, "sibling": {**additional["sibling"], "points": points}}}


SIBLING = {"of": "applicant", "relation": "sibling", "born_on": "1990-01-01", "status": "citizen"}


def pool() -> list[Any]:
    plain = state("E000000001", submitted_at=SUBMITTED_AT)
    related = state("E000000002", facts={"relatives_in_canada": [SIBLING]})
    return [subject_of(body, 1) for body in (plain, related)]


def rehearsed(document: dict[str, Any]) -> Rehearsal:
    rehearsal = Rehearsal(document, ON)
    for subject in pool():
        rehearsal.take(subject)
    return rehearsal


def test_a_draft_that_changes_nothing_moves_nobody() -> None:
    rehearsal = rehearsed(draft())
    assert rehearsal.before == rehearsal.after
    assert sum((rehearsal.up + rehearsal.down + rehearsal.joined + rehearsal.left).values()) == 0


def test_a_draft_without_points_for_siblings_moves_those_who_have_one() -> None:
    rehearsal = rehearsed(with_sibling(0))
    assert (rehearsal.before.bands["471-480"], rehearsal.before.bands["461-470"]) == (1, 1)
    assert rehearsal.after.bands["461-470"] == 2
    assert (rehearsal.down, rehearsal.up) == ({"471-480": 1}, {})


def test_the_cut_off_is_the_score_and_the_instant_of_the_last_one_invited() -> None:
    rehearsal = rehearsed(with_sibling(0))
    assert rehearsal.before.cut_off("general", 1) == CutOff(1, 480, SUBMITTED_AT)
    assert rehearsal.after.cut_off("CEC", 5) == CutOff(2, 465, SUBMITTED_AT)
    assert rehearsal.after.cut_off("FST", 5) == CutOff(0, None, None)


def test_a_nominee_is_ranked_in_general_and_pnp_rounds_alone() -> None:
    nomination = {"province": "BC", "issued_on": "2026-05-01", "expires_on": "2026-11-01"}
    rehearsal = Rehearsal(draft(), ON)
    rehearsal.take(subject_of(state(facts={"nomination": nomination}), 1))
    assert set(rehearsal.before.groupings) == {"general", "PNP"}


@pytest.mark.parametrize(
    ("total", "band"),
    [(0, "0-300"), (300, "0-300"), (301, "301-350"), (500, "491-500"), (501, "501-600"), (1200, "601-1200")],
)
def test_each_score_is_in_its_published_band(total: int, band: str) -> None:
    assert band_of(total) == band
    assert band in PARTS


def test_the_report_says_who_moves_and_where_rounds_would_end() -> None:
    lines = list(report(rehearsed(with_sibling(0)), [("general", 1), ("FST", 2)]))
    at = "tie-break 2026-03-01T18:34:05.120000+00:00"
    assert "   471-480        1        0        0        1" in lines
    assert lines[-2:] == [
        f"round of 1, general: now 1 invited, cut-off 480, {at}; draft 1 invited, cut-off 465, {at}",
        "round of 2, FST: now nobody; draft nobody",
    ]
