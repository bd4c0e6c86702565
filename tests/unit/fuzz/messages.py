"""Inputs that strangers might send: good ones, and good ones that were damaged in some place. The seed decides all."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from shared.contracts.cloudevents import Attributes, Headers, headers
from shared.worker.record import Record
from tests.faults.load import body as whole_profile
from tests.unit.decisions import given as cases
from tests.unit.intake.given import body as plain_profile

NUMBERS = [f"E0000{place:05}" for place in range(60)]
"""Few, so that versions, persons and cases meet."""

Body = dict[str, Any]
Json = Any

_WORDS = (
    "",
    " ",
    "x",
    "é" * 40,
    "\x00",
    "\u202e",
    "NaN",
    "null",
    "0",
    "-1",
    "1e400",
    "2026-02-30",
    "2026-01-01T00:00:00Z",
)
_TEXTS = (*_WORDS, "9" * 400, "a" * 70_000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "'; --")
_NUMBERS = (0, -1, 1, 2, 7, 0.5, -0.0, 1e308, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**70, 10**400)


def deep(levels: int) -> Json:
    """Lists in lists."""
    found: Json = []
    for _ in range(levels):
        found = [found]
    return found


def junk(random: Random) -> Json:
    """A value that does not belong where it will be put."""
    makers: tuple[Callable[[], Json], ...] = (
        lambda: random.choice(_TEXTS),
        lambda: random.choice(_NUMBERS),
        lambda: random.choice((None, True, False, {}, [])),
        lambda: [random.choice(_TEXTS[:8])] * random.choice((1, 3, 60, 600)),
        lambda: {random.choice(_TEXTS[:8]): random.choice(_NUMBERS[:8]) for _ in range(random.choice((1, 4)))},
        lambda: deep(random.choice((2, 30, 150))),
    )
    return random.choice(makers)()


def places(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a value, the whole first."""
    yield path
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*path, name))


def damaged(random: Random, body: Body) -> Json:
    """The body with up to three places taken out, doubled, or filled with junk."""
    found = json.loads(json.dumps(body))
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        path = random.choice([path for path in places(found) if path] or [()])
        if not path:
            return junk(random)
        inside = found
        for name in path[:-1]:
            inside = inside[name]
        match random.randrange(4):
            case 0:
                del inside[path[-1]]
            case 1 if isinstance(inside, list):
                inside *= random.choice((2, 70))
            case _:
                inside[path[-1]] = junk(random)
    return found


def bytes_damaged(random: Random, value: bytes) -> bytes:
    """Bytes changed, cut, put in or doubled, wherever it may be."""
    raw = bytearray(value)
    for _ in range(random.choice((1, 1, 2, 8))):
        at = random.randrange(len(raw) + 1)
        match random.randrange(5):
            case 0:
                del raw[at : at + random.choice((1, 5, 400))]
            case 1:
                raw[at:at] = random.randbytes(random.choice((1, 3, 30)))
            case 2:
                raw[at:at] = random.choice((b"\xed\xa0\x80", b"\\ud800", b"[" * 5000, b'{"a":' * 300, b"NaN", b"1e999"))
            case 3:
                raw = raw[:at]
            case _ if raw:
                raw[at % len(raw)] = random.randrange(256)
    return bytes(raw)


def headers_damaged(random: Random, found: Headers) -> Headers:
    """Headers missing, doubled, empty, or of bytes that are no text."""
    kept = list(found)
    place = random.randrange(len(kept))
    name, value = kept[place]
    match random.randrange(4):
        case 0:
            del kept[place]
        case 1:
            kept.append((name, random.choice((value, b"other"))))
        case 2:
            kept[place] = (name, random.choice((b"", None, b"\xff\xfe", b"\x00", b"x" * 5000)))
        case _:
            kept[place] = (random.choice(("", "é", name.upper())), value)
    return tuple(kept)


def submission(random: Random) -> tuple[str, str, Body]:
    """Number, type and body of a submission: whole profiles and plain ones, few persons, few versions."""
    number, version = random.choice(NUMBERS), random.randrange(1, 6)
    if random.random() < 0.15:
        at = f"2026-0{random.randrange(1, 4)}-02T00:00:00Z"
        return number, "profile.withdrawn", {"profile_id": number, "version": version, "withdrawn_at": at}
    maker = random.choice((whole_profile, plain_profile))
    made = maker(number, version, **({"passport": f"P{random.randrange(30)}"} if maker is plain_profile else {}))
    return number, random.choice(("profile.submitted", "profile.updated")), made


def application(random: Random) -> tuple[str, str, Body]:
    """Number, type and body of a message about a case."""
    at = cases.RECEIVED_AT
    made = random.choice(
        (
            cases.application(),
            cases.finding(random.choice(("admissibility", "program")), random.choice(("met", "doubt")), at),
            cases.officer(random.choice(("approve", "refuse", "suspend", "resume")), at),
            cases.declined(at),
            cases.answer(at, "L1"),
            cases.withdrawn(at),
        )
    )
    number = random.choice(NUMBERS)
    return number, made["type"], {**made, "profile_id": number}


def records(topic: str, seed: int, count: int) -> Iterator[Record]:
    """So many records of an input topic: a quarter good, the rest damaged in body, bytes, headers, key or size."""
    random = Random(seed)
    make = submission if topic == "submission" else application
    for offset in range(count):
        number, type_, body = make(random)
        event = Attributes(type_, "/upstream/fuzz", f"f{random.randrange(count * 2)}")
        found, key = headers(event, number), number.encode()
        value: bytes | None = json.dumps(body).encode()
        match random.randrange(16):
            case 0 | 1 | 2 | 3:
                pass
            case 4 | 5 | 6 | 7 | 8 | 9:
                value = _encoded(damaged(random, body))
            case 10 | 11 | 12:
                value = bytes_damaged(random, value or b"")
            case 13:
                found = headers_damaged(random, found)
            case 14:
                key = random.choice(
                    (b"", b"\xff", number.lower().encode(), b"E" * 300, random.choice(NUMBERS).encode())
                )
            case _:
                value = random.choice((None, b"", b"[" * 300_000, b'{"a":' * 90_000, b" " * 300_000, b"\xff" * 40))
        yield Record(topic, random.randrange(12), offset, key, value, found, random.randrange(10**6))


def _encoded(value: Json) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")
