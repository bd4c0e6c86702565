"""CloudEvents 1.0, Kafka protocol binding, binary content mode: attributes in `ce_` headers, data in the value."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.base import iso

Headers = tuple[tuple[str, bytes | None], ...]

SPEC_VERSION = "1.0"
SOURCE_ROOT = "/express-entry/"
MAX_ATTRIBUTE_BYTES = 1024


class NotAnEvent(ValueError):
    """The headers are no CloudEvent in binary mode. `code` says which attribute is wrong; no value is quoted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Attributes:
    """The context attributes of one event."""

    type: str
    source: str
    id: str
    time: datetime | None = None


def source_of(service: str) -> str:
    """`ce_source` of what a service of ours publishes."""
    return SOURCE_ROOT + service


def headers(event: Attributes, subject: str) -> Headers:
    """The Kafka headers of an event about `subject` (profile number, round number)."""
    time = () if event.time is None else (("ce_time", iso(event.time).encode()),)
    return (
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", event.source.encode()),
        ("ce_id", event.id.encode()),
        *time,
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    )


def attributes(raw: Headers) -> Attributes:
    """Read the attributes of a record. Raises `NotAnEvent`; headers without `ce_` may hold any bytes."""
    found: dict[str, str] = {}
    for name, value in raw:
        if name.startswith("ce_"):
            if name in found:
                raise NotAnEvent("header_repeated")
            found[name] = _text(value)
    if found.get("ce_specversion") != SPEC_VERSION:
        raise NotAnEvent("header_specversion")
    for name in ("ce_type", "ce_source", "ce_id"):
        if not found.get(name):
            raise NotAnEvent("header_missing")
    return Attributes(found["ce_type"], found["ce_source"], found["ce_id"], _time(found.get("ce_time")))


def _text(value: bytes | None) -> str:
    if value is None:
        raise NotAnEvent("header_null")
    if len(value) > MAX_ATTRIBUTE_BYTES:
        raise NotAnEvent("header_too_long")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise NotAnEvent("header_not_utf8") from None
    if "\x00" in text:
        raise NotAnEvent("header_not_utf8")
    return text


def _time(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: an offset that leaves the calendar
        raise NotAnEvent("header_time") from None
