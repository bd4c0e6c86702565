"""What becomes of invited candidates after the rounds: a fate for each, seeded, every state of the law among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import Any

from shared.contracts.rounds import Invited

EXTENDED_UNTIL = "2026-10-30"
FIRST = datetime(2026, 9, 1, 15, tzinfo=UTC)
SECOND = datetime(2026, 9, 15, 15, tzinfo=UTC)
THIRD = datetime(2026, 10, 6, 15, tzinfo=UTC)
LATE = datetime(2026, 10, 23, 15, tzinfo=UTC)
LAST = datetime(2026, 11, 1, 15, tzinfo=UTC)
STOPS = (FIRST, SECOND, THIRD, LATE, LAST)


class Fate(StrEnum):
    """What happens to an invitation."""

    APPROVED = "approved"
    INCOMPLETE_FIRST = "incomplete_first"
    DECLINED = "declined"
    LAPSED = "lapsed"
    LATE = "late"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    BY_OFFICER = "by_officer"
    ANSWERED = "answered"
    MISREPRESENTED = "misrepresented"
    RETURNED = "returned"
    READ_LATE = "read_late"
    PROFILE_WITHDRAWN = "profile_withdrawn"
    EXTENDED = "extended"
    CANCELLED = "cancelled"


_WEIGHTS = {
    Fate.APPROVED: 760,
    Fate.INCOMPLETE_FIRST: 60,
    Fate.DECLINED: 60,
    Fate.LAPSED: 60,
    Fate.REFUSED: 20,
    Fate.WITHDRAWN: 15,
    Fate.SUSPENDED: 10,
    Fate.BY_OFFICER: 15,
}
_ONCE = tuple(fate for fate in Fate if fate not in (Fate.APPROVED, Fate.INCOMPLETE_FIRST, Fate.LAPSED))

BY_ORDER = (Fate.EXTENDED, Fate.CANCELLED)
"""Of these operators order something before anything is published."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One invited candidate with the facts that were declared and a fate."""

    invited: Invited
    facts: Mapping[str, Any]
    fate: Fate

    @property
    def application_id(self) -> str:
        return f"A-{self.invited.profile_id}-{self.invited.round_id}"

    @property
    def children(self) -> list[str]:
        """Everybody in the family but the applicant: in this population dependent children."""
        return [f"F{number}" for number in range(1, self.facts["family_size"])]


def plans(invited: Sequence[Invited], bodies: Mapping[str, Mapping[str, Any]], seed: int) -> list[Plan]:
    """A fate for each; the rare ones once at least."""
    random = Random(seed)
    fates = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=len(invited))
    for place, fate in enumerate(_ONCE[: len(fates)]):
        fates[-1 - place] = fate
    return [Plan(one, _facts(bodies[one.profile_id]), fate) for one, fate in zip(invited, fates, strict=True)]


def _facts(body: Mapping[str, Any]) -> dict[str, Any]:
    outside = ("profile_id", "version", "submitted_at", "correspondence_language", "identity")
    return {name: value for name, value in body.items() if name not in outside}
