"""`ee status` on a real broker: from the topics of a subscriber alone, in both languages."""

import asyncio

import pytest
from typer import Typer
from typer.testing import CliRunner

from shared.contracts import types
from shared.contracts.cloudevents import Attributes, headers, source_of
from shared.contracts.profile import Status
from shared.kafka.producer import Producer, Record
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from shared.status import cli
from tests.unit.decisions.given import application, folded, invitation
from tests.unit.status.test_standing import messages

_WRITERS = {"scored": "scoring", "eligible": "scoring", "invited": "draws", "decided": "decisions"}
NUMBER, NEIGHBOUR, ERASED = "S000000001", "S000000002", "S000000003"


@pytest.fixture
async def ee(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Typer:
    kafka = KafkaSettings(bootstrap=stack.backend.bootstrap)
    producer = Producer(kafka)
    told = [(NUMBER, one) for one in messages(folded(invitation(), application()), Status.APPLIED)]
    told += [(NEIGHBOUR, one) for one in messages(None, Status.IN_POOL)]
    await producer.publish([_record(key, place, *one) for place, (key, one) in enumerate(told)])
    gone = Attributes(types.SCORED, source_of("scoring"), "gone")
    await producer.publish([Record("scored", ERASED.encode(), None, headers(gone, ERASED))])
    await producer.stop()
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", kafka.bootstrap)
    app = Typer()
    app.command("status")(cli.status)
    return app


def _record(key: str, place: int, topic: str, message: object) -> Record:
    body = message.model_copy(update={"profile_id": key}).json_bytes()  # type: ignore[attr-defined]
    event = Attributes(next(iter(types.MODELS[topic])), source_of(_WRITERS[topic]), f"{topic}:{key}:{place}")
    return Record(topic, key.encode(), body, headers(event, key))


async def _say(ee: Typer, *arguments: str) -> tuple[int, str]:
    found = await asyncio.to_thread(CliRunner().invoke, ee, list(arguments))
    return found.exit_code, found.output


async def test_a_candidate_is_placed_among_the_eight_steps_in_either_language(ee: Typer) -> None:
    code, english = await _say(ee, NUMBER, "--on", "2026-10-10")
    assert (code, english.splitlines()[0]) == (0, "Candidate S000000001: step 8 of 8")
    assert "2027-03-30: service standard: a decision by this day (six months)" in english
    assert "in process since 2026-09-30 (10 days)" in english
    french = (await _say(ee, NEIGHBOUR, "--lang", "fr"))[1]
    assert "Dans le bassin, en attente d’une ronde d’invitations." in french
    assert NUMBER not in french


async def test_an_unknown_number_is_refused_and_an_erased_one_is_said_to_be_erased(ee: Typer) -> None:
    assert await _say(ee, "S999999999") == (
        1,
        "nothing was published about profile S999999999: check the number\n",
    )
    assert await _say(ee, ERASED) == (0, "The data of this profile were erased.\n")
