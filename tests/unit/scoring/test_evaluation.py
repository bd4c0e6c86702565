"""One evaluation: what is published, byte for byte, and when it has to be looked at again."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.evaluation import Result, result_of, subject_of
from services.scoring.recompute import Kept, RuleSetsUnknownError, differences
from shared.contracts.profile import ProfileState, Status
from shared.contracts.scored import Eligible, Scored
from shared.rules import Facts
from tests.unit.rules.random_facts import RandomFacts
from tests.unit.scoring.candidates import NOW, state

ON = date(2026, 6, 1)

random_facts = st.integers(0, 2**32).map(lambda seed: RandomFacts(seed, ON).facts())


def evaluated(body: ProfileState, on: date = ON) -> Result:
    return result_of(subject_of(body, body.sequence), 7, on, NOW)


def kept(result: Result) -> Kept:
    return Kept(result.subject, result.sequence, result.on, result.rule_sets, result.scored, result.eligible)


@settings(max_examples=60, deadline=None)
@given(facts=random_facts, status=st.sampled_from(Status))
def test_the_bodies_are_the_bytes_of_the_models(facts: Facts, status: Status) -> None:
    result = evaluated(state(status=status).model_copy(update={"facts": facts}))
    assert Scored.model_validate_json(result.scored).json_bytes().decode() == result.scored
    assert Eligible.model_validate_json(result.eligible).json_bytes().decode() == result.eligible


@settings(max_examples=30, deadline=None)
@given(facts=random_facts)
def test_the_lines_of_a_score_add_up_to_its_total(facts: Facts) -> None:
    scored = Scored.read(evaluated(state().model_copy(update={"facts": facts})).scored.encode())
    assert sum(line.points or 0 for line in scored.lines) == scored.total
    assert sum(group["total"] for group in scored.factors.values()) == scored.total


@settings(max_examples=30, deadline=None)
@given(facts=random_facts, days=st.integers(0, 400))
def test_facts_that_were_stored_give_the_same_bytes_again(facts: Facts, days: int) -> None:
    body = state().model_copy(update={"facts": facts})
    on = date.fromordinal(ON.toordinal() + days)
    first = evaluated(body, on)
    again = Facts.model_validate_json(facts.model_dump_json())
    assert evaluated(body.model_copy(update={"facts": again}), on) == first


@settings(max_examples=20, deadline=None)
@given(facts=random_facts)
def test_a_kept_result_can_be_recomputed_under_the_sets_that_it_names(facts: Facts) -> None:
    assert differences(kept(evaluated(state().model_copy(update={"facts": facts})))) == []


def test_a_result_that_was_altered_is_found_out_by_field() -> None:
    result = kept(evaluated(state()))
    altered = Kept(
        result.subject,
        result.sequence,
        result.on,
        result.rule_sets,
        result.scored.replace('"total":465', '"total":466'),
        result.eligible.replace('"nominee":false', '"nominee": false'),
    )
    assert differences(altered) == ["scored.total", "eligible.bytes"]


def test_a_result_under_sets_that_are_not_loaded_is_refused_by_their_name() -> None:
    result = kept(evaluated(state()))
    elsewhere = Kept(result.subject, 7, ON, (*result.rule_sets, "crs_2099-01-01"), result.scored, result.eligible)
    with pytest.raises(RuleSetsUnknownError, match="crs_2099-01-01"):
        differences(elsewhere)


def test_a_recomputed_result_ignores_sets_that_were_loaded_later() -> None:
    result = evaluated(state(), date(2025, 4, 1))
    older = tuple("crs_2020-10-20" if one.startswith("crs_") else one for one in result.rule_sets)
    assert differences(Kept(result.subject, 7, result.on, older, result.scored, result.eligible)) == [
        "scored.rule_sets",
        "scored.lines",
        "eligible.rule_sets",
    ]


def test_a_nomination_counts_on_its_first_and_last_day() -> None:
    facts = {"nomination": {"province": "BC", "issued_on": "2026-06-01", "expires_on": "2026-06-03"}}
    nominee = {}
    for day in (31, 1, 2, 3, 4):
        on = date(2026, 5 if day == 31 else 6, day)
        nominee[day] = Eligible.read(evaluated(state(facts=facts), on).eligible.encode()).nominee
    assert nominee == {31: False, 1: True, 2: True, 3: True, 4: False}


def test_a_row_is_due_at_the_first_instant_of_the_day_of_its_next_change() -> None:
    assert evaluated(state()).due_at == datetime(2026, 7, 17, tzinfo=UTC)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.IN_POOL])
def test_a_closed_profile_is_evaluated_but_never_due(status: Status) -> None:
    result = evaluated(state(status=status))
    assert (result.total, result.due_at) == (465, None)


@pytest.mark.parametrize(("hour", "due"), [(0, False), (1, True)])
def test_nothing_is_due_once_the_profile_has_expired(hour: int, due: bool) -> None:
    expires = datetime(2026, 7, 17, hour, tzinfo=UTC)
    assert (evaluated(state(expires_at=expires)).due_at is not None) is due


def test_a_day_for_which_the_score_is_not_confirmed_is_provisional_and_names_the_table() -> None:
    result = evaluated(state(), date(2026, 11, 3))
    scored = Scored.read(result.scored.encode())
    assert (scored.provisional, scored.missing_tables) == (True, ["crs"])
    assert evaluated(state(), date(2026, 11, 2)).provisional is False
