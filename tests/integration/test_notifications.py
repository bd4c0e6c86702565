"""The example of a downstream service on a secured broker, as its own principal, in its own group, as a process."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from examples.notifications.__main__ import GROUP, TOPICS
from shared.kafka.admin import apply_topics
from shared.kafka.offsets import Offsets
from shared.kafka.producer import Producer, Record
from shared.kafka.rights import Right, apply_rights, rights
from shared.kafka.settings import KafkaSettings
from shared.stack.kafka import ADMIN, Kafka

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "messages" / "examples"
PASSWORD = "only-for-this-broker"
TYPES = {
    "notice": "candidate.notice.v1",
    "rejected": "input.rejected.v1",
    "scored": "profile.scored.v1",
    "invited": "invitation.issued.v1",
    "decided": "application.decided.v1",
}
PATIENCE_S = 90


def settings_of(broker: Kafka, principal: str) -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "bootstrap": broker.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_username": principal,
            "sasl_password": PASSWORD,
            "users": {GROUP: PASSWORD} if principal == ADMIN else {},
        }
    )


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker with the authorizer on and the rights of the table."""
    kafka = Kafka(tmp_path_factory.mktemp("secured"), admin_password=PASSWORD)
    kafka.start()
    try:
        asyncio.run(apply_topics(settings_of(kafka, ADMIN)))
        asyncio.run(apply_rights(settings_of(kafka, ADMIN)))
        yield kafka
    finally:
        kafka.stop()


def record(topic: str, **changes: Any) -> Record:
    """The example of the message on that topic, with these fields changed."""
    found = json.loads((EXAMPLES / f"{TYPES[topic]}.json").read_text("utf-8"))
    headers = tuple((name, value.encode()) for name, value in found["headers"].items())
    return Record(topic, found["key"].encode(), json.dumps(found["body"] | changes).encode(), headers)


async def publish(broker: Kafka, *records: Record) -> None:
    """In the place of the services that write these topics."""
    producer = Producer(settings_of(broker, ADMIN))
    await producer.start()
    await producer.publish(records)
    await producer.stop()


def notify(broker: Kafka, folder: Path, addresses: dict[str, str]) -> list[EmailMessage]:
    """Run the service to the end of its topics; the letters in its spool, which the mail server then empties."""
    book = folder / "addresses.json"
    book.write_text(json.dumps(addresses), "utf-8")
    connection = {
        "EE_KAFKA_BOOTSTRAP": broker.bootstrap,
        "EE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "EE_KAFKA_SASL_PASSWORD": PASSWORD,
    }
    command = [sys.executable, "-m", "examples.notifications", str(folder), "--addresses", str(book), "--until-end"]
    subprocess.run(command, cwd=ROOT, env=os.environ | connection, check=True, timeout=PATIENCE_S)
    letters = sorted((folder / "spool").glob("*.eml"))
    found = [message_from_bytes(file.read_bytes(), policy=default) for file in letters]
    for file in letters:
        file.unlink()
    return found


def test_its_rights_are_to_read_its_topics_in_its_group_and_to_write_nothing() -> None:
    topics = {Right(GROUP, "TOPIC", topic, "READ") for topic in TOPICS}
    assert {right for right in rights() if right.principal == GROUP} == topics | {Right(GROUP, "GROUP", GROUP, "READ")}


async def test_each_message_is_a_letter_once_also_when_it_comes_again(broker: Kafka, tmp_path: Path) -> None:
    some = [record(topic) for topic in TYPES]
    people = {one.key.decode(): f"{number}@example.org" for number, one in enumerate(some) if one.key}
    broken = Record("notice", b"E000000001", b"no JSON", some[0].headers)
    await publish(broker, some[0], broken, *some, *some[1:])

    letters = notify(broker, tmp_path, people)
    assert sorted(str(one["To"]) for one in letters) == sorted(people[one.key.decode()] for one in some if one.key)
    assert {str(one["Content-Language"]) for one in letters} == {"en", "fr"}
    assert len({str(one["Message-ID"]) for one in letters}) == 5

    await publish(broker, *some)  # copies that come after a restart
    assert notify(broker, tmp_path, people) == []
    await publish(broker, record("scored", sequence=2, total=520))
    (newer,) = notify(broker, tmp_path, people)
    assert "520" in str(newer.get_payload())

    offsets = Offsets(settings_of(broker, ADMIN))
    assert await offsets.caught_up(GROUP, await offsets.ends(TOPICS)) == 0
    await offsets.close()
