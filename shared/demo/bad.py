"""Bad submissions of every kind, each with what must become of it: `rejected`, `superseded`, or a dead letter."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.submission import SUBMITTED
from shared.kafka.producer import Record

SOURCE = "/upstream/careless"
DEAD = "dead letter"


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad submission. `outcome`: a reason code of `rejected`, `superseded`, or a dead letter."""

    name: str
    outcome: str
    record: Record
    reason: str = ""


def all_of(good: Mapping[str, Any]) -> list[Bad]:
    """Every kind, made from a good submission (that was accepted before, for those that need one)."""
    return [*_wrong_values(good), *_wrong_states(good), *_wrong_sizes(good), *_wrong_records(good)]


def records(good: Mapping[str, Any]) -> list[Record]:
    """Their records, in order."""
    return [bad.record for bad in all_of(good)]


def _record(key: str, body: object, number: str) -> Record:
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    event = Attributes(SUBMITTED, SOURCE, f"bad:{number}")
    return Record("submission", key.encode(), value, headers(event, key))


def _wrong_values(good: Mapping[str, Any]) -> Iterator[Bad]:
    tests = good["language_tests"]
    english = {**tests[0], "test": "ielts_general_training", "listening": 9.7}
    changes: dict[str, tuple[str, dict[str, Any]]] = {
        "an IELTS score of 9.7": ("score_off_scale", {"language_tests": [english]}),
        "two tests of one language": ("two_tests_of_one_language", {"language_tests": [tests[0], tests[0]]}),
        "a NOC that is no NOC": ("noc_unknown", {"primary_noc": "99999"}),
        "a birth in the future": ("birth_after_day", {"date_of_birth": "2027-01-01"}),
        "a submission in the future": ("receipt_in_future", {"submitted_at": "2026-12-24T00:00:00Z"}),
        "nobody whom a program takes": ("no_program_met", {"work": []}),
        "a field of another type": ("not_a_number", {"settlement_funds_cad": "plenty"}),
        "a job that ends before it began": (
            "to_before_from",
            {
                "work": [
                    {"noc": "21231", "country": "CAN", "from": "2024-05-01", "to": "2023-05-01", "hours_per_week": 40}
                ]
            },
        ),
    }
    for place, (name, (code, change)) in enumerate(changes.items()):
        key = f"BAD-VALUE-{place}"
        identity = {**good["identity"], "passport_number": f"BAD{place}"}
        yield Bad(
            name, "rejected", _record(key, {**good, "profile_id": key, "identity": identity, **change}, key), code
        )
    missing = {name: value for name, value in good.items() if name != "first_official_language"}
    key = "BAD-MISSING"
    yield Bad("a missing field", "rejected", _record(key, {**missing, "profile_id": key}, key), "missing")


def _wrong_states(good: Mapping[str, Any]) -> Iterator[Bad]:
    key = good["profile_id"]
    other = {**good, "settlement_funds_cad": 1}
    yield Bad("the same version with other content", "rejected", _record(key, other, "other"), "version_reused")
    moved = {**good, "version": 5, "submitted_at": "2026-01-02T03:04:05Z"}
    yield Bad("another instant of submission", "rejected", _record(key, moved, "moved"), "submitted_at_differs")
    yield Bad("an update", "accepted", _record(key, {**good, "version": 9}, "newer"))
    yield Bad("a version that goes back", "superseded", _record(key, {**good, "version": 8}, "older"))


def _wrong_sizes(good: Mapping[str, Any]) -> Iterator[Bad]:
    for name, size in (("a body of 300 KiB", 300 * 1024), ("a body of 3 MiB", 3 * 1024 * 1024)):
        key = f"BAD-SIZE-{size}"
        body = {**good, "profile_id": key, "padding": "x" * size}
        yield Bad(name, "rejected", _record(key, body, key), "too_large")


def _wrong_records(good: Mapping[str, Any]) -> Iterator[Bad]:
    key = "BAD-RECORD"
    fine = _record(key, {**good, "profile_id": key}, "fine")
    yield Bad("not JSON", DEAD, _record(key, b"{not json", "json"), "not_json")
    yield Bad("no object", DEAD, _record(key, b"[1]", "list"), "not_an_object")
    yield Bad(
        "a key that is not the number", DEAD, _record("BAD-OTHER", {**good, "profile_id": key}, "key"), "key_differs"
    )
    null = (*fine.headers, ("ce_time", None))
    yield Bad("a null header", DEAD, Record("submission", fine.key, fine.value, null), "header_null")
    raw = tuple((name, b"\xff\xfe" if name == "ce_id" else value) for name, value in fine.headers)
    yield Bad("a header that is not UTF-8", DEAD, Record("submission", fine.key, fine.value, raw), "header_not_utf8")
    yield Bad("no headers", DEAD, Record("submission", fine.key, fine.value), "header_specversion")
    yield Bad("an empty value", DEAD, Record("submission", fine.key, None, fine.headers), "body_missing")
