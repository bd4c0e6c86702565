"""What forgetting a person reads and writes. Locks in the order of every batch: people by hash, profiles by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.intake.life import Invitation
from services.intake.profile import Profile
from services.intake.store import QUERIES, MovedOnError, lock_people, lock_profiles, read_invitations
from shared.rules.periods import utc_day
from shared.worker.step import Connection


@dataclass(frozen=True, slots=True)
class Person:
    """All that intake keeps of one person. `known`: the numbers of their profiles, also where only outcomes are kept.

    `decided_at`: the newest outcome of a submission.
    """

    hashes: frozenset[bytes] = frozenset()
    known: frozenset[str] = frozenset()
    profiles: Sequence[Profile] = ()
    invitations: Sequence[Invitation] = ()
    decided_at: datetime | None = None


async def lock_commands(connection: Connection) -> bool:
    """Whether this process is the one that carries out commands."""
    return bool(await connection.fetchval(QUERIES.lock_commands))


async def open_commands(connection: Connection, but: Sequence[str], limit: int) -> list[Any]:
    """Commands without an outcome, in order, but for those that are set aside."""
    return list(await connection.fetch(QUERIES.open_commands, list(but), limit))


async def count_commands(connection: Connection, _: datetime) -> int:
    """How many commands have no outcome."""
    return int(await connection.fetchval(QUERIES.count_commands))


async def ordered(connection: Connection, command_id: int) -> Any:
    """The order that a command confirms: one that was not refused and that nobody has carried out; else None."""
    return await connection.fetchrow(QUERIES.ordered, command_id)


async def answer(connection: Connection, command_id: int, at: datetime, *became: Any) -> None:
    """What became of a command: why it was refused, from when it may be done, how many profiles were forgotten."""
    await connection.execute(QUERIES.add_command_outcome, command_id, at, *became)


async def lock_person(connection: Connection, profile_id: str) -> Person:
    """Everything of the person behind a profile, locked. Raises a transient error where it grew meanwhile."""
    hashes, numbers = await _closure(connection, profile_id)
    await lock_people(connection, hashes)
    profiles = await lock_profiles(connection, numbers)
    if await _closure(connection, profile_id) != (hashes, numbers):
        raise MovedOnError("the person has more profiles than before")
    last = await connection.fetchval(QUERIES.last_outcome, sorted(numbers))
    invitations = await read_invitations(connection, numbers)
    known = numbers if profiles or last else frozenset[str]()
    flat = [one for of_profile in invitations.values() for one in of_profile.values()]
    return Person(hashes, known, list(profiles.values()), flat, last)


async def _closure(connection: Connection, profile_id: str) -> tuple[frozenset[bytes], frozenset[str]]:
    """The hashes and the profiles of a person: whoever shares a passport or a client number is the same (A10.1(5))."""
    numbers, hashes = frozenset([profile_id]), frozenset[bytes]()
    while True:
        rows = await connection.fetch(QUERIES.hashes_of, sorted(numbers))
        found = hashes | {row["person"] for row in rows}
        rows = await connection.fetch(QUERIES.profiles_of, sorted(found))
        more = numbers | {row["profile_id"] for row in rows}
        if (found, more) == (hashes, numbers):
            return hashes, numbers
        hashes, numbers = found, more


async def forget(connection: Connection, person: Person, now: datetime) -> list[str]:
    """Forget a locked person; returns the profiles of which the published row changed."""
    numbers = sorted(person.known)
    moved = await connection.fetch(QUERIES.forget_profiles, numbers, now)
    for statement in (
        QUERIES.forget_versions,
        QUERIES.forget_identities,
        QUERIES.forget_outcomes,
        QUERIES.forget_event_outcomes,
    ):
        await connection.execute(statement, numbers)
    await connection.execute(QUERIES.release_people, sorted(person.hashes))
    await connection.execute(QUERIES.drop_people, sorted(person.hashes), utc_day(now))
    return [row["profile_id"] for row in moved]


async def drop_hashes(connection: Connection, today: date, limit: int) -> int:
    """Forget hashes that nothing holds; returns how many."""
    return len(await connection.fetch(QUERIES.drop_unheld, today, limit))


async def count_unheld(connection: Connection, now: datetime) -> int:
    """How many hashes nothing holds."""
    return int(await connection.fetchval(QUERIES.count_unheld, utc_day(now)))
