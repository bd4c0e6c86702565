"""Submissions, invitations and a law of two sentences, for the tests of intake."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import asyncpg
from cryptography.fernet import Fernet

from services.intake.assessment import Assessment
from services.intake.handler import Intake
from services.intake.received import decode
from services.intake.settings import IntakeSettings
from services.intake.steps import Steps
from shared.contracts.base import NextChange
from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.decided import Decided
from shared.contracts.profile import PROGRAMS, ProgramVerdict
from shared.contracts.rounds import Invited
from shared.contracts.types import DECIDED, INVITED, MODELS
from shared.rules.facts import Facts
from shared.worker.decode import reader
from shared.worker.record import Message, Record
from shared.worker.step import Step

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUBMITTED = "2026-03-01T18:34:05.120000Z"
EXPIRES = datetime(2027, 3, 1, 18, 34, 5, 120000, tzinfo=UTC)
ID = "E000000001"
SETTINGS = IntakeSettings.model_validate({"identity_keys": [Fernet.generate_key().decode()], "person_key": "k" * 32})
_offsets = count()


def law(facts: Facts, on: date, submitted_on: date) -> Assessment:
    """FSW is met while there are funds and, where a nomination is given, until it ends."""
    ends = facts.nomination.expires_on if facts.nomination else None
    met = facts.settlement_funds_cad > 0 and (ends is None or on <= ends)
    change = NextChange(on=ends + timedelta(1), reason="nomination_ends") if ends and on <= ends else None
    programs = {name: ProgramVerdict(met=met and name == "FSW") for name in PROGRAMS}
    return Assessment(on, programs, ("test_law",), False, change)


def body(profile_id: str = ID, version: int = 1, passport: str = "A 012-34", **more: Any) -> dict[str, Any]:
    """A whole profile; `more` replaces fields."""
    return {
        "profile_id": profile_id,
        "version": version,
        "submitted_at": SUBMITTED,
        "correspondence_language": "fr",
        "identity": {
            "client_id": None,
            "family_name": "Tremblay",
            "given_names": "Awa",
            "passport_country": "SEN",
            "passport_number": passport,
        },
        "date_of_birth": "1994-05-17",
        "citizenship": "SEN",
        "residence": "SEN",
        "intended_province": "ON",
        "family_size": 1,
        "settlement_funds_cad": 25000,
        "first_official_language": "french",
        **more,
    }


def record(
    value: Any,
    key: str = ID,
    type_: str = "profile.submitted",
    *,
    offset: int | None = None,
    partition: int = 0,
    ce_id: str | None = None,
    timestamp: int = 0,
) -> Record:
    """A record of topic `submission`; a value that is no bytes is written as JSON."""
    place = next(_offsets) if offset is None else offset
    event = Attributes(type_, "/upstream/test", ce_id or f"e{partition}-{place}")
    raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
    return Record("submission", partition, place, key.encode(), raw, headers(event, key), timestamp)


def submission(profile_id: str = ID, version: int = 1, passport: str = "A 012-34", **more: Any) -> Message:
    """A submission that was read."""
    at = {name: more.pop(name) for name in ("offset", "partition", "ce_id", "timestamp") if name in more}
    return decode(record(body(profile_id, version, passport, **more), profile_id, **at))


def withdrawal(profile_id: str = ID, version: int = 2, at: str = "2026-03-02T11:00:00Z", **place: Any) -> Message:
    """A withdrawal that was read."""
    value = {"profile_id": profile_id, "version": version, "withdrawn_at": at}
    return decode(record(value, profile_id, "profile.withdrawn", **place))


def invited(profile_id: str = ID, invitation_id: str = "I1", sequence: int = 1) -> Message:
    """An invitation of round 436."""
    return _ours(
        "invited",
        INVITED,
        Invited(
            profile_id=profile_id,
            sequence=sequence,
            invitation_id=invitation_id,
            round_id="436",
            program="FSW",
            kind="general",
            rank=1,
            total=523,
            factors={},
            cut_off=523,
            tie_break=NOW,
            submitted_at=NOW,
            expires_at=EXPIRES,
            profile_sequence=1,
            scored_sequence=1,
            on=NOW.date(),
            rule_sets=[],
            invited_at=NOW,
            period_days=60,
            deadline=NOW + timedelta(60),
        ),
    )


def decided(state: str, sequence: int, *, profile_id: str = ID, invitation_id: str = "I1", **more: Any) -> Message:
    """A step of an invitation. `received_at` gives it an application, `application` its state, `bar` a bar."""
    received_at, stands = more.pop("received_at", None), more.pop("application", "in_process")
    application = received_at and {"application_id": "A1", "state": stands, "received_at": received_at}
    return _ours(
        "decided",
        DECIDED,
        Decided.model_validate(
            {
                "profile_id": profile_id,
                "sequence": sequence,
                "outcome": "extended" if state == "open" else "received" if state == "applied" else state,
                "at": more.pop("at", NOW),
                "program": "FSW",
                "text": {"en": "-", "fr": "-"},
                "invitation": {
                    "invitation_id": invitation_id,
                    "round_id": "436",
                    "state": state,
                    "deadline": NOW + timedelta(60),
                },
                "application": application,
                **more,
            }
        ),
    )


def _ours(topic: str, type_: str, message: Any) -> Message:
    event = Attributes(type_, "/express-entry/test", f"{topic}:{message.profile_id}:{message.sequence}")
    place = next(_offsets)
    key = message.profile_id
    found = Record(topic, 0, place, key.encode(), message.json_bytes(), headers(event, key), 0)
    return reader(MODELS[topic])(found)


class Bench:
    """Intake on a real database, without a broker: one transaction for each batch."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", assess: Any = law) -> None:
        self.connection = connection
        self.intake = Intake(SETTINGS, timedelta(minutes=5), assess)
        self.steps = {step.name: step for step in Steps(assess).all()}

    async def take(self, *messages: Message, now: datetime = NOW) -> Step:
        """Handle a batch."""
        async with self.connection.transaction():
            step = Step(self.connection, now, state_topic="profile")  # type: ignore[arg-type]
            await self.intake.handle(step, messages)
            await step.close()
        return step

    async def tick(self, now: datetime, name: str = "life", limit: int = 100) -> int:
        """Run a clock step once."""
        async with self.connection.transaction():
            step = Step(self.connection, now, state_topic="profile", by_clock=True)  # type: ignore[arg-type]
            taken = await self.steps[name].run(step, limit)
            await step.close()
        return taken

    async def due(self, now: datetime, name: str = "life") -> int:
        """How many rows are due."""
        return await self.steps[name].due(self.connection, now)  # type: ignore[arg-type]

    async def profile(self, profile_id: str = ID) -> dict[str, Any]:
        """The row of a profile."""
        return dict(await self.connection.fetchrow("SELECT * FROM profile WHERE profile_id = $1", profile_id) or {})

    async def published(self, profile_id: str = ID) -> dict[str, Any]:
        """The message of topic `profile`."""
        found = await self.connection.fetchval("SELECT body FROM profile WHERE profile_id = $1", profile_id)
        return dict(json.loads(found))

    async def facts(self, topic: str) -> list[dict[str, Any]]:
        """The bodies of the facts in the outbox, in order."""
        rows = await self.connection.fetch("SELECT body FROM outbox WHERE topic = $1 ORDER BY id", topic)
        return [json.loads(row["body"]) for row in rows if row["body"]]

    async def codes(self, topic: str = "rejected") -> list[list[str]]:
        """The codes of the reasons of each rejection in the outbox."""
        return [[reason["code"] for reason in fact["reasons"]] for fact in await self.facts(topic)]

    async def notices(self) -> list[str]:
        """Code and reason of each notice in the outbox."""
        return [":".join(filter(None, (n["code"], n["params"].get("why")))) for n in await self.facts("notice")]

    async def outcomes(self, profile_id: str = ID) -> list[tuple[int, str]]:
        """Version and outcome, in order of version."""
        query = "SELECT version, outcome FROM outcome WHERE profile_id = $1 ORDER BY version, withdrawal"
        return [(row["version"], row["outcome"]) for row in await self.connection.fetch(query, profile_id)]

    async def everything(self, but: Sequence[str] = ()) -> dict[str, list[str]]:
        """All rows of intake's own tables as text: equal before and after what must change nothing."""
        tables = ("profile", "version", "identity", "person", "outcome", "event_outcome", "invitation")
        found = {}
        for table in tables:
            if table not in but:
                rows = await self.connection.fetch(f"SELECT t::text AS row FROM {table} AS t ORDER BY 1")
                found[table] = [row["row"] for row in rows]
        return found
