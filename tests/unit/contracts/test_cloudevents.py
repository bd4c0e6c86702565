"""Our CloudEvents binding, held against the official SDK as an independent reader."""

from datetime import UTC, datetime

import pytest

from shared.contracts.cloudevents import Attributes, NotAnEvent, attributes, headers

TIME = datetime(2026, 8, 17, 22, 9, 0, 120000, tzinfo=UTC)
EVENT = Attributes("profile.changed.v1", "/express-entry/intake", "profile:E002461357:7", TIME)
GOOD = dict(headers(EVENT, "E002461357"))


def test_headers_are_read_back_as_they_were_written() -> None:
    assert attributes(headers(EVENT, "E002461357")) == EVENT


def test_the_instant_is_written_in_utc_to_the_microsecond() -> None:
    assert GOOD["ce_time"] == b"2026-08-17T22:09:00.120000Z"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ce_specversion": None}, "header_null"),
        ({"ce_specversion": b"0.3"}, "header_specversion"),
        ({"ce_type": b"\xff\xfe"}, "header_not_utf8"),
        ({"ce_id": b""}, "header_missing"),
        ({"ce_source": b"x" * 1025}, "header_too_long"),
        ({"ce_time": b"yesterday"}, "header_time"),
        ({"ce_time": b"0001-01-01T00:00:00+14:00"}, "header_time"),
        ({"ce_time": b"9999-12-31T23:59:59-14:00"}, "header_time"),
        ({"ce_id": b"a\x00b"}, "header_not_utf8"),
    ],
)
def test_a_bad_attribute_is_named_by_its_problem(change: dict[str, bytes | None], code: str) -> None:
    with pytest.raises(NotAnEvent) as caught:
        attributes(tuple({**GOOD, **change}.items()))
    assert caught.value.code == code


def test_an_attribute_that_comes_twice_is_refused() -> None:
    with pytest.raises(NotAnEvent, match="header_repeated"):
        attributes((*GOOD.items(), ("ce_id", b"another")))


def test_headers_that_are_not_ours_may_hold_any_bytes() -> None:
    assert attributes((*GOOD.items(), ("trace", b"\xff"), ("empty", None))) == EVENT
