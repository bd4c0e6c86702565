"""A seeded population whose scores fill the published bands, and whose groupings fill the published rounds.

What it is fitted to, and so no result of the demo: the number of candidates by band, and in each of the three rounds
the number of candidates at or above the published cut-off. Free: who they are, the order among equal scores, and all
that follows an invitation.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from random import Random
from typing import Any

import yaml

from shared.demo.facts import AS_ON, Traits, draw, facts
from shared.rules import Facts, evaluate

TRIES = 9_000
TOP = 1201
MIDNIGHT = datetime(AS_ON.year, AS_ON.month, AS_ON.day, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """Traits with what the engine says of them on the day of the pool."""

    traits: Traits
    score: int
    cec: bool
    french: bool
    nominee: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile to be submitted."""

    profile_id: str
    body: Mapping[str, Any]
    kind: Kind


@cache
def week() -> dict[str, Any]:
    """The published figures (week.yaml)."""
    found: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("week.yaml").read_text("utf-8"))
    return found


def bands() -> list[tuple[int, int, int]]:
    """Lowest score, highest score, candidates published; highest band first."""
    lowest = sorted(week()["pool"], reverse=True)
    return [(low, above - 1, week()["pool"][low]) for above, low in pairwise([TOP, *lowest])]


def kinds(random: Random, tries: int = TRIES) -> list[Kind]:
    """Distinct traits of people who would be in the pool, scored by the engine itself."""
    found = []
    for traits in dict.fromkeys(draw(random) for _ in range(tries)):
        result = evaluate(Facts.of(**facts(traits, Random(0))), AS_ON, submitted_on=AS_ON, lines=False)
        if any(result.programs[name].eligible for name in ("FSW", "CEC", "FST")):
            found.append(
                Kind(
                    traits,
                    result.crs.total,
                    result.programs["CEC"].eligible,
                    result.categories["french"].verdict.eligible,
                    result.programs["PNP"].eligible,
                )
            )
    return found


def chosen(scale: float, seed: int) -> Iterator[Kind]:
    """The kinds of the whole population: band by band, the candidates of the rounds first."""
    random = Random(seed)
    pots: dict[tuple[int, str], list[Kind]] = defaultdict(list)
    for kind in kinds(random):
        pots[_band(kind.score), _role(kind)].append(kind)
    for low, _, published in bands():
        left = round(published * scale)
        for role, count in _wanted(low, scale).items():
            yield from _some(random, pots.get((low, role), []), min(count, left))
            left -= min(count, left)
        yield from _some(random, pots.get((low, "rest"), []), left)


def _wanted(low: int, scale: float) -> dict[str, int]:
    """How many of each role a band gets: the French speakers spread over it and all others down to the cut-off."""
    sizes = {entry["key"]: entry["invitations"] for entry in week()["rounds"]}
    shares = _above(week()["rounds"][2]["cut_off"])
    return {
        "nominee": round(week()["pool"][601] * scale) if low == 601 else 0,
        "cec": round(sizes["CEC"] * scale) if low == 501 else 0,
        "french": round(sizes["french"] * scale * shares.get(low, 0.0)),
    }


@cache
def _above(cut_off: int) -> dict[int, float]:
    """The share of each band in the pool from 600 points down to a cut-off; a cut band counts by its scores."""
    sizes = {
        low: published * (high - max(low, cut_off) + 1) / (high - low + 1)
        for low, high, published in bands()
        if cut_off <= high < 601
    }
    return {low: size / sum(sizes.values()) for low, size in sizes.items()}


def _role(kind: Kind) -> str:
    """For which of the rounds a kind is taken: at or above its published cut-off; the rest is in none of them."""
    pnp, cec, french = (entry["cut_off"] for entry in week()["rounds"])
    if kind.nominee:
        return "nominee" if kind.score >= pnp else "unused"
    if kind.french and kind.score >= french:
        return "unused" if kind.cec and kind.score >= cec else "french"
    if kind.cec and kind.score >= cec:
        return "cec"
    return "rest"


def _band(score: int) -> int:
    return next(low for low, high, _ in bands() if low <= score <= high)


def _some(random: Random, pot: Sequence[Kind], count: int) -> Iterator[Kind]:
    if count and not pot:
        raise ValueError("the traits reach no score of a band: raise the number of tries")
    for _ in range(count):
        yield random.choice(pot)


def population(scale: float, seed: int = 436) -> Iterator[Candidate]:
    """The candidates at a scale (1 = all 226,859 of the published pool), the same for the same seed."""
    random = Random(seed + 1)
    for number, kind in enumerate(chosen(scale, seed)):
        profile_id = f"E{number:09d}"
        submitted = MIDNIGHT - timedelta(microseconds=random.randrange(3600 * 10**6, 330 * 86400 * 10**6))
        yield Candidate(profile_id, _body(profile_id, submitted, kind, random), kind)


def _body(profile_id: str, submitted: datetime, kind: Kind, random: Random) -> dict[str, Any]:
    return {
        "profile_id": profile_id,
        "version": 1,
        "submitted_at": submitted.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "correspondence_language": "fr" if kind.traits.first == "french" else "en",
        "identity": {
            "family_name": "Candidate",
            "given_names": f"Number {profile_id[1:]}",
            "passport_country": "IND",
            "passport_number": f"D{profile_id[1:]}",
        },
        **facts(kind.traits, random),
    }
