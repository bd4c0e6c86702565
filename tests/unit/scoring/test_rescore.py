"""Which rows of the pool a new rule set concerns."""

from datetime import UTC, date, datetime

from services.scoring.rescore import Span, Standing, outdated
from shared.rules import rule_sets_in_force

TODAY = date(2026, 6, 1)
IN_FORCE = rule_sets_in_force(TODAY)
OLDER = tuple(one.replace("crs_2025-03-25", "crs_2020-10-20") for one in IN_FORCE)
FIRST, LAST = date(2025, 9, 1), date(2026, 5, 31)


def test_nothing_is_outdated_on_an_ordinary_day() -> None:
    assert outdated([Standing(1, IN_FORCE, FIRST, LAST)], TODAY) == []


def test_all_rows_under_other_sets_are_outdated() -> None:
    assert outdated([Standing(1, IN_FORCE, FIRST, LAST), Standing(2, OLDER, FIRST, LAST)], TODAY) == [
        Span(2, datetime(2025, 9, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    ]


def test_the_pool_is_outdated_from_the_day_on_which_new_categories_hold() -> None:
    before = Standing(1, rule_sets_in_force(date(2026, 2, 17), submitted_on=FIRST), FIRST, date(2026, 2, 17))
    assert outdated([before], date(2026, 2, 17)) == []
    assert outdated([before], date(2026, 2, 18)) == [
        Span(1, datetime(2025, 9, 1, tzinfo=UTC), datetime(2026, 2, 18, tzinfo=UTC))
    ]


def test_rows_under_sets_that_are_not_loaded_are_left_alone() -> None:
    ahead = Standing(3, (*IN_FORCE, "crs_2099-01-01"), FIRST, LAST)
    assert not ahead.known
    assert outdated([ahead], TODAY) == []


def test_a_table_that_holds_later_for_the_pool_concerns_it_from_that_day_alone() -> None:
    """The funds of 2025-07-07: profiles that were in the pool had until 2025-07-28."""
    old = rule_sets_in_force(date(2025, 7, 6))
    new = rule_sets_in_force(date(2025, 7, 7))
    pool = Standing(1, old, date(2025, 7, 1), date(2025, 7, 6))
    since = Standing(2, new, date(2025, 7, 7), date(2025, 7, 20))
    assert outdated([pool, since], date(2025, 7, 28)) == []
    assert outdated([pool, since], date(2025, 7, 29)) == [
        Span(1, datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 7, 7, tzinfo=UTC))
    ]


def test_rows_that_a_new_table_does_not_concern_are_not_taken() -> None:
    both = Standing(1, rule_sets_in_force(date(2025, 7, 6)), date(2025, 7, 1), date(2025, 7, 20))
    assert outdated([both], date(2025, 7, 20)) == [
        Span(1, datetime(2025, 7, 7, tzinfo=UTC), datetime(2025, 7, 21, tzinfo=UTC))
    ]
