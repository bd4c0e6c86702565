"""The examples of the README, run as a reader would: published, scored, subscribed to."""

import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.ops import ClockInstant
from shared.contracts.types import CLOCK
from shared.kafka.producer import Producer, Record
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from tests.docs.pages import ROOT

INSTANT = datetime(2026, 9, 10, 12, tzinfo=UTC)
"""A day on which the example's papers are valid, whenever the test runs."""
PATIENCE_S = 90.0


@pytest.fixture
async def pipeline(stack: Stack) -> AsyncIterator[dict[str, str]]:
    """Intake and scoring on that day; the environment for the examples."""
    producer = Producer(KafkaSettings(bootstrap=stack.backend.bootstrap))
    await producer.start()
    event = Attributes(CLOCK, "/express-entry/ee", "clock:docs", INSTANT)
    body = ClockInstant(instant=INSTANT).json_bytes()
    await producer.publish([Record("clock", b"clock", body, headers(event, "clock"))])
    await producer.stop()
    processes = [stack.service(name, EE_CLOCK="topic") for name in ("intake", "scoring")]
    yield {**os.environ, "EE_KAFKA_BOOTSTRAP": stack.backend.bootstrap}
    assert stack.stop(*processes) == [0, 0]


def test_what_the_example_publishes_comes_scored_to_the_one_that_subscribes(pipeline: dict[str, str]) -> None:
    published = subprocess.run(
        [sys.executable, "examples/publish.py"], cwd=ROOT, env=pipeline, capture_output=True, text=True, check=True
    )
    assert published.stdout.startswith("E002461357 version 1: partition ")
    subscriber = subprocess.Popen(
        [sys.executable, "examples/subscribe.py"], cwd=ROOT, env=pipeline, stdout=subprocess.PIPE, text=True
    )
    deadline = threading.Timer(PATIENCE_S, subscriber.kill)
    deadline.start()
    try:
        assert subscriber.stdout is not None
        assert "scored E002461357 640\n" in subscriber.stdout  # reads until it comes, or until the end
    finally:
        deadline.cancel()
        subscriber.kill()
        subscriber.communicate()
