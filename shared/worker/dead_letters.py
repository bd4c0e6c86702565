"""Dead letters: the record untouched, its origin and the reason in added headers; and the way back."""

import json
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

from shared.contracts.cloudevents import Headers
from shared.kafka import producer
from shared.kafka.bounds import NotWhole, cut_of
from shared.kafka.topics import TOPICS, dlq_name, kind_of
from shared.worker.record import DeadLetter, Poison, Record

CUT = "dlq-cut"
"""The header of a dead letter that is not whole: its size, and the hash of its key and value."""

_INT, _BIGINT = 2**31, 2**63

_ORIGIN = ("dlq-topic", "dlq-partition", "dlq-offset", "dlq-timestamp")


def describe(record: Record, error: Poison) -> DeadLetter:
    """A dead letter, with what can still be read of it: for the alert by source and for topic `held`.

    A replay that fails again is the dead letter that it was: its origin is where the record was first read.
    """
    if kind_of(record.topic) == "replay":
        with suppress(Poison):
            record = restored(record)
    return as_it_lies(record, error)


def as_it_lies(record: Record, error: Poison) -> DeadLetter:
    """A dead letter of this very record, whatever a record on a replay topic says about its origin."""
    source = next((v for n, v in record.headers if n == "ce_source" and v is not None), None)
    profile_id, sequence = _who(record)
    return DeadLetter(
        record,
        error.code,
        error.detail,
        source=source.decode(errors="replace") if source else None,
        profile_id=profile_id,
        source_sequence=sequence,
    )


def outgoing(service: str, letters: Sequence[DeadLetter]) -> list[producer.Record]:
    """The records for the dead-letter topics, untouched where they fit."""
    return [_fitting(service, letter) for letter in letters]


def _fitting(service: str, letter: DeadLetter) -> producer.Record:
    """The dead letter; of one that is too large, as compression lets an upstream send it, what fits and a hash.

    The broker measures what was compressed. Without this a record of more than 5 MiB could be put nowhere, and
    everything behind it would wait for ever.
    """
    record, topic = letter.record, dlq_name(letter.record.topic, service)
    headers, added = _writable(record.headers), _added(service, letter)
    if isinstance(record.value, NotWhole):
        says = record.value.says
    else:
        whole = producer.Record(topic, record.key, record.value, (*headers, *added))
        if producer.fits(whole):
            return whole
        says = cut_of(record.key, record.value, producer.size_of(whole))
    cut = (CUT, says.encode())
    smaller = producer.Record(topic, record.key, None, (*headers, *added, cut))
    return smaller if producer.fits(smaller) else producer.Record(topic, None, None, (*added, cut))


def _writable(headers: Headers) -> Headers:
    """A name that was no UTF-8 goes out as it was spelled out: the producer takes nothing but `str`."""
    return tuple((str(name), value) for name, value in headers)


def restored(record: Record) -> Record:
    """The record that a dead letter was, with its origin, tried once more. Raises `Poison` where there is no such."""
    headers, added = taken_apart(record.headers)
    try:
        topic, *numbers = (added[name] for name in _ORIGIN)
        partition, offset, timestamp = map(int, numbers)
        attempt = int(added.get("dlq-attempt", "1")) + 1
    except (KeyError, ValueError):
        raise Poison("origin_missing") from None
    if topic not in TOPICS or not (0 <= partition < _INT and 0 <= offset < _BIGINT and 1 < attempt < _INT):
        raise Poison("origin_missing")
    return Record(topic, partition, offset, record.key, record.value, headers, timestamp, attempt=attempt)


def digest(record: Record) -> bytes:
    """What tells a record from every other: the hash of its key, value, headers and timestamp."""
    parts: list[bytes | None] = [record.key, record.value, str(record.timestamp_ms).encode()]
    for name, value in record.headers:
        parts += [name.encode(), value]
    found = sha256()
    for part in parts:
        found.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return found.digest()


def taken_apart(headers: Headers) -> tuple[Headers, dict[str, str]]:
    """The headers as they were, and what was added to them. Ours begin with the last `dlq-topic`."""
    names = [name for name, _ in headers]
    if _ORIGIN[0] not in names:
        return headers, {}
    start = len(names) - 1 - names[::-1].index(_ORIGIN[0])
    return headers[:start], {name: (value or b"").decode(errors="replace") for name, value in headers[start:]}


def _added(service: str, letter: DeadLetter) -> tuple[tuple[str, bytes], ...]:
    topic, partition, offset = letter.record.origin
    values = {
        "dlq-topic": topic,
        "dlq-partition": partition,
        "dlq-offset": offset,
        "dlq-timestamp": letter.record.timestamp_ms,
        "dlq-service": service,
        "dlq-reason": letter.code,
        "dlq-detail": letter.detail,
        "dlq-attempt": letter.record.attempt,
    }
    return tuple((name, str(value).encode()) for name, value in values.items())


def _who(record: Record) -> tuple[str | None, int | None]:
    try:
        key = record.key.decode() if record.key else None
    except UnicodeDecodeError:
        key = None
    if key is not None and "\x00" in key:
        key = None
    try:
        sequence = json.loads(record.value or b"null")["sequence"]
    except (ValueError, TypeError, KeyError, RecursionError):
        sequence = None
    return key, sequence if isinstance(sequence, int) and 0 < sequence < 2**63 else None
