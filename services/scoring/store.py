"""The schema `scoring`: one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import asyncpg

from services.scoring.evaluation import Result, Subject
from services.scoring.recompute import Kept
from services.scoring.rescore import Span, Standing
from shared.contracts.profile import ProfileState, Status
from shared.db.queries import load
from shared.rules import Facts
from shared.rules.periods import utc_day
from shared.worker.step import Connection

QUERIES = load("services.scoring")


class ErasedError(Exception):
    """The profile was erased at this instant: its facts are gone, hashes and totals are kept."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A locked row: how far it has come, and the facts that it stands on as they are stored."""

    profile_sequence: int
    facts_sequence: int
    sequence: int
    evaluated_on: date
    erased: bool
    declared: "Declared"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a row of `facts` holds: equal rows are the same facts."""

    correspondence_language: str
    expires_at: datetime
    facts: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that a clock step has locked."""

    subject: Subject
    sequence: int
    due_at: datetime | None


def declared_by(state: ProfileState) -> Declared:
    """What a `profile` message declares, as it is stored."""
    return Declared(state.correspondence_language, state.expires_at, state.facts.model_dump_json())


async def lock(connection: Connection, keys: Sequence[str]) -> dict[str, Stored]:
    """Lock the rows of these profiles, in order of their numbers."""
    rows = await connection.fetch(QUERIES.lock, keys)
    return {
        row["profile_id"]: Stored(
            row["profile_sequence"],
            row["facts_sequence"],
            row["sequence"],
            row["evaluated_on"],
            row["erased_at"] is not None,
            Declared(row["correspondence_language"], row["expires_at"], row["facts"]),
        )
        for row in rows
    }


async def put_in_force(connection: Connection, results: Sequence[Result]) -> set[str]:
    """Write results over the rows that they were made from, and keep them; returns whose were written.

    A row that has moved on, or that came into being meanwhile, is left as it is.
    """
    if not results:
        return set()
    rules = await _rules(connection, {one.rule_sets for one in results})
    subjects = [one.subject for one in results]
    rows = await connection.fetch(
        QUERIES.write,
        [one.profile_id for one in subjects],
        [one.sequence for one in results],
        [one.profile_sequence for one in subjects],
        [one.facts_sequence for one in subjects],
        [one.status.value for one in subjects],
        [one.submitted_at for one in subjects],
        [one.due_at for one in results],
        [rules[one.rule_sets] for one in results],
        [one.on for one in results],
        [one.changed_at for one in results],
        [one.total for one in results],
        [one.provisional for one in results],
        [one.scored for one in results],
        [one.eligible for one in results],
    )
    return {row["profile_id"] for row in rows}


async def _rules(connection: Connection, wanted: set[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """The numbers of these combinations; new ones get theirs here. Never cached: the transaction may be undone."""
    names = sorted(" ".join(one) for one in wanted)
    rows = await connection.fetch(QUERIES.rules_ids, names)
    if len(rows) < len(names):
        await connection.execute(QUERIES.add_rules, names)
        rows = await connection.fetch(QUERIES.rules_ids, names)
    return {tuple(row["rule_sets"].split(" ")): row["id"] for row in rows}


async def keep_facts(connection: Connection, facts: Sequence[tuple[str, int, Declared]]) -> None:
    """Keep what these profiles declare from a `profile_sequence` on."""
    if not facts:
        return
    await connection.execute(
        QUERIES.keep_facts,
        [profile_id for profile_id, _, _ in facts],
        [sequence for _, sequence, _ in facts],
        [one.correspondence_language for _, _, one in facts],
        [one.expires_at for _, _, one in facts],
        [one.facts for _, _, one in facts],
    )


async def erase(connection: Connection, keys: Sequence[str], at: datetime) -> None:
    """Forget facts and explanations of these profiles; what rounds are verified by stays. Their rows are locked."""
    if keys:
        await connection.execute(QUERIES.enter_erased, keys, at)
        await connection.execute(QUERIES.erase, keys, at)


async def take_due(connection: Connection, now: datetime, aside: Sequence[str], limit: int) -> list[Taken]:
    """Lock rows whose day has come, oldest first."""
    return [_taken(row) for row in await connection.fetch(QUERIES.take_due, now, list(aside), limit)]


async def count_due(connection: Connection, now: datetime) -> int:
    """How many rows' day has come."""
    return int(await connection.fetchval(QUERIES.count_due, now))


async def standings(connection: Connection, *, also_stopped: bool = False) -> list[Standing]:
    """Under which rule sets the pool stands; while the re-evaluation is stopped empty, unless asked for."""
    return [
        Standing(row["id"], tuple(row["rule_sets"]), utc_day(row["first"]), utc_day(row["last"]))
        for row in await connection.fetch(QUERIES.pool_rules, also_stopped)
    ]


async def take_outdated(
    connection: Connection, spans: Sequence[Span], now: datetime, aside: Sequence[str], limit: int
) -> list[Taken]:
    """Lock rows of the pool in these spans that are not due anyway."""
    columns = _columns(spans)
    rows = await connection.fetch(QUERIES.take_outdated, *columns, utc_day(now), now, list(aside), limit)
    return [_taken(row) for row in rows]


async def count_outdated(connection: Connection, spans: Sequence[Span], now: datetime) -> int:
    """How many rows of the pool are in these spans."""
    return int(await connection.fetchval(QUERIES.count_outdated, *_columns(spans), utc_day(now)))


async def kept_result(connection: Connection, profile_id: str, sequence: int | None) -> Kept | None:
    """A stored result with its facts, the current one where no sequence is given. Raises `ErasedError`."""
    row = await connection.fetchrow(QUERIES.stored, profile_id, sequence)
    if row is None:
        return None
    if row["erased_at"] is not None:
        raise ErasedError(row["erased_at"])
    rule_sets = tuple(row["rule_sets"])
    return Kept(subject_of_row(row), row["sequence"], row["evaluated_on"], rule_sets, row["scored"], row["eligible"])


async def pool_after(connection: Connection, profile_id: str, limit: int) -> list[Subject]:
    """Profiles of the pool in order of number, from after this one on."""
    return [subject_of_row(row) for row in await connection.fetch(QUERIES.pool, profile_id, limit)]


async def rescore_stopped(connection: Connection) -> tuple[datetime, str] | None:
    """Since when and why the re-evaluation under new rule sets is stopped; None while it runs."""
    row = await connection.fetchrow(QUERIES.rescore_stopped)
    return (row["stopped_at"], row["reason"]) if row else None


async def stop_rescore(connection: Connection, reason: str) -> None:
    """Stop it in every process; twice keeps the first reason."""
    await connection.execute(QUERIES.stop_rescore, reason)


async def resume_rescore(connection: Connection) -> None:
    """Let it go on."""
    await connection.execute(QUERIES.resume_rescore)


def subject_of_row(row: asyncpg.Record) -> Subject:
    """The subject that a row describes. Its facts were valid when they were taken in."""
    return Subject(
        row["profile_id"],
        row["profile_sequence"],
        row["facts_sequence"],
        Status(row["status"]),
        row["submitted_at"],
        row["expires_at"],
        row["correspondence_language"],
        Facts.model_validate_json(row["facts"]),
    )


def _taken(row: asyncpg.Record) -> Taken:
    return Taken(subject_of_row(row), row["sequence"], row["due_at"])


def _columns(spans: Sequence[Span]) -> tuple[list[int], list[datetime], list[datetime]]:
    return [one.rules for one in spans], [one.since for one in spans], [one.until for one in spans]
