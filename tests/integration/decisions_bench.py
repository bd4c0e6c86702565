"""The handler and the clock steps of decisions on a real database, without a broker."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import asyncpg

from services.decisions import cases, commands, store
from services.decisions.handler import SERVICE, Decisions
from services.decisions.settings import DecisionsSettings
from shared.contracts import types
from shared.contracts.base import iso
from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.rules.facts import Facts
from shared.worker.record import Message, Record
from shared.worker.step import Step
from tests.unit.decisions.given import ID, PLAIN

NOW = datetime(2026, 12, 31, tzinfo=UTC)
_offsets = count()


def message(topic: str, type_: str, body: Any, *, number: str | None = None, source: str | None = None) -> Message:
    """A record of a topic, read as the service reads it; a body that is no bytes is written as JSON."""
    offset = next(_offsets)
    value = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    event = Attributes(type_, source or "/upstream/test", number or f"e{offset}")
    key = body["profile_id"] if isinstance(body, dict) else ID
    record = Record(topic, 0, offset, key.encode(), value, headers(event, key), 0)
    return SERVICE.decoders[topic](record)


def received(body: dict[str, Any], number: str) -> Message:
    """A message on `application`."""
    return message("application", body["type"], body, number=number)


def issued(body: dict[str, Any], number: str = "invited:1") -> Message:
    """A message on `invited`."""
    return message("invited", types.INVITED, body, number=number, source=source_of("draws"))


def profile(sequence: int = 1, *, status: str = "in_pool", profile_id: str = ID, **more: Any) -> Message:
    """A message on `profile`."""
    closed = {} if status == "in_pool" else {"closed_at": iso(NOW)}
    body = {
        "profile_id": profile_id,
        "sequence": sequence,
        "version": 1,
        "status": status,
        "submitted_at": "2026-03-01T18:34:05.120000Z",
        "expires_at": "2027-03-01T18:34:05.120000Z",
        "correspondence_language": "fr",
        "on": "2026-08-01",
        "programs": {},
        "rule_sets": [],
        "provisional": False,
        "facts": Facts.model_validate(PLAIN).model_dump(mode="json", by_alias=True),
        **closed,
        **more,
    }
    return message(
        "profile", types.PROFILE, body, number=f"profile:{profile_id}:{sequence}", source=source_of("intake")
    )


def erasure(profile_id: str = ID) -> Message:
    """A null value on `profile`."""
    event = Attributes(types.PROFILE, source_of("intake"), "erased")
    record = Record("profile", 0, next(_offsets), profile_id.encode(), None, headers(event, profile_id), 0)
    return SERVICE.decoders["profile"](record)


class Bench:
    """Takes batches and ticks, each in its own transaction, and shows what came out."""

    def __init__(
        self, connection: "asyncpg.Connection[asyncpg.Record]", database: str, *, auto_approve: bool = False
    ) -> None:
        self.connection: Any = connection
        self._database = database
        self._decisions = Decisions(DecisionsSettings(auto_approve=auto_approve), timedelta(seconds=300))

    async def take(self, *messages: Message, now: datetime = NOW) -> Step:
        """One batch."""
        async with self.connection.transaction():
            step = Step(self.connection, now)
            await self._decisions.handle(step, messages)
            await step.close()
        return step

    async def tick(self, until: datetime) -> None:
        """The clock acts on deadlines up to an instant that the whole group has passed."""
        async with self.connection.transaction():
            step = Step(self.connection, until, by_clock=True)
            rows = await self.connection.fetch(store.QUERIES.take_due, until, [], 1000)
            files = await store.lock(self.connection, [row["profile_id"] for row in rows])
            await cases.refold(step, files, until)
            await step.close()

    async def command(self, **columns: Any) -> int:
        """An order, given as the administrator; what operators can is in the tests of their logins."""
        names = ", ".join(columns)
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        admin = await asyncpg.connect(self._database, server_settings={"search_path": "decisions"})
        statement = f"INSERT INTO command ({names}) VALUES ({places}) RETURNING command_id"
        number = int(await admin.fetchval(statement, *columns.values()))
        await admin.close()
        return number

    async def obey(self, now: datetime, limit: int = 100, set_aside: Sequence[str] = ()) -> int:
        """Carry out the operators' commands."""
        async with self.connection.transaction():
            step = Step(self.connection, now, by_clock=True, set_aside=set_aside)
            done = await commands.obey(step, limit)
            await step.close()
        return done

    async def facts(self, topic: str | None = None) -> list[dict[str, Any]]:
        """The bodies in the outbox, in order."""
        rows = await self.connection.fetch("SELECT topic, body FROM outbox WHERE body IS NOT NULL ORDER BY id")
        return [json.loads(row["body"]) for row in rows if topic in (None, row["topic"])]

    async def outcomes(self) -> list[str]:
        """What `decided` said, proposals left out."""
        said = [fact["outcome"] for fact in await self.facts("decided")]
        return [outcome for outcome in said if outcome != "proposed"]

    async def holds(self) -> set[tuple[str, str]]:
        """What was said and not withdrawn, by code and identity."""
        rows = await self.connection.fetch(
            "SELECT code, identity FROM said WHERE withdrawn_by IS NULL AND identity IS NOT NULL"
        )
        return {(row["code"], row["identity"]) for row in rows}

    async def waiting(self, profile_id: str = ID) -> int:
        """How many inputs wait."""
        return int(await self.connection.fetchval("SELECT waiting FROM case_file WHERE profile_id = $1", profile_id))


def codes(fact: dict[str, Any]) -> Sequence[str]:
    """The codes of a fact's reasons."""
    return [reason["code"] for reason in fact["reasons"]]
