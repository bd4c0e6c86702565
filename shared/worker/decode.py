"""Reading one record. Nothing here can fail a batch: what cannot be read is `Poison`, that record alone."""

from collections.abc import Mapping

from pydantic import ValidationError

from shared.contracts import base
from shared.contracts.cloudevents import Attributes, NotAnEvent, attributes
from shared.kafka.bounds import BatchTooLarge
from shared.kafka.lenient import NotUtf8
from shared.kafka.topics import TOPICS
from shared.worker.dead_letters import restored
from shared.worker.record import Message, Poison, Record
from shared.worker.service import Decoder, Service


def envelope(record: Record, types: frozenset[str]) -> tuple[Attributes, str]:
    """The event's attributes and the record's key. Raises `Poison` (headers, unknown type or major, key)."""
    try:
        event = attributes(record.headers)
    except NotAnEvent as error:
        raise Poison(error.code) from None
    if event.type not in types:
        raise Poison("unknown_type")
    return event, key_of(record)


def key_of(record: Record) -> str:
    """The record's key as text. Raises `Poison`."""
    if not record.key:
        raise Poison("key_missing")
    try:
        key = record.key.decode()
    except UnicodeDecodeError:
        raise Poison("key_not_utf8") from None
    if "\x00" in key:
        raise Poison("key_not_utf8")
    return key


def reader(models: Mapping[str, type[base.Message]], key_field: str | None = "profile_id") -> Decoder:
    """A decoder for a topic of ours: `ce_type` to model; the key must be the body's `key_field`, if one is named."""
    types = frozenset(models)

    def decode(record: Record) -> Message:
        event, key = envelope(record, types)
        if record.value is None:
            return erasure(record, event, key)
        try:
            body = models[event.type].read(record.value)
        except ValidationError as error:
            raise Poison("body_invalid", _where(error)) from None
        if key_field and getattr(body, key_field) != key:
            raise Poison("key_differs")
        return Message(record, event, key, body)

    return decode


def erasure(record: Record, event: Attributes, key: str) -> Message:
    """A null value: the erasure of a key on a state topic, poison anywhere else."""
    if TOPICS[record.topic].kind != "state":
        raise Poison("body_missing")
    return Message(record, event, key, None)


def decode(service: Service, record: Record) -> Message:
    """Read a record of any topic of the service; one of its `.replay` is read as what it was. Raises `Poison`."""
    if isinstance(record.value, BatchTooLarge):
        raise Poison("batch_too_large")
    if any(isinstance(name, NotUtf8) for name, _ in record.headers):
        raise Poison("header_not_utf8")
    if record.topic == service.replay_topic:
        record = restored(record)
    decoder = service.decoders.get(record.topic)
    if decoder is None:
        raise Poison("unknown_topic")
    return decoder(record)


def _where(error: ValidationError) -> str:
    """Fields and kinds of error, without the input."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['type']}" for e in found[:10])
