"""Publishing submissions from a file of JSON Lines, as an upstream would: `ee publish`."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from shared.contracts.cloudevents import Attributes, headers
from shared.contracts.submission import SUBMITTED, UPDATED, WITHDRAWN
from shared.kafka.producer import Producer, Record

TOPIC = "submission"
AT_ONCE = 2000


class NotASubmissionError(ValueError):
    """A line cannot even be given a key; the text names the line and what is missing."""


def record(source: str, body: dict[str, Any]) -> Record:
    """The record of one submission: key and `ce_subject` are the profile number, `ce_id` number and version."""
    profile_id, version = body["profile_id"], body["version"]
    type_ = WITHDRAWN if "withdrawn_at" in body else SUBMITTED if version == 1 else UPDATED
    event = Attributes(type_, source, f"{profile_id}:{version}")
    value = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Record(TOPIC, profile_id.encode(), value, headers(event, profile_id))


def records(source: str, lines: Iterable[str]) -> Iterator[Record]:
    """The records of a file. Raises `NotASubmissionError`; what else is wrong intake will say."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield record(source, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise NotASubmissionError(f"line {number}: a JSON object with profile_id and version is needed") from None


async def publish(producer: Producer, submissions: Iterable[Record]) -> int:
    """Publish them in order; returns how many the broker has taken."""
    sent, chunk = 0, []
    for one in submissions:
        chunk.append(one)
        if len(chunk) == AT_ONCE:
            await producer.publish(chunk)
            sent, chunk = sent + len(chunk), []
    await producer.publish(chunk)
    return sent + len(chunk)
