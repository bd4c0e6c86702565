"""The bodies of `scored` and `eligible`, written as JSON from the evaluation directly.

Building the pydantic models of some seventy lines would take as long as the evaluation itself. That these are the
same bytes as the models', field for field, is a test (`Scored.read(body).json_bytes() == body`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from shared.contracts.base import iso
from shared.contracts.profile import Status
from shared.rules import Evaluation, Facts, NextChange, Verdict


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of `Evaluated`, in its order."""

    profile_id: str
    sequence: int
    profile_sequence: int
    status: Status
    submitted_at: datetime
    expires_at: datetime
    correspondence_language: str
    on: date
    rule_sets: tuple[str, ...]
    provisional: bool
    missing_tables: tuple[str, ...]
    next_change: NextChange | None

    def json(self) -> bytes:
        """As a JSON object."""
        change = self.next_change
        fields = {
            "profile_id": self.profile_id,
            "sequence": self.sequence,
            "profile_sequence": self.profile_sequence,
            "status": self.status.value,
            "submitted_at": iso(self.submitted_at),
            "expires_at": iso(self.expires_at),
            "correspondence_language": self.correspondence_language,
            "on": self.on.isoformat(),
            "rule_sets": self.rule_sets,
            "provisional": self.provisional,
            "missing_tables": self.missing_tables,
            "next_change": {"on": change.on.isoformat(), "reason": change.reason} if change else None,
        }
        return orjson.dumps(fields)


def bodies(head: Head, evaluation: Evaluation, facts: Facts) -> tuple[str, str]:
    """The bodies of `scored` and `eligible`."""
    shared = head.json()
    return _joined(shared, _scored(evaluation)), _joined(shared, _eligible(evaluation, facts))


def _scored(evaluation: Evaluation) -> dict[str, Any]:
    """Total, factors, and a line for every point and every cap."""
    factors = evaluation.crs.as_dict()
    total = factors.pop("total")
    lines = [line.message() for line in evaluation.lines if line.code.startswith("crs.")]
    return {"total": total, "factors": factors, "lines": lines}


def _eligible(evaluation: Evaluation, facts: Facts) -> dict[str, Any]:
    """The programs, the nomination, and the category of every version in force."""
    programs = {name: {"met": one.eligible, "reasons": _reasons(one)} for name, one in evaluation.programs.items()}
    categories = {
        key: {"version": one.version, "eligible": one.verdict.eligible, "reasons": _reasons(one.verdict)}
        for key, one in evaluation.categories.items()
    }
    return {"programs": programs, "nominee": nomination_in_force(facts, evaluation.on), "categories": categories}


def nomination_in_force(facts: Facts, on: date) -> bool:
    """Whether a province's nomination is in force on a day, its first and last day included (R87)."""
    nomination = facts.nomination
    return nomination is not None and nomination.issued_on <= on <= nomination.expires_on


def _reasons(verdict: Verdict) -> list[dict[str, Any]]:
    return [line.message() for line in verdict.reasons]


def _joined(shared: bytes, own: dict[str, Any]) -> str:
    """One object with the fields of both, the shared ones first."""
    return (shared[:-1] + b"," + orjson.dumps(own)[1:]).decode()
