"""The tables of decisions: one function for each statement, each for a whole batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from services.decisions.case import Invitation, Saying
from services.decisions.inputs import Deadline, Declared, Input, read
from shared.contracts.base import Reason
from shared.contracts.profile import ProfileState
from shared.db.queries import load
from shared.rules.facts import Facts
from shared.rules.periods import utc_day
from shared.worker.step import Connection, Fact

QUERIES = load("services.decisions")


@dataclass(frozen=True, slots=True)
class NewInput:
    """An input as it came, before it is stored."""

    source: str
    id: str
    profile_id: str
    kind: str
    at: datetime
    content: bytes
    body: str | None = field(repr=False)
    refused: tuple[Reason, ...] = ()
    automatic: bool = False
    profile_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A fact that was said and still holds."""

    said_id: int
    identity: str
    topic: str
    ce_id: str
    code: str
    invitation_id: str | None


@dataclass(slots=True)
class File:
    """Everything stored about one profile; its row is locked."""

    profile_id: str
    language: str
    waiting: int
    erased: bool
    inputs: list[Input] = field(default_factory=list)
    declared: dict[int, Declared] = field(default_factory=dict)
    acted: set[Deadline] = field(default_factory=set)
    said: list[Spoken] = field(default_factory=list)


async def lock(connection: Connection, profiles: Collection[str]) -> dict[str, File]:
    """Lock the rows of these profiles, in order; rows that are missing are made."""
    keys = sorted(set(profiles))
    await connection.execute(QUERIES.open_files, keys)
    rows = await connection.fetch(QUERIES.lock_files, keys)
    return {r["profile_id"]: File(r["profile_id"], r["language"], r["waiting"], r["erased"]) for r in rows}


async def fill(connection: Connection, files: Mapping[str, File]) -> None:
    """Read what the cases of these files are made of, and what was said of them."""
    keys = list(files)
    for row in await connection.fetch(QUERIES.inputs, keys):
        files[row["profile_id"]].inputs.append(
            Input(
                row["at"],
                row["source"],
                row["source_id"],
                row["kind"],
                read(row["kind"], row["body"]) if row["body"] and not row["refused"] else None,
                tuple(Reason.model_validate(one) for one in row["refused"] or ()),
                row["automatic"],
            )
        )
    for row in await connection.fetch(QUERIES.declared, keys):
        facts = Facts.model_validate_json(row["facts"]) if row["facts"] else None
        files[row["profile_id"]].declared[row["sequence"]] = Declared(utc_day(row["submitted_at"]), facts)
    for row in await connection.fetch(QUERIES.acted, keys):
        files[row["profile_id"]].acted.add(Deadline(row["at"], row["kind"], row["subject"]))
    for row in await connection.fetch(QUERIES.said, keys):
        spoken = Spoken(*(row[name] for name in Spoken.__slots__))
        files[row["profile_id"]].said.append(spoken)


async def add_inputs(connection: Connection, inputs: Sequence[NewInput], now: datetime) -> set[str]:
    """Store what is new; returns the profiles that got something."""
    rows = await connection.fetch(
        QUERIES.add_inputs,
        [one.source for one in inputs],
        [one.id for one in inputs],
        [one.profile_id for one in inputs],
        [one.kind for one in inputs],
        [one.at for one in inputs],
        [one.content for one in inputs],
        [one.body for one in inputs],
        [_refused(one) for one in inputs],
        [one.automatic for one in inputs],
        [one.profile_sequence for one in inputs],
        now,
    )
    return {row["profile_id"] for row in rows}


def _refused(one: NewInput) -> str | None:
    return orjson.dumps([reason.model_dump(mode="json") for reason in one.refused]).decode() if one.refused else None


async def contents(connection: Connection, inputs: Sequence[NewInput]) -> dict[tuple[str, str], tuple[str, bytes]]:
    """The profile and the hash stored under each number."""
    rows = await connection.fetch(QUERIES.contents, [one.source for one in inputs], [one.id for one in inputs])
    return {(row["source"], row["source_id"]): (row["profile_id"], row["content"]) for row in rows}


async def add_profiles(connection: Connection, states: Sequence[ProfileState]) -> None:
    """Keep the facts of each sequence, and what the newest one says."""
    await connection.execute(
        QUERIES.add_facts,
        [one.profile_id for one in states],
        [one.sequence for one in states],
        [one.submitted_at for one in states],
        [one.facts.model_dump_json(by_alias=True) for one in states],
    )
    newest = {one.profile_id: one for one in sorted(states, key=lambda one: one.sequence)}
    await connection.execute(
        QUERIES.see_profiles,
        list(newest),
        [one.sequence for one in newest.values()],
        [one.correspondence_language for one in newest.values()],
        [one.closed_at for one in newest.values()],
    )


async def add_acted(connection: Connection, acted: Mapping[str, Iterable[Deadline]]) -> None:
    """The clock acted on these, by profile."""
    rows = [(profile_id, one) for profile_id, some in acted.items() for one in some]
    await connection.execute(
        QUERIES.add_acted,
        [profile_id for profile_id, _ in rows],
        [one.kind for _, one in rows],
        [one.subject for _, one in rows],
        [one.at for _, one in rows],
    )


async def add_said(connection: Connection, said: Sequence[tuple[Fact, Saying, bool]]) -> None:
    """Remember what is said now; the flag marks a correction."""
    await connection.execute(
        QUERIES.add_said,
        [fact.key for fact, _, _ in said],
        [None if correction else saying.identity for _, saying, correction in said],
        [saying.topic for _, saying, _ in said],
        [fact.ce_id for fact, _, _ in said],
        [saying.code for _, saying, _ in said],
        [saying.invitation_id for _, saying, _ in said],
        [saying.at for _, saying, _ in said],
        [fact.body for fact, _, _ in said],
    )


async def withdraw_said(connection: Connection, withdrawn: Mapping[int, str]) -> None:
    """These facts no longer hold: by number, the `ce_id` of what was said instead."""
    await connection.execute(QUERIES.withdraw_said, list(withdrawn), list(withdrawn.values()))


async def put_files(connection: Connection, files: Mapping[str, tuple[datetime | None, int]]) -> None:
    """The next deadline of each file, and how many of its inputs wait."""
    await connection.execute(
        QUERIES.put_files,
        list(files),
        [next_due for next_due, _ in files.values()],
        [waiting for _, waiting in files.values()],
    )


async def put_invitations(connection: Connection, invitations: Sequence[Invitation]) -> None:
    """How these invitations stand."""
    grouped: dict[str, Invitation] = {one.invitation_id: one for one in invitations}
    rows = [grouped[key] for key in sorted(grouped)]
    latest = [one.applications.get(one.latest or "") for one in rows]
    await connection.execute(
        QUERIES.put_invitations,
        [one.invitation_id for one in rows],
        [one.invited.profile_id for one in rows],
        [one.invited.round_id for one in rows],
        [one.state.value for one in rows],
        [one.deadline for one in rows],
        [application.state.value if application else None for application in latest],
        [application.body.received_at if application else None for application in latest],
    )


async def erase(connection: Connection, profiles: Collection[str]) -> None:
    """Forget what was declared and said; hashes, instants, numbers and outcomes stay."""
    keys = sorted(profiles)
    for statement in (QUERIES.erase_facts, QUERIES.erase_inputs, QUERIES.erase_said, QUERIES.erase_files):
        await connection.execute(statement, keys)
