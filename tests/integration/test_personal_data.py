"""Marked values through the whole pipeline: who a candidate is leaves intake by no way, and erasure takes the rest."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner, Result

from services.cli import app
from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.contracts.submission import SUBMITTED
from shared.contracts.types import PROFILE
from shared.db.operators import create_operator, operator_dsn
from shared.kafka.producer import Record
from shared.kafka.reader import Raw
from shared.kafka.topics import SERVICES, TOPICS
from shared.stack.processes import Process
from shared.stack.stack import Stack
from shared.worker import publish
from tests.faults.load import NOW, SOURCE, body, submission
from tests.faults.rig import Rig, own_stack
from tests.faults.test_kills import approve_round, order_round

FUNDS, BORN = 4321987, "1993-07-19"
FACTS = (str(FUNDS), BORN)
DECLARED = ("family_size", "primary_noc", "citizenship", "language_tests", "education", "identity")
DEAD = ("submission.intake.dlq", "application.decisions.dlq", "profile.scoring.dlq", "profile.decisions.dlq")
POISON = "MARKED-00002"
"""Under this number a topic of ours has records that nobody can read."""
INPUTS = {"submission", "application"}


def identity(mark: str) -> dict[str, str]:
    return {
        "client_id": f"{mark}client",
        "family_name": f"{mark}name",
        "given_names": f"{mark}given",
        "passport_country": "IND",
        "passport_number": f"{mark}passport",
        "email": f"{mark}@example.org",
    }


def marked(profile_id: str, mark: str, version: int = 1, **more: Any) -> Record:
    facts = {"settlement_funds_cad": FUNDS, "date_of_birth": BORN, **more}
    return submission(profile_id, version, identity=identity(mark), **facts)


def applied(profile_id: str, type_: str, value: bytes | dict[str, Any], number: str) -> Record:
    raw = value if isinstance(value, bytes) else json.dumps({"type": type_, "profile_id": profile_id, **value}).encode()
    return Record("application", profile_id.encode(), raw, headers(Attributes(type_, SOURCE, number), profile_id))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("personal")) as stack:
        yield stack


@pytest.fixture(scope="module")
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        made.scale(intake=1, scoring=1, draws=1, decisions=1)
        yield made


async def tables(system: Rig, *schemas: str) -> str:
    """Every row of every table of these schemas, as text."""
    names = await system.rows(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY($1::text [])", list(schemas)
    )
    found = []
    for name in names:
        found += await system.rows(f"SELECT t::text AS row FROM {name['schemaname']}.{name['tablename']} AS t")
    return "\n".join(row["row"] for row in found)


async def ee(system: Rig, login: str, *words: str) -> Result:
    admin = system.stack.backend.admin_dsn
    await create_operator(admin, login, "secret", ["intake", "draws"])
    env = {"EE_OPERATOR_POSTGRES_DSN": operator_dsn(admin, login, "secret")}
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(words), env=env))


async def test_a_person_goes_from_every_service_and_a_replay_brings_nothing_back(system: Rig) -> None:
    number, mark, tomorrow = "FORGET-00001", "Zqforget", NOW + timedelta(days=1)
    await system.publish([marked(number, mark), marked(number, mark, 2), submission("STAYS-00001")])
    await system.quiet()
    await order_round(system, "1", tomorrow)
    await approve_round(system, "1", tomorrow)
    await system.advance(tomorrow)
    invitations = await system.rows("SELECT invitation_id, profile_id FROM draws.invitation")
    assert [row["profile_id"] for row in invitations] == [number]
    declined = {"invitation_id": invitations[0]["invitation_id"], "received_at": tomorrow.isoformat()}
    await system.publish([applied(number, "invitation.declined", declined, "d")])
    await system.quiet()
    withdrawn = {"profile_id": number, "version": 3, "withdrawn_at": tomorrow.isoformat()}
    await system.publish([publish.record(SOURCE, withdrawn)])
    await system.quiet()
    for service in ("intake", "scoring", "decisions"):
        assert str(FUNDS) in await tables(system, service)

    refused = await ee(system, "ada", "forget", number)
    assert (refused.exit_code, "it may be done from 2028-08-18" in refused.output) == (1, True), refused.output
    ordered = await ee(system, "ada", "forget", number, "--consent", "file 7")
    order = ordered.output.split("ordered under number ")[1].split(";")[0]
    done = await ee(system, "grace", "forget", number, "--confirm", order)
    assert done.output == "forgotten: 1 profiles\n"
    await system.quiet()
    before = await tables(system, *SERVICES)
    for value in (mark, *FACTS):
        assert value not in before
    for topic in ("profile", "scored", "eligible"):
        assert (await system.read(topic, number))[-1].value is None

    again = [_record(raw) for topic in ("submission", "application") for raw in await system.read(topic, number)]
    assert len(again) == 4
    await system.publish([*again, marked(number, mark, 9)])
    await system.reconciled()
    after = await tables(system, *SERVICES)
    for value in (mark, *FACTS):
        assert value not in after
    for topic in ("profile", "scored", "eligible"):
        assert (await system.read(topic, number))[-1].value is None
    said = [json.loads(raw.value or b"") for raw in await system.read("rejected", number)]
    assert [reason["code"] for reason in said[-1]["reasons"]] == ["profile_erased"]
    verified = await ee(system, "grace", "round", "verify", "1")
    assert (verified.exit_code, verified.output) == (0, "round 1: the same\n")


def _record(raw: Raw) -> Record:
    return Record(raw.topic, raw.key, raw.value, tuple(raw.headers))


def wrong(number: str, mark: str) -> list[Record]:
    """Submissions and applications that are wrong in every place, each with the mark where it is wrong."""
    good = body(number, identity=identity(mark))
    in_place_of: list[dict[str, Any]] = [{name: mark} for name in DECLARED]
    of_identity: list[dict[str, Any]] = [{"identity": {**identity(mark), name: [mark]}} for name in identity(mark)]
    made = [submission(number, 10 + place, **one) for place, one in enumerate([*in_place_of, *of_identity])]
    made += [
        submission(number, 40, identity={**identity(mark), "passport_number": mark * 40}),
        submission(number, 41, submitted_at=mark),
        Record("submission", number.encode(), f'{{"family_name": "{mark}'.encode(), made[0].headers),
        Record("submission", number.encode(), json.dumps({**good, "profile_id": mark}).encode(), made[0].headers),
        Record("submission", number.encode(), json.dumps([mark]).encode(), made[0].headers),
        applied(number, "application.submitted", {"application_id": mark, "facts": {"citizenship": mark}}, "x1"),
        applied(number, "officer.decided", {"decision": mark, "officer": [mark], "concern": {"a": mark}}, "x2"),
        applied(number, "finding.recorded", f'{{"profile_id": "{number}", "{mark}'.encode(), "x3"),
    ]
    return made


async def test_marked_values_are_where_they_may_be_and_nowhere_else(system: Rig) -> None:
    number, mark = "MARKED-00001", "Zqmark"
    await system.publish([marked(number, mark), *wrong(number, mark)])
    await system.quiet()
    event = headers(Attributes(PROFILE, source_of("intake"), f"profile:{POISON}:1"), POISON)
    poison = [f'{{"profile_id": "{POISON}", "sequence": "{mark}"}}', f'{{"{mark}', json.dumps([mark])]
    await system.publish([Record("profile", POISON.encode(), value.encode(), event) for value in poison])
    await system.quiet()

    assert mark not in await tables(system, "intake", "scoring", "draws")  # decisions keeps applications as received
    assert not [value for value in FACTS if value in await tables(system, "draws")]
    assert await system.read("held")
    for topic in TOPICS.keys() - INPUTS:
        for record in await system.read(topic):
            assert mark not in _shown(record), topic
            if topic != "profile":
                assert not [value for value in FACTS if value in _shown(record)], topic
    letters = [record for topic in DEAD for record in await system.read(topic)]
    assert len(letters) == 3 + 1 + 3 + 3
    assert all(mark.encode() in (record.value or b"") for record in letters)
    assert mark not in str([(record.key, record.headers) for record in letters])

    await nobody_tells(system, mark, *FACTS)


async def test_what_is_marked_in_a_key_or_a_header_is_in_the_dead_letter_alone(system: Rig) -> None:
    mark = "Zqkey"
    key = f"{mark}@example.org"
    event = headers(Attributes(SUBMITTED, SOURCE, f"{mark}-number"), f"{mark}-subject")
    records = [
        Record("submission", key.encode(), b"{}", event),
        Record("submission", b"MARKED-00003", b"{", (*event, (f"{mark}-name", mark.encode()))),
        Record("submission", f"{mark}\xff".encode("latin-1"), b"{}", ((mark, None), *event)),
    ]
    before = await system.length("submission.intake.dlq")
    await system.publish(records)
    await system.quiet()
    letters = [record for record in await system.read("submission.intake.dlq") if mark in _shown(record)]
    assert (len(letters), await system.length("submission.intake.dlq") - before) == (3, 3)
    for topic in TOPICS.keys() - INPUTS - {"submission.intake.dlq"}:
        assert mark not in "".join(map(_shown, await system.read(topic))), topic
    assert mark not in await tables(system, *SERVICES)
    await nobody_tells(system, mark)
    listed = await asyncio.to_thread(CliRunner().invoke, app, ["dlq", "list"])
    assert (listed.exit_code, mark in listed.output) == (0, False)


async def nobody_tells(system: Rig, *values: str) -> None:
    """No process has any of these in its log or its metrics."""
    for process in system.stack.processes:
        written = process.log.read_text("utf-8")
        assert written
        told = await asyncio.to_thread(_metrics, process)
        for value in values:
            assert value not in written, process.name
            assert value not in told, process.name


def _metrics(process: Process) -> str:
    with urlopen(f"http://127.0.0.1:{process.env['EE_HTTP_PORT']}/metrics", timeout=10) as answer:
        return str(answer.read(), "utf-8")


def _shown(record: Raw) -> str:
    untouched = record.topic.endswith(".dlq") or record.key == POISON.encode()
    value = b"" if untouched else record.value or b""
    return value.decode() + str((record.key, record.headers))
