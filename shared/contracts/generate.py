"""Generates what other languages read: a JSON Schema for each message, and one AsyncAPI 3 document.

`python -m shared.contracts.generate FOLDER` writes them; a test compares FOLDER with what the models say.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.contracts import application, submission
from shared.contracts.types import MODELS
from shared.kafka.topics import TOPICS, TopicSpec

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


def asyncapi() -> dict[str, Any]:
    """Channels, messages and who writes them, as an AsyncAPI 3.0.0 document; bodies refer to the schemas beside it."""
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
        "operations": {
            f"{writer}-writes-{topic}": _send(topic) for topic in MESSAGES for writer in TOPICS[topic].writers
        },
        "components": {"messages": {t: _message(t) for models in MESSAGES.values() for t in models}},
    }


def _channel(spec: TopicSpec, models: dict[str, type[BaseModel]]) -> dict[str, Any]:
    return {
        "address": spec.name,
        "description": f"{spec.kind} topic, written by {', '.join(spec.writers)}",
        "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in models},
        "bindings": {"kafka": {"topic": spec.name}},
    }


def _send(topic: str) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}


def _message(type_: str) -> dict[str, Any]:
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
    }


def documents() -> dict[str, str]:
    """Every generated file by its path below the folder."""
    files = {
        f"schemas/{type_}.json": schema(model, type_) for models in MESSAGES.values() for type_, model in models.items()
    }
    return {
        path: json.dumps(body, indent=2, ensure_ascii=False) + "\n"
        for path, body in (files | {"asyncapi.json": asyncapi()}).items()
    }


def write(folder: Path) -> None:
    """Write every document, and remove what no model stands behind any more."""
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for stale in (folder / "schemas").glob("*.json"):
        if f"schemas/{stale.name}" not in wanted:
            stale.unlink()
    for path, text in wanted.items():
        (folder / path).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
