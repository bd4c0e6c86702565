"""What is committed under docs/messages is what the models say, and the examples there are messages of ours."""

import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter

from shared.contracts.application import INPUT
from shared.contracts.base import Message
from shared.contracts.cloudevents import attributes
from shared.contracts.generate import INPUTS, MESSAGES, documents, schema
from shared.contracts.types import MODELS

FOLDER = Path(__file__).parents[2] / "docs" / "messages"
DOCUMENTS = documents(FOLDER)
TYPES = [(type_, topic) for topic, models in MESSAGES.items() for type_ in models]
FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def example(type_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "examples" / f"{type_}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_the_committed_document_is_the_generated_one(path: str) -> None:
    assert (FOLDER / path).read_text("utf-8") == DOCUMENTS[path], "run: make schemas"


@pytest.mark.parametrize("folder", ["schemas", "examples"])
def test_every_message_has_a_file_and_no_file_is_left_over(folder: str) -> None:
    assert {file.name for file in (FOLDER / folder).iterdir()} == {f"{type_}.json" for type_, _ in TYPES}


@pytest.mark.parametrize(("type_", "topic"), TYPES)
def test_every_schema_is_a_valid_schema(type_: str, topic: str) -> None:
    Draft202012Validator.check_schema(schema(MESSAGES[topic][type_], type_))


@pytest.mark.parametrize(("type_", "topic"), TYPES)
def test_every_example_is_valid_under_its_schema_and_is_an_event(type_: str, topic: str) -> None:
    record = example(type_)
    assert record.keys() == {"key", "headers", "body"}
    committed = json.loads((FOLDER / "schemas" / f"{type_}.json").read_text("utf-8"))
    Draft202012Validator(committed, format_checker=FORMATS).validate(record["body"])
    event = attributes(tuple((name, value.encode()) for name, value in record["headers"].items()))
    assert (event.type, record["headers"]["ce_subject"]) == (type_, record["key"])
    if topic in MODELS and topic not in {"held", "clock"}:
        assert record["key"] == record["body"]["round_id" if topic in {"round", "instruction"} else "profile_id"]


@pytest.mark.parametrize(("type_", "topic"), [(t, topic) for topic, models in MODELS.items() for t in models])
def test_every_example_of_ours_is_read_and_keeps_all_that_it_said(type_: str, topic: str) -> None:
    model: type[Message] = MODELS[topic][type_]
    body = example(type_)["body"]
    read = model.read(json.dumps(body).encode())
    assert lost(body, json.loads(read.json_bytes())) == []
    assert model.read(json.dumps({**body, "added_later": 1}).encode()) == read


def lost(old: Any, new: Any, place: str = "") -> list[str]:
    """Where `new` does not say what `old` said; fields that were added since are no loss."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [one for name in old for one in lost(old[name], new.get(name), f"{place}.{name}")]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [one for at, pair in enumerate(zip(old, new, strict=True)) for one in lost(*pair, f"{place}[{at}]")]
    return [] if old == new else [place]


def test_a_field_that_a_release_drops_or_changes_is_noticed_and_one_that_it_adds_is_not() -> None:
    old = {"code": "a", "lines": [{"points": 1}]}
    assert lost(old, {"code": "a", "lines": [{"points": 1, "row": "x"}], "added": 2}) == []
    assert lost(old, {"lines": [{"points": 2}]}) == [".code", ".lines[0].points"]
    assert lost(old, {"code": "a", "lines": []}) == [".lines"]


@pytest.mark.parametrize(("type_", "topic"), [(t, topic) for topic, models in INPUTS.items() for t in models])
def test_every_example_of_an_input_is_read(type_: str, topic: str) -> None:
    body = json.dumps(example(type_)["body"])
    reader: TypeAdapter[Any] = INPUT if topic == "application" else TypeAdapter(INPUTS[topic][type_])
    assert reader.validate_json(body).profile_id == example(type_)["key"]


def test_the_example_of_a_submission_is_the_one_that_the_guides_publish() -> None:
    published = json.loads((FOLDER.parents[1] / "examples" / "profile.json").read_text("utf-8"))
    assert example("profile.submitted")["body"] == published


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = json.loads(DOCUMENTS["asyncapi.json"])
    for found in re.findall(r'"\$ref": "([^"]+)"', DOCUMENTS["asyncapi.json"]):
        file, _, pointer = found.partition("#")
        assert not file or (FOLDER / file).is_file(), found
        place = document
        for step in pointer.split("/")[1:]:
            place = place[step]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.targets += [value for name in ("href", "src") if (value := found.get(name))]


def test_the_page_needs_no_network_and_all_its_links_lead_somewhere() -> None:
    links = _Links()
    links.feed(DOCUMENTS["index.html"])
    assert not links.tags & {"script", "link", "img", "iframe"}
    assert len(links.ids) == len(set(links.ids))
    inside = {target[1:] for target in links.targets if target.startswith("#")}
    assert inside == inside & set(links.ids)
    assert all((FOLDER / target).is_file() for target in links.targets if not target.startswith("#"))


def test_the_page_shows_every_field_of_every_message() -> None:
    for type_, topic in TYPES:
        for field in schema(MESSAGES[topic][type_], type_)["properties"]:
            assert re.search(rf"<code>(<b>)?{field}(</b>)?</code>", DOCUMENTS["index.html"]), (type_, field)
