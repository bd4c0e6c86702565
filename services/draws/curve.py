"""The exact cut-off of a round of every size, in every grouping, from one look at the pool."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.draws import store
from services.draws.grouping import groupings_in
from services.draws.store import QUERIES
from shared.worker.step import Connection


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rounds of `first` to `last` invitations end at this score."""

    cut_off: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The cut-off by the size of the round, for one grouping; the best score first."""

    stretches: Sequence[Stretch]

    @property
    def eligible(self) -> int:
        """How many can be invited."""
        return self.stretches[-1].last if self.stretches else 0

    def cut_off(self, invitations: int) -> int | None:
        """The lowest score that a round of this size invites; None where it invites nobody."""
        if invitations < 1 or not self.stretches:
            return None
        return next((one.cut_off for one in self.stretches if one.last >= invitations), self.stretches[-1].cut_off)


async def by_score(connection: Connection, at: datetime | None) -> dict[str, dict[int, int]]:
    """How many can be invited with each score, by grouping; at an instant, or as the pool stands."""
    bits = await store.grouping_bits(connection)
    found: dict[str, dict[int, int]] = {key: defaultdict(int) for key in bits}
    keys: dict[int, frozenset[str]] = {}
    for total, mask, count in await connection.fetch(QUERIES.count_by_score, at):
        if mask not in keys:
            keys[mask] = groupings_in(mask, bits)
        for key in keys[mask]:
            found[key][total] += count
    return {key: dict(counts) for key, counts in found.items()}


async def curves(connection: Connection, at: datetime | None) -> dict[str, Curve]:
    """The curve of every grouping that anybody is in."""
    return {key: curve(counts) for key, counts in (await by_score(connection, at)).items() if counts}


def curve(counts: Mapping[int, int]) -> Curve:
    """The curve from how many have each score."""
    return Curve(tuple(_stretches(counts)))


def _stretches(counts: Mapping[int, int]) -> Iterator[Stretch]:
    taken = 0
    for score in sorted(counts, reverse=True):
        yield Stretch(score, taken + 1, taken + counts[score])
        taken += counts[score]
