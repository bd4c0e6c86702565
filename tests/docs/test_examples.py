"""The examples of the README and of the guides, run as a reader would: published, scored, subscribed to."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.ops import ClockInstant
from shared.contracts.types import CLOCK
from shared.kafka.partition import partition_of
from shared.kafka.producer import Producer, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.stack import Stack
from tests.docs import java
from tests.docs.pages import ROOT, blocks, text

INSTANT = datetime(2026, 9, 10, 12, tzinfo=UTC)
"""A day on which the example's papers are valid, whenever the test runs."""
NUMBER = "E002461357"
SCORED = f"scored {NUMBER} 640\n"
PATIENCE_S = 90.0
JAVA = re.compile(r'^java -cp "\$KAFKA_HOME/libs/\*" examples/java/(\w+)\.java (\S+)$')

SUBSCRIBE = [sys.executable, "examples/subscribe.py"]

Environment = dict[str, str]


@pytest.fixture(scope="module")
async def pipeline(stack: Stack) -> AsyncIterator[Environment]:
    """Intake and scoring on that day; the environment for the examples."""
    producer = Producer(KafkaSettings(bootstrap=stack.backend.bootstrap))
    await producer.start()
    event = Attributes(CLOCK, "/express-entry/ee", "clock:docs", INSTANT)
    body = ClockInstant(instant=INSTANT).json_bytes()
    await producer.publish([Record("clock", b"clock", body, headers(event, "clock"))])
    await producer.stop()
    processes = [stack.service(name, EE_CLOCK="topic") for name in ("intake", "scoring")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    yield {**os.environ, "PATH": path, "EE_KAFKA_BOOTSTRAP": stack.backend.bootstrap}
    assert stack.stop(*processes) == [0, 0]


def shown(page: str, program: str) -> str:
    """The one command of that program that a page shows, as it is."""
    (found,) = [block for block in blocks(text(page), "sh") if block.startswith(program)]
    return found.strip()


def published(command: str | Sequence[str], environment: Environment) -> str:
    """Run a command that publishes; what it printed."""
    done = subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return done.stdout


def prints(command: Sequence[str], environment: Environment, line: str) -> bool:
    """Whether a command that never ends prints this line, within our patience."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    deadline = threading.Timer(PATIENCE_S, process.kill)
    deadline.start()
    try:
        assert process.stdout is not None
        return line in process.stdout  # reads until it comes, or until the end
    finally:
        process.send_signal(signal.SIGINT)  # as a reader would: it leaves its group, so the next need not wait for it
        process.communicate()
        deadline.cancel()


def test_what_the_example_publishes_comes_scored_to_the_one_that_subscribes(pipeline: Environment) -> None:
    answer = published(shown("docs/publishing.md", "python"), pipeline)
    assert answer.startswith(f"{NUMBER} version 1: partition ")
    assert prints(SUBSCRIBE, pipeline, SCORED)


def test_what_the_example_in_java_publishes_comes_scored_to_the_one_in_java(
    pipeline: Environment, tmp_path: Path
) -> None:
    run = java.compiled(tmp_path)
    publish, subscribe = (JAVA.match(shown(f"docs/{page}.md", "java")) for page in ("publishing", "subscribing"))
    assert publish
    assert subscribe
    place = published([*run, *publish.groups()], pipeline)
    assert place.startswith(f"{NUMBER} version 1: submission-{partition_of(NUMBER.encode(), 12)}@")
    assert prints([*run, *subscribe.groups()], pipeline, SCORED)


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")
async def test_what_kcat_publishes_is_the_event_that_the_example_publishes_and_comes_scored(
    pipeline: Environment,
) -> None:
    published(shown("docs/publishing.md", "kcat"), pipeline)
    kafka = KafkaSettings(bootstrap=pipeline["EE_KAFKA_BOOTSTRAP"])
    *_, last = [record async for record in read_to_end(kafka, ["submission"], NUMBER.encode())]
    assert last.value == (ROOT / "examples" / "profile.json").read_bytes()
    assert dict(last.headers) == {
        "ce_specversion": b"1.0",
        "ce_type": b"profile.submitted",
        "ce_source": b"/upstream/example",
        "ce_id": b"E002461357:1",
        "ce_subject": b"E002461357",
        "content-type": b"application/json",
    }
    assert prints(SUBSCRIBE, pipeline, SCORED)
    told = published(shown("docs/subscribing.md", "kcat"), pipeline)
    assert re.search(rf'^{NUMBER} ce_specversion=1\.0,.* {{"profile_id":"{NUMBER}".*"total":640', told, re.MULTILINE)


def test_the_example_of_a_service_writes_the_letter_about_the_score(pipeline: Environment, tmp_path: Path) -> None:
    published(shown("docs/publishing.md", "python"), pipeline)
    assert prints(SUBSCRIBE, pipeline, SCORED)
    command = shown("docs/subscribing.md", "python -m")
    published(command.replace("build/notifications", str(tmp_path)), pipeline)
    letters = [file.read_text("utf-8") for file in (tmp_path / "spool").iterdir()]
    assert any("To: awa@example.org" in letter and "640" in letter for letter in letters)
