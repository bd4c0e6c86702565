"""The words and tables of the reference: what a message is, which move each state allows, when an invitation lapses."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.unit.decisions.calendar_of_law import five_years_on

Record = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """A body as it was received. `policy`: an application may be approved by rule."""

    at: datetime
    id: str
    kind: str
    body: Record
    policy: bool = False


NEEDED = {("verified", None), ("cleared", "A34(1)"), ("cleared", "A36(1)"), ("cleared", "A38(1)")}
PROCESSED = {"in_process", "fairness_letter", "suspended"}
ALWAYS = {"finding", "answer", "terminate", "withdraw"}
TAKEN = {
    "in_process": {*ALWAYS, "approve", "refuse", "return", "send_fairness_letter", "suspend"},
    "fairness_letter": {*ALWAYS, "approve", "refuse", "return", "send_fairness_letter", "suspend"},
    "suspended": {*ALWAYS, "resume"},
}
"""What an application that is processed takes; nothing else takes anything."""

INVITATION_MOVES = {
    "open": {"open", "declined", "lapsed", "cancelled", "applied"},
    "applied": {"applied", "lapsed"},  # lapsed: an officer returned the application and the period ended
    "declined": {"declined"},
    "lapsed": {"lapsed"},
    "cancelled": {"cancelled"},
}
APPLICATION_MOVES: dict[str | None, set[str | None]] = {
    None: {None, "returned", "in_process"},
    "returned": {"returned", "in_process"},
    "in_process": {*PROCESSED, "returned", "approved", "refused", "withdrawn", "terminated"},
    "fairness_letter": {*PROCESSED, "returned", "approved", "refused", "withdrawn", "terminated"},
    "suspended": {*PROCESSED, "withdrawn", "terminated"},
    "approved": {"approved"},
    "refused": {"refused"},
    "withdrawn": {"withdrawn"},
    "terminated": {"terminated"},
}
MOMENT = timedelta(microseconds=1)


class Wait(Exception):
    """What the message answers is not there yet, or a later state can take it."""


class No(Exception):
    """Refused: a code and the state that was found."""


def lapsing(one: Record) -> datetime | None:
    """When an invitation lapses; None: it no longer can."""
    deadline: datetime = one["deadline"]
    if one["state"] == "open":
        return deadline
    if one["state"] == "applied" and one["returned_at"] is not None:
        returned_at: datetime = one["returned_at"]
        return max(deadline, returned_at + MOMENT)
    return None


def may_apply(one: Record, at: datetime) -> bool:
    return lapsing(one) is not None and at < one["deadline"]


def settle(application: Record) -> None:
    waiting = any(not letter["over"] for letter in application["letters"].values())
    application["state"] = "fairness_letter" if waiting else "in_process"
    if application["suspended"]:
        application["state"] = "suspended"


def barred(since: date, finding: Record) -> tuple[date, date | None]:
    """A40(2)(a); the candidates of these tests live in Canada."""
    if finding.get("determined_in") == "outside":
        return since, five_years_on(since)
    enforced = finding.get("removal_enforced_on")
    return since, five_years_on(date.fromisoformat(enforced)) if enforced else None
