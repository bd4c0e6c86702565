"""`ee report categories` on a broker: what was published is what is reported, and a broker that is away is said."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.types import ROUND
from shared.kafka.admin import apply_topics
from shared.kafka.producer import Producer, Record
from shared.kafka.settings import KafkaSettings
from shared.stack.kafka import Kafka

ROOT = Path(__file__).parents[2]
EXAMPLE = json.loads((ROOT / "docs/messages/examples/round.changed.v1.json").read_text("utf-8"))
EE = Path(sys.executable).with_name("ee")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker with nothing on it."""
    kafka = Kafka(tmp_path_factory.mktemp("report"))
    kafka.start()
    yield kafka
    kafka.stop()


def ee(bootstrap: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command, as an operator runs it."""
    return subprocess.run(
        [str(EE), "report", "categories", *words],
        env=os.environ | {"EE_KAFKA_BOOTSTRAP": bootstrap},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


async def test_the_round_that_was_published_is_reported_in_both_languages_and_as_json(broker: Kafka) -> None:
    settings = KafkaSettings(bootstrap=broker.bootstrap)
    await apply_topics(settings)
    producer = Producer(settings)
    await producer.start()
    event = headers(Attributes(ROUND, "/express-entry/draws", EXAMPLE["headers"]["ce_id"]), EXAMPLE["key"])
    record = Record("round", EXAMPLE["key"].encode(), json.dumps(EXAMPLE["body"]).encode(), event)
    await producer.publish([record, record])
    await producer.stop()

    english, french = ee(broker.bootstrap, "2026"), ee(broker.bootstrap, "2026", "--lang", "fr")
    assert "French-language proficiency (category_french_2026-V2)\n" in english.stdout
    assert "  Round 437, 2026-08-19: 5 invitations, " in english.stdout
    assert "  Ronde 437, 2026-08-19 : 5 invitations, " in french.stdout
    assert json.loads(ee(broker.bootstrap, "2026", "--format", "json").stdout)["invited"] == 5
    assert "Rounds that were for no category: 0 rounds" in ee(broker.bootstrap, "2025").stdout
    assert (english.returncode, french.returncode) == (0, 0)


def test_a_broker_that_is_away_is_said_without_a_trace() -> None:
    done = ee("127.0.0.1:9", "2026")
    assert done.returncode == 1
    assert "topic round can't be read" in done.stderr
    assert "Traceback" not in done.stderr
