"""The pool's rows: one function per statement, each for a whole batch. Rounds have theirs in `round_store.py`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.draws.grouping import groupings_of, mask_of
from services.draws.inflow import in_order
from shared.contracts.decided import Decided
from shared.contracts.ops import Held
from shared.contracts.scored import Eligible, Scored
from shared.db.queries import load
from shared.worker.record import Record
from shared.worker.step import Connection

QUERIES = load("services.draws")

CHUNK = 5_000
"""Rows of a statement of a round: it stays short however large the round is."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What of a profile was read already; None: nothing yet."""

    scored: int | None
    eligible: int | None


async def lock_profiles(connection: Connection, profiles: Sequence[str]) -> dict[str, Guards]:
    """Share the pool's lock, then lock the rows of these profiles, in order; returns their guards."""
    await connection.execute(QUERIES.share_pool)
    rows = await connection.fetch(QUERIES.lock_profiles, profiles)
    return {row["profile_id"]: Guards(row["scored_sequence"], row["eligible_sequence"]) for row in rows}


async def begin_change(connection: Connection, at: datetime) -> int:
    """The number of this transaction's change of the pool. The pool's lock is held."""
    return int(await connection.fetchval(QUERIES.begin_change, at))


async def put_scored(connection: Connection, change: int, scored: Iterable[Scored]) -> None:
    """The newest evaluation: score, standing in the pool, day, rule sets."""
    rows = in_order(scored)
    names = [",".join(sorted(row.rule_sets)) for row in rows]
    await connection.execute(QUERIES.add_rule_sets, sorted(set(names)))
    await connection.execute(
        QUERIES.put_scored,
        change,
        [row.profile_id for row in rows],
        [row.sequence for row in rows],
        [row.profile_sequence for row in rows],
        [row.status.value for row in rows],
        [row.submitted_at for row in rows],
        [row.expires_at for row in rows],
        [row.on for row in rows],
        [row.next_change.on if row.next_change else None for row in rows],
        names,
        [row.provisional for row in rows],
        [row.total for row in rows],
        [row.factors for row in rows],
        [row.correspondence_language for row in rows],
    )


async def put_traits(connection: Connection, scored: Iterable[Scored]) -> None:
    """Age and first official language as scoring derived them."""
    rows = in_order(scored)
    traits = {row.profile_id: traits_of(row) for row in rows}
    await connection.execute(
        QUERIES.put_traits,
        list(traits),
        [age for age, _ in traits.values()],
        [language for _, language in traits.values()],
    )


def traits_of(scored: Scored) -> tuple[int | None, str | None]:
    """Age in years, first official language; None where no line tells it."""
    age, language = None, None
    for line in scored.lines:
        if line.code == "crs.age":
            age = line.quantities.get("age")
        elif line.code == "crs.first_language":
            language = line.quantities.get("language")
    return age, language


async def put_eligible(connection: Connection, change: int, eligible: Iterable[Eligible]) -> None:
    """The newest groupings."""
    rows = in_order(eligible)
    groupings = [groupings_of(row) for row in rows]
    bits = await grouping_bits(connection, frozenset().union(*groupings))
    await connection.execute(
        QUERIES.put_eligible,
        change,
        [row.profile_id for row in rows],
        [row.sequence for row in rows],
        [mask_of(keys, bits) for keys in groupings],
    )


async def grouping_bits(connection: Connection, needed: Collection[str] = ()) -> Mapping[str, int]:
    """The bit of each grouping; those that are needed and have none get one."""
    bits = {row["key"]: row["bit"] for row in await connection.fetch(QUERIES.grouping_bits)}
    new = sorted(set(needed) - set(bits))
    if new:
        await connection.execute(QUERIES.lock_grouping_bits)
        await connection.execute(QUERIES.add_groupings, new)
        return await grouping_bits(connection)
    return bits


async def unknown_invitations(connection: Connection, invitations: Collection[str]) -> set[str]:
    """Those that draws has never issued."""
    rows = await connection.fetch(QUERIES.invitations_known, list(invitations))
    return set(invitations) - {row["invitation_id"] for row in rows}


async def put_decided(connection: Connection, decided: Sequence[Decided]) -> list[str]:
    """The newest standing of invitations; returns the profiles for which another one can now be issued, or no more."""
    standings = sorted(decided, key=lambda one: one.invitation.invitation_id)
    await connection.execute(
        QUERIES.put_decided,
        [one.invitation.invitation_id for one in standings],
        [one.sequence for one in standings],
        [one.invitation.state.value for one in standings],
    )
    return await invitation_changes(connection, sorted({one.profile_id for one in standings}))


async def invitation_changes(connection: Connection, profiles: Sequence[str]) -> list[str]:
    """Those of these profiles whose rows are to be turned round. Their rows are locked."""
    rows = await connection.fetch(QUERIES.invitation_changes, profiles)
    return [row["profile_id"] for row in rows]


async def turn_invitations(connection: Connection, profiles: Sequence[str], change: int) -> None:
    """An invitation came in the way of these profiles, or out of it."""
    await connection.execute(QUERIES.turn_invitations, profiles, change)


async def forget(connection: Connection, change: int, profiles: Collection[str]) -> None:
    """Erase what was declared; ranking keys, points and rule sets stay, by which rounds verify."""
    await connection.execute(QUERIES.take_out, change, sorted(profiles))
    await connection.execute(QUERIES.forget_language, sorted(profiles))
    await connection.execute(QUERIES.forget_language_in_history, sorted(profiles))
    await connection.execute(QUERIES.forget_traits, sorted(profiles))


async def put_held(connection: Connection, held: Mapping[str, Held], settled: Collection[str]) -> None:
    """Records of ours that wait in dead letters, or no longer do."""
    keys = sorted(held)
    await connection.execute(
        QUERIES.put_held,
        keys,
        [held[key].sequence for key in keys],
        [held[key].profile_id for key in keys],
        [held[key].service for key in keys],
        [held[key].state for key in keys],
    )
    await connection.execute(QUERIES.settle_held, sorted(settled))


async def pass_offsets(connection: Connection, records: Sequence[Record]) -> None:
    """Everything up to these records is behind us."""
    ends: dict[tuple[str, int], int] = {}
    for record in records:
        place = (record.topic, record.partition)
        ends[place] = max(ends.get(place, 0), record.offset + 1)
    places = sorted(ends)
    await connection.execute(
        QUERIES.pass_offsets,
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [ends[place] for place in places],
    )
