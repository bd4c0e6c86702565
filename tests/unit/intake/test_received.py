"""What of topic `submission` can be read, what is said to the upstream, and what is a dead letter."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.received import MAX_BYTES, Received, decode
from shared.worker.record import Poison
from tests.unit.intake.given import ID, body, record


def read(value: Any, **more: Any) -> Received:
    received = decode(record(value, **more)).body
    assert isinstance(received, Received)
    return received


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "body_missing"),
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"profile_id": "\xed\xa0\x80"}', "not_json"),
        (b'{"profile_id": "\\ud800"}', "not_json"),
        (b"NaN", "not_json"),
        (b'{"a": Infinity}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 30_000, "not_json"),
        (b'{"version": ' + b"9" * 10_000 + b"}", "not_json"),
        (b"[]", "not_an_object"),
        (b"null", "not_an_object"),
        ({"version": 1}, "key_differs"),
        (body("E999999999"), "key_differs"),
        (body() | {"profile_id": 1}, "key_differs"),
        ({"profile_id": ID}, "version_not_whole"),
        (body(version="1"), "version_not_whole"),  # type: ignore[arg-type]
        (body(version=True), "version_not_whole"),
        (body(version=1.0), "version_not_whole"),  # type: ignore[arg-type]
        (body(version=None), "version_not_whole"),  # type: ignore[arg-type]
    ],
)
def test_what_has_no_number_and_version_is_a_dead_letter(value: Any, code: str) -> None:
    with pytest.raises(Poison) as caught:
        decode(record(value))
    assert caught.value.code == code


@pytest.mark.parametrize("key", ["E1", "e000000001", "E000000001\n", "E" * 37, "É00000001"])
def test_a_key_that_is_no_profile_number_is_a_dead_letter(key: str) -> None:
    with pytest.raises(Poison) as caught:
        decode(record(body(key), key))
    assert caught.value.code == "key_not_a_profile_number"


def test_an_unknown_type_is_a_dead_letter() -> None:
    with pytest.raises(Poison) as caught:
        decode(record(body(), type_="profile.deleted"))
    assert caught.value.code == "unknown_type"


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not() -> None:
    fitting = json.dumps(body()).encode()
    fitting += b" " * (MAX_BYTES - len(fitting))
    assert read(fitting).body is not None
    assert [r.code for r in read(fitting + b" ").reasons] == ["too_large"]
    assert [r.code for r in read(b"x" * (MAX_BYTES + 1)).reasons] == ["too_large"]


def test_unknown_fields_are_ignored() -> None:
    received = read(body(colour="red"))
    assert received.body is not None
    assert not received.reasons


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"version": 0}, "version", "too_small"),
        ({"submitted_at": 1772390045}, "submitted_at", "not_an_instant"),
        ({"submitted_at": "1772390045"}, "submitted_at", "not_an_instant"),
        ({"submitted_at": "2026-03-01T18:34:05"}, "submitted_at", "not_an_instant"),
        ({"submitted_at": "0001-01-01T00:00:00+10:00"}, "submitted_at", "invalid_value"),
        ({"family_size": "2"}, "family_size", "not_a_whole_number"),
        ({"settlement_funds_cad": "25000"}, "settlement_funds_cad", "not_a_number"),
        ({"date_of_birth": "1994-02-30"}, "date_of_birth", "not_a_date"),
        ({"citizenship": "SEN\n"}, "citizenship", "wrong_form"),
        ({"correspondence_language": "de"}, "correspondence_language", "not_in_list"),
        ({"identity": None}, "identity", "not_an_object"),
        ({"identity": body()["identity"] | {"given_names": "A\x00"}}, "identity.given_names", "nul_character"),
        ({"identity": body()["identity"] | {"client_id": " - "}}, "identity.client_id", "too_short"),
    ],
)
def test_a_wrong_field_is_named_in_both_languages(change: dict[str, Any], field: str, code: str) -> None:
    (reason,) = read(body() | change).reasons
    assert (reason.field, reason.code) == (field, code)
    assert reason.text.en != reason.text.fr


def test_a_version_that_no_row_can_hold_is_said_to_the_upstream() -> None:
    received = read(body(version=2**63))
    assert received.version is None
    assert [r.field for r in received.reasons] == ["version"]


def test_content_ignores_spacing_and_order_and_nothing_else() -> None:
    same = json.dumps(dict(reversed(body().items())), indent=3).encode()
    assert read(same).content == read(body()).content
    for other in (body(family_size=2), body(colour="red"), body(submitted_at="2026-03-01T18:34:05.12Z")):
        assert read(other).content != read(body()).content


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*body(), "partner", "education", "work", "nomination"]), _JSON, max_size=4))
def test_any_value_in_any_field_is_read_refused_or_a_dead_letter(changes: dict[str, Any]) -> None:
    value = json.dumps({**body(), **changes}).encode()
    try:
        received = read(value)
    except Poison:
        return
    assert (received.body is None) == bool(received.reasons)
    assert all(reason.text.en and reason.text.fr for reason in received.reasons)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 600), st.integers(0, 600))
def test_mutated_bytes_are_read_refused_or_a_dead_letter(noise: bytes, start: int, end: int) -> None:
    raw = json.dumps(body()).encode()
    with suppress(Poison):
        assert read(raw[:start] + noise + raw[end:]).language in ("en", "fr", None)
