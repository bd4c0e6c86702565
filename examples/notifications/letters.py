"""From a message to a letter in the candidate's language. The texts of `texts.yaml` and those that messages carry."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from examples.notifications.memory import Letter, Memory

Body = dict[str, Any]

TEXTS = yaml.safe_load(Path(__file__).with_name("texts.yaml").read_text("utf-8"))
OTTAWA = ZoneInfo("America/Toronto")
INTERNAL = {"proposed"}
"""Outcomes of `decided` between the system and its officers, of which a candidate is not written to."""


def letter(memory: Memory, topic: str, key: str, headers: Mapping[str, bytes], value: bytes) -> Letter | None:
    """The letter of a record, or None for a copy, an old state, and what a candidate needs no letter about.

    Raises `ValueError`, `KeyError` or `TypeError` for what is no message of these topics.
    """
    body: Body = json.loads(value)
    source, id_ = headers["ce_source"].decode(), headers["ce_id"].decode()
    new = memory.is_new_score(key, body["sequence"]) if topic == "scored" else memory.is_new_fact(source, id_)
    if not new or not _is_for_the_candidate(memory, topic, body):
        return None
    language = "fr" if body["correspondence_language"] == "fr" else "en"
    name = hashlib.sha256(f"{source} {id_}".encode()).hexdigest()[:32]
    subject = _say(f"subject.{topic}", language, profile=key)
    text = "\n\n".join([*PARAGRAPHS[topic](body, language), _say("closing", language, profile=key)])
    return Letter(name, key, language, subject, text + "\n")


def _is_for_the_candidate(memory: Memory, topic: str, body: Body) -> bool:
    if topic == "decided":
        return body["outcome"] not in INTERNAL
    if topic == "scored":  # it is published every time a day or a rule changes something: tell only a new total
        in_pool: bool = body["status"] == "in_pool"
        return in_pool and memory.told(body["profile_id"], body["total"]) != body["total"]
    return True


def _notice(body: Body, language: str) -> Iterator[str]:
    yield body["text"][language]


def _rejected(body: Body, language: str) -> Iterator[str]:
    yield _say(f"rejected.{body['source_topic']}", language)
    yield from _reasons(body, language)


def _scored(body: Body, language: str) -> Iterator[str]:
    yield _say("scored", language, total=body["total"], on=body["on"])
    if body["provisional"]:
        yield _say("provisional", language)


def _invited(body: Body, language: str) -> Iterator[str]:
    program = _say(f"program.{body['program']}", language)
    yield _say("invited", language, round=body["round_id"], program=program, total=body["total"])
    yield _say("apply_before", language, instant=_instant(body["deadline"], language))


def _decided(body: Body, language: str) -> Iterator[str]:
    yield body["text"][language]
    yield from _reasons(body, language)


PARAGRAPHS: dict[str, Callable[[Body, str], Iterator[str]]] = {
    "notice": _notice,
    "rejected": _rejected,
    "scored": _scored,
    "invited": _invited,
    "decided": _decided,
}


def _reasons(body: Body, language: str) -> Iterator[str]:
    for reason in body["reasons"]:
        text, section = reason["text"][language], reason["section"]
        yield f"- {text}" if not section or section in text else f"- {text} ({section})"


def _instant(value: str, language: str) -> str:
    """An instant as people read it: in UTC, and in Ottawa."""
    instant = datetime.fromisoformat(value)
    return _say(
        "instant", language, utc=f"{instant:%Y-%m-%d %H:%M}", ottawa=f"{instant.astimezone(OTTAWA):%Y-%m-%d %H:%M}"
    )


def _say(code: str, language: str, **params: object) -> str:
    return str(TEXTS[code][language]).format(**params)
