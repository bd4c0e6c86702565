"""A load that can be checked: profiles that are numbered, whose score says which version it is of."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from shared.demo.facts import Traits, facts
from shared.kafka.producer import Record
from shared.worker import publish

SOURCE = "/upstream/load"
NOW = datetime(2026, 8, 16, tzinfo=UTC)

_LEVELS = (7, 8, 9, 10)
"""CLB of each version in turn: each version has another score than the one before it."""


def number(prefix: str, place: int) -> str:
    """The number of a profile. The prefix tells apart what different tests have published."""
    return f"{prefix}-{place:05d}"


def body(profile_id: str, version: int = 1, **more: Any) -> dict[str, Any]:
    """A profile that meets the programs in every version, of a person of its own."""
    traits = Traits(
        age=30,
        level="masters_or_professional",
        english=_LEVELS[version % len(_LEVELS)],
        french=0,
        canadian_years=2,
        foreign_years=3,
        first="english",
        studied_in_canada=False,
        sibling=False,
        nominee=False,
        tradesperson=False,
        occupation="21231",
    )
    submitted = NOW - timedelta(days=30, microseconds=Random(profile_id).randrange(10**9))
    identity = {
        "family_name": "Load",
        "given_names": "Number",
        "passport_country": "IND",
        "passport_number": profile_id,
    }
    return {
        "profile_id": profile_id,
        "version": version,
        "submitted_at": submitted.isoformat(),
        "identity": identity,
        **facts(traits, Random(profile_id)),
        "date_of_birth": "1994-12-24",
        **more,
    }


def submission(profile_id: str, version: int = 1, **more: Any) -> Record:
    """The record of one version."""
    return publish.record(SOURCE, body(profile_id, version, **more))


def withdrawal(profile_id: str, version: int) -> Record:
    """The record of a withdrawal."""
    withdrawn_at = NOW.isoformat()
    return publish.record(SOURCE, {"profile_id": profile_id, "version": version, "withdrawn_at": withdrawn_at})


def with_other_content(profile_id: str, version: int) -> Record:
    """A version again, with other content: another event, which must be refused."""
    record = submission(profile_id, version, settlement_funds_cad=1)
    kept = tuple(header for header in record.headers if header[0] != "ce_id")
    event = ("ce_id", f"{profile_id}:{version}:other".encode())
    return Record(record.topic, record.key, record.value, (*kept, event))


def no_json(profile_id: str) -> Record:
    """Bytes that nobody can read."""
    return Record("submission", profile_id.encode(), b"{no json", submission(profile_id).headers)


def mixed(prefix: str, profiles: int) -> Iterator[Record]:
    """Versions in and out of order, copies, a version with two contents, withdrawals, nonsense."""
    keys = [number(prefix, place) for place in range(profiles)]
    for key in keys:
        yield submission(key)
    for place, key in enumerate(keys):
        match place % 6:
            case 0:
                yield from (submission(key, 3), submission(key, 2), submission(key, 3))
            case 1:
                yield from (submission(key, 2), with_other_content(key, 2), submission(key, 4))
            case 2:
                yield from (submission(key, 2), withdrawal(key, 3), submission(key, 4))
            case 3:
                yield no_json(key)
            case 4:
                yield submission(key, 5, primary_noc="99999")
            case _:
                yield submission(key)
