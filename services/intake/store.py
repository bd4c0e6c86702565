"""What intake reads and writes: one function for each statement of queries.sql."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import asyncpg
import orjson

from services.intake.life import Barred, Invitation
from services.intake.outcomes import EventKey, Outcome, VersionKey, stored_fact
from services.intake.profile import COLUMNS, Profile
from services.intake.rivals import Person
from shared.contracts.decided import ApplicationState, InvitationState
from shared.db.queries import load
from shared.worker.step import Connection

QUERIES = load("services.intake")


class MovedOnError(asyncpg.SerializationError):
    """Another transaction wrote the same new keys first: the batch is done again and will see them (transient)."""


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows as one array a column."""
    columns: list[list[Any]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns


async def lock_people(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, Person]:
    """Lock these people, new ones too, and read who holds and bars them. Raises a transient error where one went."""
    wanted = sorted(set(hashes))
    if not wanted:
        return {}
    await connection.execute(QUERIES.enter_people, wanted)
    await connection.execute(QUERIES.lock_people, wanted)
    found: dict[bytes, Person] = {}
    for person, profile_id, status, expires_at, invited, by, *bar in await connection.fetch(
        QUERIES.read_people, wanted
    ):
        one = found.setdefault(person, Person(person, profile_id, status, expires_at, bool(invited)))
        if by is not None:
            one.bars[by] = Barred(*bar)
    _all_written(found, wanted)  # a hash that nothing held was forgotten between the two statements
    return found


async def people_of(connection: Connection, profile_ids: Iterable[str]) -> set[bytes]:
    """The hashes of the people behind these profiles."""
    rows = await connection.fetch(QUERIES.people_of, sorted(profile_ids))
    return {one for row in rows for one in row if one is not None}


async def lock_profiles(connection: Connection, profile_ids: Iterable[str]) -> dict[str, Profile]:
    """These profiles, locked."""
    rows = await connection.fetch(QUERIES.lock_profiles, sorted(profile_ids))
    return {row["profile_id"]: Profile.read(row) for row in rows}


async def erased_among(connection: Connection, profile_ids: Iterable[str]) -> set[str]:
    """Those of these profiles that were forgotten."""
    return {row["profile_id"] for row in await connection.fetch(QUERIES.erased_among, sorted(set(profile_ids)))}


async def read_outcomes(connection: Connection, keys: Iterable[VersionKey]) -> dict[VersionKey, Outcome]:
    """The stored outcomes of these versions."""
    wanted = set(keys)
    if not wanted:
        return {}
    rows = await connection.fetch(QUERIES.read_outcomes, *_columns(wanted, 3))
    found = {}
    for row in rows:
        at = row["decided_at"]
        fact = stored_fact(row["profile_id"], row["ce_id"], at, row["body"]) if row["body"] else None
        key = (row["profile_id"], row["withdrawal"], row["version"])
        found[key] = Outcome(row["outcome"], row["content"], at, fact)
    return found


async def read_event_outcomes(connection: Connection, keys: Iterable[EventKey]) -> dict[EventKey, Outcome]:
    """The stored outcomes of these events."""
    wanted = {key[:3] for key in keys}
    if not wanted:
        return {}
    rows = await connection.fetch(QUERIES.read_event_outcomes, *_columns(wanted, 3))
    found = {}
    for row in rows:
        said = row["body"]
        fact = stored_fact(row["profile_id"], row["fact_id"], row["decided_at"], said) if said else None
        key = (row["ce_source"], row["ce_id"], row["profile_id"], row["content"])
        found[key] = Outcome("rejected", row["content"], row["decided_at"], fact)
    return found


async def read_invitations(connection: Connection, profile_ids: Iterable[str]) -> dict[str, dict[str, Invitation]]:
    """What is known of the invitations of these profiles, by profile and invitation."""
    found: dict[str, dict[str, Invitation]] = {}
    for row in await connection.fetch(QUERIES.read_invitations, sorted(profile_ids)):
        found.setdefault(row["profile_id"], {})[row["invitation_id"]] = _invitation(row)
    return found


def _invitation(row: asyncpg.Record) -> Invitation:
    since = row["barred_since"]
    return Invitation(
        row["profile_id"],
        row["invitation_id"],
        row["sequence"],
        InvitationState(row["state"]),
        row["deadline"],
        row["at"],
        row["applied_at"],
        None if since is None else Barred(since, row["barred_until"], row["bar_section"]),
        row["application_state"] and ApplicationState(row["application_state"]),
    )


async def write_profiles(connection: Connection, profiles: Sequence[Profile]) -> None:
    """Write these rows. Raises a transient error where one of them moved on meanwhile."""
    if profiles:
        rows = sorted(map(attrgetter(*COLUMNS), profiles))
        written = await connection.fetch(QUERIES.write_profiles, *_columns(rows, len(COLUMNS)))
        _all_written(written, profiles)


async def write_versions(connection: Connection, rows: Sequence[tuple[str, int, str, str, bool, datetime]]) -> None:
    """Keep versions: profile number, version, language, facts, whether a program was met, when it was taken over."""
    if rows:
        await connection.execute(QUERIES.write_versions, *_columns(rows, 6))


async def write_identities(connection: Connection, rows: Sequence[tuple[str, int, str, bytes]]) -> None:
    """Keep identities: profile number, version, key, encrypted."""
    if rows:
        await connection.execute(QUERIES.write_identities, *_columns(rows, 4))


async def write_people(connection: Connection, people: Sequence[Person]) -> None:
    """Write who holds locked people."""
    if people:
        await connection.execute(QUERIES.write_people, *_columns([(one.person, one.profile_id) for one in people], 2))


async def write_bars(connection: Connection, bars: Mapping[tuple[bytes, str], Barred | None]) -> None:
    """Keep bars on locked people, by hash and profile; lift those that are None."""
    kept = [(*key, *bar) for key, bar in bars.items() if bar is not None]
    lifted = [key for key, bar in bars.items() if bar is None]
    if kept:
        await connection.execute(QUERIES.write_bars, *_columns(kept, 5))
    if lifted:
        await connection.execute(QUERIES.lift_bars, *_columns(lifted, 2))


async def write_outcomes(connection: Connection, outcomes: Mapping[VersionKey, Outcome]) -> None:
    """Keep new outcomes. Raises a transient error where one was kept meanwhile."""
    if outcomes:
        rows = [
            (*key, one.outcome, one.content, one.at, one.fact and one.fact.ce_id, one.fact and one.fact.body)
            for key, one in sorted(outcomes.items())
        ]
        _all_written(await connection.fetch(QUERIES.write_outcomes, *_columns(rows, 8)), rows)


async def write_event_outcomes(connection: Connection, outcomes: Mapping[EventKey, Outcome]) -> None:
    """Keep new outcomes of events. Raises a transient error where one was kept meanwhile."""
    if outcomes:
        rows = [
            (*key, one.at, one.fact and one.fact.ce_id, one.fact and one.fact.body)
            for key, one in sorted(outcomes.items())
        ]
        _all_written(await connection.fetch(QUERIES.write_event_outcomes, *_columns(rows, 7)), rows)


async def write_invitations(connection: Connection, invitations: Sequence[Invitation]) -> None:
    """Keep what was learned of invitations."""
    if invitations:
        rows = sorted(
            (
                one.profile_id,
                one.invitation_id,
                one.sequence,
                one.state.value,
                one.deadline,
                one.at,
                one.applied_at,
                one.application and one.application.value,
                *(one.bar or (None, None, None)),
            )
            for one in invitations
        )
        await connection.execute(QUERIES.write_invitations, *_columns(rows, 11))


async def take_due(connection: Connection, now: datetime, but: Sequence[str], limit: int) -> list[Profile]:
    """Profiles of which an instant has come, locked."""
    return [Profile.read(row) for row in await connection.fetch(QUERIES.take_due, now, but, limit)]


async def count_due(connection: Connection, now: datetime) -> int:
    """How many profiles have an instant that has come."""
    return int(await connection.fetchval(QUERIES.count_due, now))


async def laws_in_use(connection: Connection, *, also_stopped: bool = False) -> list[tuple[str, date, date]]:
    """The rule sets under which the pool was evaluated, with the first and last day of submission of each.

    None while the re-evaluation is stopped, unless asked for.
    """
    return [tuple(row) for row in await connection.fetch(QUERIES.laws_in_use, also_stopped)]


async def law_stopped(connection: Connection) -> tuple[datetime, str] | None:
    """Since when and why the re-evaluation under new rule sets is stopped; None while it runs."""
    row = await connection.fetchrow(QUERIES.law_stopped)
    return (row["stopped_at"], row["reason"]) if row else None


async def stop_law(connection: Connection, reason: str) -> None:
    """Stop it in every process."""
    await connection.execute(QUERIES.stop_law, reason)


async def resume_law(connection: Connection) -> None:
    """Let it go on."""
    await connection.execute(QUERIES.resume_law)


async def take_under_law(
    connection: Connection, laws: Sequence[tuple[str, date]], but: Sequence[str], limit: int
) -> list[Profile]:
    """Profiles in the pool, locked, that were evaluated under these rule sets and submitted on these days."""
    rows = await connection.fetch(QUERIES.take_under_law, *_columns(laws, 2), but, limit)
    return [Profile.read(row) for row in rows]


async def count_under_law(connection: Connection, laws: Sequence[tuple[str, date]]) -> int:
    """How many they are."""
    return int(await connection.fetchval(QUERIES.count_under_law, *_columns(laws, 2)))


def _all_written(written: Collection[Any], wanted: Sequence[Any]) -> None:
    if len(written) != len(wanted):
        raise MovedOnError("rows of the batch were written meanwhile")


async def story(connection: Connection, profile_id: str) -> dict[str, Any] | None:
    """All that is known of one profile but who it is; None for a number that was never seen."""
    row = await connection.fetchrow(QUERIES.show_profile, profile_id)
    outcomes = await connection.fetch(QUERIES.show_outcomes, profile_id)
    invitations = await connection.fetch(QUERIES.show_invitations, profile_id)
    if row is None and not outcomes and not invitations:
        return None
    hidden = {"passport_hash", "client_hash", "body"}
    return {
        "profile": row and {name: value for name, value in row.items() if name not in hidden},
        "published": row and row["body"] and orjson.loads(row["body"]),
        "outcomes": [{**one, "body": one["body"] and orjson.loads(one["body"])} for one in outcomes],
        "invitations": [dict(one) for one in invitations],
    }


async def read_identity(connection: Connection, profile_id: str) -> bytes | None:
    """The encrypted identity of a profile."""
    found: bytes | None = await connection.fetchval(QUERIES.read_identity, profile_id)
    return found


async def take_sealed_by_others(connection: Connection, key_id: str, limit: int) -> dict[str, bytes]:
    """Identities, locked, that are not under this key."""
    rows = await connection.fetch(QUERIES.take_sealed_by_others, key_id, limit)
    return {row["profile_id"]: row["sealed"] for row in rows}


async def write_sealed(connection: Connection, key_id: str, sealed: Mapping[str, bytes]) -> None:
    """Identities under this key now."""
    if sealed:
        await connection.execute(QUERIES.write_sealed, list(sealed), list(sealed.values()), key_id)
