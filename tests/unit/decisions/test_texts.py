"""Every word that decisions can say exists in both languages, and every state knows every move."""

import re
from itertools import product
from pathlib import Path

import pytest

from services.decisions.moves import ALIVE, Allowed, Move, allowed
from shared.contracts.decided import ApplicationState, Ground, InvitationState, Outcome
from shared.rules import catalogue
from shared.rules.explain import instant
from tests.unit.decisions.given import DEADLINE

SOURCES = Path(__file__).parents[3] / "services" / "decisions"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_sentence(outcome: Outcome) -> None:
    assert set(catalogue.TEXTS[f"decisions.outcome.{outcome}"]) == {"en", "fr"}


@pytest.mark.parametrize("state", [*ApplicationState, *InvitationState])
def test_every_state_has_a_name(state: str) -> None:
    assert f"decisions.state.{state}" in catalogue.TEXTS


@pytest.mark.parametrize("ground", list(Ground))
def test_every_ground_has_a_name(ground: Ground) -> None:
    assert f"decisions.ground.{ground}" in catalogue.TEXTS


def test_every_reason_in_the_code_is_in_the_catalogue_and_the_other_way_round() -> None:
    used = set()
    for path in SOURCES.glob("*.py"):
        used |= set(re.findall(r"\breason\(\s*\"([a-z_]+)\"", path.read_text("utf-8")))
    known = {code.removeprefix("decisions.reason.") for code in catalogue.TEXTS if code.startswith("decisions.reason.")}
    assert used == known


def test_a_deadline_is_shown_in_utc_and_in_ottawa_time() -> None:
    assert instant(DEADLINE, "en") == "2026-10-20 00:00:00 UTC (2026-10-19 20:00:00, Ottawa time)"
    assert instant(DEADLINE, "fr") == "2026-10-20 00:00:00 UTC (2026-10-19 20:00:00, heure d’Ottawa)"


@pytest.mark.parametrize(("state", "move"), list(product(sorted(set(ApplicationState) - ALIVE - {"returned"}), Move)))
def test_nothing_leaves_a_final_state(state: ApplicationState, move: Move) -> None:
    assert allowed(state, move) is Allowed.NO


@pytest.mark.parametrize("state", sorted(ALIVE))
@pytest.mark.parametrize("move", [Move.FINDING, Move.ANSWER, Move.TERMINATE, Move.WITHDRAW])
def test_while_processed_findings_answers_termination_and_withdrawal_are_taken(
    state: ApplicationState, move: Move
) -> None:
    assert allowed(state, move) is Allowed.YES
