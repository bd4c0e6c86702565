"""The real rounds of 2026 in order, on a synthetic pool with inflow: simulated cut-offs beside the real ones.

The pool is brought to the published bands whenever a new count was published: newcomers enter, others leave. Within a
band no distribution is published; scores are drawn evenly, between 501 and 600 mostly near 501. Which share of the
pool belongs to a category is not published either: each round is held with the share that the round before it of the
same kind has shown, so its cut-off is a prediction. The first of a kind has nothing before it and is not predicted.
Rounds for nominees have a pool of their own (`nominees.py`).
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from itertools import islice
from random import Random

from shared.demo.nominees import Nominees
from shared.rules.bands import BANDS, SUMS

NOMINEES = "PNP"
LEAVES = [(band, low, high) for band, (low, high) in BANDS.items() if band not in SUMS]
FIRST_DAY = date(2025, 1, 1)
"""From here on the shares of the kinds are learned; what is shown begins a year later."""
SHOWN_FROM = date(2026, 1, 1)
CHURN = 0.2
"""The part of a band that is exchanged between two published counts, about two weeks: chosen on the rounds of 2025."""

NOMINATED = 600
"""Everybody above it is taken for a nominee."""


@dataclass(frozen=True, slots=True)
class RealRound:
    """A round as it was published. `pool` by band; None where none was published with it."""

    number: str
    day: date
    kind: str
    invitations: int
    cut_off: int
    pool: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A real round with what the simulation came to; None where there was no earlier round of its kind."""

    real: RealRound
    cut_off: int | None


@dataclass(slots=True, eq=False)
class Candidate:
    """Somebody in the pool; `chances` are even random numbers: a member of a kind is who is under its share."""

    score: int
    chances: dict[str, float] = field(default_factory=dict)


def real_rounds() -> list[RealRound]:
    """The published rounds since the first day, the oldest first."""
    rows = csv.DictReader(files(__package__).joinpath("published_rounds.csv").read_text("utf-8").splitlines())
    return [one for one in map(_real, rows) if one.day >= FIRST_DAY]


def _real(row: Mapping[str, str]) -> RealRound:
    pool = dict(zip(BANDS, map(int, row["pool"].split()), strict=True)) if row["pool"] else None
    day = datetime.fromisoformat(row["day"]).date()
    return RealRound(row["number"], day, row["key"] or "general", int(row["invitations"]), int(row["cut_off"]), pool)


def replay(rounds: Sequence[RealRound], scale: float = 0.05, seed: int = 1) -> list[Replayed]:
    """Hold the rounds in their order on a pool of this scale; returns those of the year that is shown."""
    pool = Pool(scale, Random(seed))
    replayed = []
    for real in rounds:
        pool.bring_to(real.pool)
        cut_off = pool.hold(real)
        if real.day >= SHOWN_FROM:
            replayed.append(Replayed(real, cut_off))
    return replayed


class Pool:
    """The synthetic pool, by band."""

    def __init__(self, scale: float, random: Random) -> None:
        self._scale = scale
        self._random = random
        self._bands: dict[str, list[Candidate]] = {band: [] for band, _, _ in LEAVES}
        self._shares: dict[str, float] = {}
        self._published: Mapping[str, int] | None = None
        self._nominees = Nominees(Random(random.random()))

    def bring_to(self, published: Mapping[str, int] | None) -> None:
        """Let newcomers in and others out until each band holds what was published, once for each publication."""
        if published is None or published == self._published:
            return
        self._published = published
        for band, low, high in LEAVES:
            inside = self._bands[band]
            wanted = round(published[band] * self._scale)
            self._random.shuffle(inside)
            del inside[round(wanted * (1 - CHURN)) :]
            inside.extend(self._newcomer(low, high) for _ in range(wanted - len(inside)))

    def hold(self, real: RealRound) -> int | None:
        """Invite the best of the kind; the cut-off, None where the share of the kind was not known before."""
        if real.kind == NOMINEES:
            return self._nominees.hold(self._published or {}, real.invitations, real.cut_off)
        wanted = max(round(real.invitations * self._scale), 1)
        share = self._shares.get(real.kind)
        self._learn(real, wanted)
        members = self._ranked(real.kind, self._shares[real.kind] if share is None else share)
        invited = list(islice(members, wanted))
        gone = set(map(id, invited))
        for band, inside in self._bands.items():
            self._bands[band] = [one for one in inside if id(one) not in gone]
        return invited[-1].score if invited and share is not None else None

    def _learn(self, real: RealRound, wanted: int) -> None:
        """The share of the kind with which this round would have ended where it really did."""
        able = sorted(self._chance(one, real.kind) for one in self._able(real.cut_off) if one.score >= real.cut_off)
        self._shares[real.kind] = able[min(wanted, len(able)) - 1] if able else 1.0

    def _ranked(self, kind: str, share: float) -> Iterator[Candidate]:
        """The members of a kind, the best first; no further down than they are asked for."""
        for band, low, _ in LEAVES:
            if low <= NOMINATED:
                ranked = sorted(self._bands[band], key=lambda one: -one.score)
                yield from (one for one in ranked if self._chance(one, kind) <= share)

    def _able(self, cut_off: int) -> Iterator[Candidate]:
        """Who has no nomination, in the bands that reach a cut-off."""
        for band, low, high in LEAVES:
            if low <= NOMINATED and high >= cut_off:
                yield from self._bands[band]

    def _chance(self, one: Candidate, kind: str) -> float:
        return one.chances.setdefault(kind, self._random.random())

    def _newcomer(self, low: int, high: int) -> Candidate:
        if (low, high) == BANDS["dd2"]:
            return Candidate(min(low + int(self._random.expovariate(1 / 18)), high))
        return Candidate(self._random.randint(low, high))
