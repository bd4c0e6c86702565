"""A round rehearsed in full: who would be invited, who would nearly be, and how that compares with the pool."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.draws import round_store, store
from services.draws.grouping import grouping_of, groupings_in, program_named
from services.draws.offenders import count_provisional
from services.draws.preview import Preview, mask_of_round, places, preview
from services.draws.store import QUERIES
from shared.contracts.base import Instant, Message, ProfileId
from shared.contracts.rounds import Instruction
from shared.rules.groupings import category_of
from shared.worker.step import Connection

NEAR = 5
"""How many of those who would just not be invited are shown."""

AGES = ((0, 19), (20, 29), (30, 34), (35, 39), (40, 44), (45, 200))
"""Bands of age in years, both ends included: those of the points for age."""

UNKNOWN = "unknown"


class Place(Message):
    """Somebody's place in the grouping of the round."""

    rank: int
    profile_id: ProfileId
    total: int
    submitted_at: Instant


class Share(Message):
    """How many would be invited, and how many there are in the pool."""

    invited: int = 0
    pool: int = 0


class LastRound(Message):
    """The last round that ranked the same grouping, and how this one would differ. Changes: this one less that one."""

    round_id: str
    instant: Instant
    invited: int
    cut_off: int | None
    eligible: int
    cut_off_change: int | None
    eligible_change: int


class Rehearsal(Message):
    """What a round would come to on the pool as it is now."""

    preview: Preview
    first: Place | None
    last: Place | None
    near_misses: list[Place]
    by_program: dict[str, Share]
    by_category: dict[str, Share]
    by_age: dict[str, Share]
    by_language: dict[str, Share]
    last_round: LastRound | None
    provisional: int
    """How many provisional results the round would wait for (1,000 stands for more); 0 where it accepts them."""


async def rehearse(connection: Connection, instruction: Instruction) -> Rehearsal:
    """The rehearsal, all of one look at the pool. Nothing is written, no lock is taken."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        seen = await preview(connection, instruction)
        best = await _places(connection, instruction, 0, min(1, seen.invited))
        around = await _places(connection, instruction, max(seen.invited - 1, 0), NEAR + min(1, seen.invited))
        invited, pool = await _broken_down(connection, instruction, seen.invited)
        before = await _last_round(connection, instruction)
        provisional = 0 if instruction.accept_provisional else await count_provisional(connection)
    names = {
        "by_program": _programs(instruction.program),
        "by_category": _categories,
        "by_age": _age,
        "by_language": _language,
    }
    return Rehearsal(
        preview=seen,
        first=best[0] if best else None,
        last=around[0] if seen.invited else None,
        near_misses=around[min(1, seen.invited) :],
        last_round=compared(before, seen) if before else None,
        provisional=provisional,
        **{field: shares(invited, pool, name) for field, name in names.items()},
    )


Group = tuple[frozenset[str], int | None, str | None, int]
"""Groupings, age, first official language, how many of such there are."""


def shares(
    invited: Iterable[Group], pool: Iterable[Group], names: Callable[[Group], Sequence[str]]
) -> dict[str, Share]:
    """Both counted by what `names` calls each group: one name, several, or none."""
    counts = [_counted(groups, names) for groups in (invited, pool)]
    return {name: Share(invited=counts[0][name], pool=counts[1][name]) for name in sorted(counts[0] | counts[1])}


def _counted(groups: Iterable[Group], names: Callable[[Group], Sequence[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for group in groups:
        for name in names(group):
            found[name] += group[3]
    return found


def _programs(program: str | None) -> Callable[[Group], Sequence[str]]:
    """The program that an invitation would name; in the pool that of a general round, where the round's is not met."""

    def named(group: Group) -> Sequence[str]:
        return (program_named(group[0], program if program in group[0] else None),)

    return named


def _categories(group: Group) -> Sequence[str]:
    return [key for key in map(category_of, group[0]) if key]


def _age(group: Group) -> Sequence[str]:
    age = group[1]
    if age is None:
        return (UNKNOWN,)
    low, high = next((low, high) for low, high in AGES if low <= age <= high)
    return (f"{low}-{high}" if high < AGES[-1][1] else f"{low}+",)


def _language(group: Group) -> Sequence[str]:
    return (group[2] or UNKNOWN,)


async def _places(connection: Connection, instruction: Instruction, first: int, count: int) -> list[Place]:
    rows = await places(connection, instruction, first, count)
    return [
        Place(rank=rank, profile_id=row["profile_id"], total=row["total"], submitted_at=row["submitted_at"])
        for rank, row in enumerate(rows, first + 1)
    ]


async def _broken_down(
    connection: Connection, instruction: Instruction, invited: int
) -> tuple[list[Group], list[Group]]:
    bits = await store.grouping_bits(connection)
    ranked = QUERIES.traits_of_first.format(mask=await mask_of_round(connection, instruction))
    first = await connection.fetch(ranked, instruction.instant, invited)
    pool = await connection.fetch(QUERIES.traits_of_pool, instruction.instant)
    return _groups(first, bits), _groups(pool, bits)


def _groups(rows: Iterable[Any], bits: Mapping[str, int]) -> list[Group]:
    return [(groupings_in(mask, bits), age, language, count) for mask, age, language, count in rows]


async def _last_round(connection: Connection, instruction: Instruction) -> round_store.RoundRow | None:
    held = (
        row
        for row in await round_store.every(connection)
        if row.certificate and grouping_of(row.instruction) == grouping_of(instruction)
    )
    return next((row for row in held if _order(row.instruction) < _order(instruction)), None)


def _order(instruction: Instruction) -> tuple[datetime, int, str]:
    return instruction.instant, len(instruction.round_id), instruction.round_id


def compared(before: round_store.RoundRow, seen: Preview) -> LastRound:
    """An earlier round, and what has changed since."""
    made = before.certificate
    assert made is not None
    both = made.cut_off is not None and seen.cut_off is not None
    return LastRound(
        round_id=before.round_id,
        instant=before.instruction.instant,
        invited=made.invited,
        cut_off=made.cut_off,
        eligible=made.eligible,
        cut_off_change=(seen.cut_off or 0) - (made.cut_off or 0) if both else None,
        eligible_change=seen.eligible - made.eligible,
    )
