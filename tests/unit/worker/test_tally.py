"""Counts and checksums of two sides agree exactly where both hold the same, and gaps are found in little memory."""

from itertools import permutations

import pytest

from shared.worker.reconcile import Report, lines
from shared.worker.reconcile.facts import Span
from shared.worker.tally import Tally, digest


def tally(*records: tuple[bytes, bytes | None]) -> Tally:
    found = Tally()
    for name, value in records:
        found.add(name, digest(value))
    return found


A, B, C = (b"A", b"1"), (b"B", b"1"), (b"C", None)


def test_the_order_in_which_records_come_makes_no_difference() -> None:
    assert {str(tally(*order)) for order in permutations((A, B, C))} == {str(tally(A, B, C))}


@pytest.mark.parametrize("other", [(A, B), (A, B, (b"C", b"")), (A, (b"B", b"2"), C), ((b"A", b"1"), (b"B1", b""), C)])
def test_a_record_that_is_missing_or_another_makes_one(other: tuple[tuple[bytes, bytes | None], ...]) -> None:
    assert tally(*other) != tally(A, B, C)


def test_two_that_are_the_same_do_not_cancel_each_other() -> None:
    assert tally(A, A) != tally()


@pytest.mark.parametrize(
    ("numbers", "aged", "dense"),
    [
        ([1, 2, 3], False, True),
        ([2, 1, 3], False, True),
        ([1, 3], False, False),
        ([2, 3], False, False),
        ([2, 3], True, True),
        ([2, 4], True, False),
    ],
)
def test_the_numbers_of_facts_have_no_gap_but_before_what_is_kept(numbers: list[int], aged: bool, dense: bool) -> None:
    span = Span(aged)
    for number in numbers:
        span.add(number)
    assert span.dense == dense


def test_a_report_shows_partitions_where_they_are_asked_for() -> None:
    report = Report()
    report.tally("scored", 3, "topic").add(b"A", digest(b"1"))
    report.tally("scored", 3, "table").add(b"A", digest(b"1"))
    shown = [line for line in lines(report, partitions=True) if "scored/3" in line]
    assert {line.split()[-1] for line in shown} == {"topic", "table"}
    assert len({line.split()[1] for line in shown}) == 1
    assert not any("scored/3" in line for line in lines(report))
