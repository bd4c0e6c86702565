"""Rounds for nominees in the replay of a year: who holds a nomination is invited in the next of them, all at once.

A nomination gives 600 points on top of a score of one's own, which is drawn as the pool's scores are. So a cut-off is
the lowest of so many draws, and lies in the lowest published band. How far down that band is inhabited is not
published: a round is held with the floor that the round for nominees before it has shown.
"""

from collections.abc import Mapping
from random import Random

from shared.rules.bands import BANDS, SUMS

GIVEN = 600
LOWEST = "dd17"
_OWN = [band for band in BANDS if band not in SUMS and band != "dd1"]


class Nominees:
    """They come and go between two counts of the pool: each round has its own, at full scale, being few."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._floor: float | None = None

    def hold(self, pool: Mapping[str, int], invitations: int, cut_off: int) -> int | None:
        """The cut-off predicted for so many invitations, None for the first round; then learn from the real one."""
        predicted = None if self._floor is None else self._lowest(pool, invitations, self._floor)
        self._learn(pool, invitations, cut_off)
        return predicted

    def _lowest(self, pool: Mapping[str, int], invitations: int, floor: float) -> int:
        drawn = self._random.choices(_OWN, weights=[pool[band] for band in _OWN], k=invitations)
        return GIVEN + round(min(self._random.uniform(max(BANDS[band][0], floor), BANDS[band][1]) for band in drawn))

    def _learn(self, pool: Mapping[str, int], invitations: int, cut_off: int) -> None:
        """The lowest of k even draws above a floor lies, in the mean, one part in k + 1 above it."""
        k = max(invitations * pool[LOWEST] / sum(pool[band] for band in _OWN), 1.0)
        top = BANDS[LOWEST][1]
        self._floor = min(max(cut_off - GIVEN - (top - (cut_off - GIVEN)) / k, 0.0), top)
