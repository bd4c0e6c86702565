"""Generates what others read: a JSON Schema for each message, one AsyncAPI 3 document, and one page of HTML.

`python -m shared.contracts.generate FOLDER` writes them; a test compares FOLDER with what the models say. The
examples in FOLDER/examples are real records that are kept as they are: `key`, `headers`, `body`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.contracts import application, submission
from shared.contracts.page import page
from shared.contracts.types import MODELS
from shared.kafka.topics import OPERATOR, TOPICS, TopicSpec

INPUTS: dict[str, dict[str, type[BaseModel]]] = {
    "submission": {
        submission.SUBMITTED: submission.Submission,
        submission.UPDATED: submission.Submission,
        submission.WITHDRAWN: submission.Withdrawal,
    },
    "application": dict(application.MODELS),
}
MESSAGES: dict[str, dict[str, type[BaseModel]]] = {**INPUTS, **{t: dict(models) for t, models in MODELS.items()}}
"""Topic to `ce_type` to model: everything that anyone publishes."""


def schema(model: type[BaseModel], type_: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one message body, for its writer; readers ignore what they do not know."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:express-entry:{type_}",
        **model.model_json_schema(by_alias=True, mode="validation"),
    }


def asyncapi(examples: Path) -> dict[str, Any]:
    """Channels, messages and who writes and reads them, as an AsyncAPI 3.0.0 document; bodies refer to the schemas."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Express Entry Engine",
            "version": "1.0.0",
            "description": "CloudEvents 1.0, Kafka binding, binary mode; the key is the profile number "
            "(`instruction`, `round`: the round number).",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(TOPICS[topic], models) for topic, models in MESSAGES.items()},
        "operations": {name: operation for topic in MESSAGES for name, operation in _operations(topic)},
        "components": {"messages": {t: _message(t, examples) for models in MESSAGES.values() for t in models}},
    }


def _channel(spec: TopicSpec, models: dict[str, type[BaseModel]]) -> dict[str, Any]:
    return {
        "address": spec.name,
        "description": f"{spec.kind} topic, written by {', '.join(spec.writers)}",
        "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in models},
        "bindings": {"kafka": {"topic": spec.name}},
    }


def _operations(topic: str) -> Iterator[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{topic}"}
    for writer in TOPICS[topic].writers:
        yield f"{writer}-writes-{topic}", {"action": "send", "channel": channel}
    for reader in TOPICS[topic].readers:
        if reader != OPERATOR:
            yield f"{reader}-reads-{topic}", {"action": "receive", "channel": channel}


def _message(type_: str, examples: Path) -> dict[str, Any]:
    example = json.loads((examples / f"{type_}.json").read_text("utf-8"))
    return {
        "name": type_,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["ce_specversion", "ce_type", "ce_source", "ce_id"],
            "properties": {
                "ce_specversion": {"type": "string", "const": "1.0"},
                "ce_type": {"type": "string", "const": type_},
                "ce_source": {"type": "string", "minLength": 1, "maxLength": 1024},
                "ce_id": {"type": "string", "minLength": 1, "maxLength": 1024},
                "ce_time": {"type": "string", "format": "date-time"},
                "ce_subject": {"type": "string"},
            },
        },
        "payload": {"$ref": f"schemas/{type_}.json"},
        "bindings": {"kafka": {"key": {"type": "string"}}},
        "examples": [{"headers": example["headers"], "payload": example["body"]}],
    }


def documents(folder: Path) -> dict[str, str]:
    """Every generated file by its path below `folder`, which holds the examples."""
    schemas = {type_: schema(model, type_) for models in MESSAGES.values() for type_, model in models.items()}
    api = asyncapi(folder / "examples")
    files = {f"schemas/{type_}.json": body for type_, body in schemas.items()} | {"asyncapi.json": api}
    written = {path: json.dumps(body, indent=2, ensure_ascii=False) + "\n" for path, body in files.items()}
    return written | {"index.html": page(api, schemas)}


def write(folder: Path) -> None:
    """Write every document, and remove what no model stands behind any more."""
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    wanted = documents(folder)
    for stale in (folder / "schemas").glob("*.json"):
        if f"schemas/{stale.name}" not in wanted:
            stale.unlink()
    for path, text in wanted.items():
        (folder / path).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
