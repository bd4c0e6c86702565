"""Profiles for the tests of scoring, as intake publishes them."""

from datetime import UTC, date, datetime
from typing import Any

from shared.contracts.cloudevents import Attributes
from shared.contracts.profile import ProfileState, Status
from shared.contracts.types import PROFILE
from shared.rules import Facts
from shared.worker.record import Message, Record

SUBMITTED_AT = datetime(2026, 3, 1, 18, 34, 5, 120000, UTC)
EXPIRES_AT = datetime(2027, 3, 1, 18, 34, 5, 120000, UTC)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

FACTS: dict[str, Any] = {
    "date_of_birth": "1994-07-17",
    "citizenship": "IND",
    "residence": "CAN",
    "intended_province": "ON",
    "family_size": 1,
    "settlement_funds_cad": 30000.5,
    "education": [
        {
            "level": "three_year_or_bachelor",
            "country": "IND",
            "completed_on": "2016-06-30",
            "eca_issued_on": "2025-01-15",
            "eca_issued_by": "wes",
        }
    ],
    "first_official_language": "english",
    "language_tests": [
        {
            "test": "celpip_general",
            "taken_on": "2025-10-02",
            "results_on": "2025-10-10",
            "listening": 9,
            "reading": 9,
            "writing": 9,
            "speaking": 9,
        }
    ],
    "work": [{"noc": "21231", "country": "CAN", "from": "2022-01-10", "hours_per_week": 37.5}],
    "primary_noc": "21231",
}
"""31 years old on 2026-06-01 and 32 on 2026-07-17; CLB 9, a bachelor's, four years of work in Canada; CEC."""


def state(profile_id: str = "E000000001", sequence: int = 1, **changes: Any) -> ProfileState:
    """A `profile` message; `facts` are changes to `FACTS`."""
    facts = Facts.of(**{**FACTS, **changes.pop("facts", {})})
    fields: dict[str, Any] = {
        "version": sequence,
        "status": Status.IN_POOL,
        "submitted_at": SUBMITTED_AT,
        "expires_at": EXPIRES_AT,
        "on": date(2026, 3, 1),
        "programs": {},
        "rule_sets": [],
        "provisional": False,
    }
    return ProfileState(profile_id=profile_id, sequence=sequence, facts=facts, **{**fields, **changes})


def message(body: ProfileState | None, key: str | None = None) -> Message:
    """The record of a state, or of an erasure of `key`, as the worker hands it on."""
    profile_id = body.profile_id if body else key or "E000000001"
    value = body.json_bytes() if body else None
    record = Record("profile", 0, 0, profile_id.encode(), value, (), 0)
    return Message(record, Attributes(PROFILE, "/express-entry/intake", "id"), profile_id, body)
