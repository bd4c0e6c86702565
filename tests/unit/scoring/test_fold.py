"""A batch is folded to the newest state of each profile, in whatever order and however often the states came."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.scoring.handler import fold, is_newer
from services.scoring.store import Declared, Stored
from tests.unit.scoring.candidates import EXPIRES_AT, message, state

NUMBERS = ("E000000001", "E000000002", "E000000003")
STATES = {(number, sequence): message(state(number, sequence)) for number in NUMBERS for sequence in range(1, 6)}

batches = st.lists(st.tuples(st.sampled_from(NUMBERS), st.integers(1, 5)), max_size=20)


@given(batch=batches)
def test_the_newest_state_of_each_profile_remains(batch: list[tuple[str, int]]) -> None:
    newest, erased = fold([STATES[one] for one in batch])
    assert {(key, body.sequence) for key, body in newest.items()} == {
        (key, max(sequence for other, sequence in batch if other == key)) for key, _ in batch
    }
    assert erased == set()


@given(batch=batches, place=st.integers(0, 20))
def test_nothing_follows_an_erasure(batch: list[tuple[str, int]], place: int) -> None:
    messages = [STATES[one] for one in batch]
    messages.insert(place, message(None, NUMBERS[0]))
    newest, erased = fold(messages)
    assert erased == {NUMBERS[0]}
    assert NUMBERS[0] not in newest
    assert set(newest) == {key for key, _ in batch} - erased


@given(stored=st.integers(1, 5), arriving=st.integers(1, 5), erased=st.booleans())
def test_only_a_newer_state_moves_a_row_on(stored: int, arriving: int, erased: bool) -> None:
    row = Stored(stored, 1, 9, date(2026, 6, 1), erased, Declared("en", EXPIRES_AT, "{}"))
    assert is_newer(state(sequence=arriving), row) is (arriving > stored and not erased)
    assert is_newer(state(sequence=arriving), None)
