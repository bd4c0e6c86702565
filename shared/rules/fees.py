"""The fees of an application (R295, R303), by the instant at which it was received."""

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final, Literal

import yaml

FeeKind = Literal["processing", "permanent_residence"]
Payer = Literal["applicant", "partner", "dependent_child"]
Program = Literal["FSW", "CEC", "FST", "PNP"]

_TABLE: Final[dict[str, Any]] = yaml.safe_load((files(__package__) / "data" / "fees.yaml").read_text("utf-8"))

_NEWEST_FIRST: Final[tuple[tuple[datetime, dict[str, Any]], ...]] = tuple(
    (datetime.fromisoformat(table["effective_at"]), table) for table in reversed(_TABLE["tables"])
)


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee that is due; `amount_cad` None = the amount is not known, a receipt is enough."""

    amount_cad: int | None
    needed_for_completeness: bool
    rule_set: str
    section: str


def fee(kind: FeeKind, of: Payer, received_at: datetime, program: Program) -> Fee | None:
    """The fee that a person owes for an application received at an instant, or None if there is none to pay.

    Raises ValueError for an instant without an offset from UTC, or before 2015-01-01.
    """
    if {"kind": kind, "of": of} in _TABLE["not_due"]:
        return None
    table = _in_force(received_at)
    special: dict[str, int | None] = table.get("by_program", {}).get(program, {}).get(kind, {})
    return Fee(
        amount_cad=special.get(of, table[kind][of]),
        needed_for_completeness=_TABLE["needed_for_completeness"][kind],
        rule_set=table["id"],
        section=_TABLE["section"][kind],
    )


def _in_force(received_at: datetime) -> dict[str, Any]:
    # A naive instant could fall on either side of 09:00 Eastern.
    if received_at.tzinfo is None:
        raise ValueError("received_at: an instant needs an offset from UTC: give it with a time zone")
    for effective_at, table in _NEWEST_FIRST:
        if effective_at <= received_at:
            return table
    raise ValueError(f"received_at: no fee table before {_NEWEST_FIRST[-1][0]}")
