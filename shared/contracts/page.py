"""All topics and messages on one page of HTML that needs nothing else: no script, no network.

It says what the AsyncAPI document and the schemas say, from the same dictionaries, for people.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from shared.contracts.fields import Field, fields
from shared.kafka.topics import OPERATOR, TOPICS

Schemas = dict[str, dict[str, Any]]


class Definitions:
    """Parts that several messages share, each shown once; two of one name and other content get two anchors."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}

    def anchors(self, schema: dict[str, Any]) -> dict[str, str]:
        """Name to anchor, for the definitions of one message."""
        return {name: self._anchor(name, content) for name, content in schema.get("$defs", {}).items()}

    def _anchor(self, name: str, content: dict[str, Any]) -> str:
        number, anchor = 1, f"part-{name}"
        while self._found.setdefault(anchor, content) != content:
            number += 1
            anchor = f"part-{name}-{number}"
        return anchor

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        return iter(sorted(self._found.items()))


def page(api: dict[str, Any], schemas: Schemas) -> str:
    """The whole page, from the AsyncAPI document and the schema of each message."""
    parts = Definitions()
    anchors = {type_: parts.anchors(schema) for type_, schema in schemas.items()}
    everything = {name: anchor for one in anchors.values() for name, anchor in one.items()}
    topics = [_topic(name, channel, api, schemas, anchors) for name, channel in api["channels"].items()]
    shared = [_part(anchor, content, everything) for anchor, content in parts]
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    title = escape(api["info"]["title"])
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}: messages</title>',
            '<meta name="viewport" content="width=device-width">',
            f"<style>\n{style}</style>",
            f"<nav>\n{_contents(api)}\n</nav>\n<main>\n<h1>{title}: topics and messages</h1>",
            f"<p>{_text(api['info']['description'])} A field in bold is required.</p>",
            *topics,
            "<h2>Parts that several messages share</h2>",
            *shared,
            "</main>\n</html>\n",
        ]
    )


def _contents(api: dict[str, Any]) -> str:
    lines = []
    for topic, channel in api["channels"].items():
        lines.append(f'<a class="topic" href="#topic-{topic}">{topic}</a>')
        lines += [f'<a href="#{type_}">{type_}</a>' for type_ in channel["messages"]]
    return "\n".join(lines)


def _topic(
    name: str, channel: dict[str, Any], api: dict[str, Any], schemas: Schemas, anchors: dict[str, dict[str, str]]
) -> str:
    readers = ", ".join(one for one in TOPICS[name].readers if one != OPERATOR) or "nobody"
    head = f'<h2 id="topic-{name}">{name}</h2>\n<p>{_text(channel["description"])}; read by {readers}</p>'
    messages = [
        _message(type_, api["components"]["messages"][type_], schemas[type_], anchors[type_])
        for type_ in channel["messages"]
    ]
    return "\n".join([head, *messages])


def _message(type_: str, message: dict[str, Any], schema: dict[str, Any], anchors: dict[str, str]) -> str:
    (example,) = message["examples"]
    headers = "\n".join(f"{name}: {value}" for name, value in example["headers"].items())
    body = json.dumps(example["payload"], indent=2, ensure_ascii=False)
    return "\n".join(
        [
            f'<section>\n<h3 id="{type_}">{type_}</h3>',
            f"<p>{_text(schema.get('description', ''))}</p>",
            f'<p><a href="schemas/{type_}.json">JSON Schema</a> · <a href="examples/{type_}.json">example</a></p>',
            _table(fields(schema), anchors),
            "<details><summary>An example</summary>",
            f"<pre>{escape(headers)}</pre>\n<pre>{escape(body)}</pre></details>",
            "</section>",
        ]
    )


def _part(anchor: str, schema: dict[str, Any], anchors: dict[str, str]) -> str:
    name = anchor.removeprefix("part-")
    words = schema.get("description", "")
    values = " · ".join(f"<code>{escape(str(one))}</code>" for one in schema.get("enum", ()))
    content = f"<p>{values}</p>" if values else _table(fields(schema), anchors)
    return f'<section>\n<h3 id="{anchor}">{name}</h3>\n<p>{_text(words)}</p>\n{content}\n</section>'


def _table(rows: Iterator[Field], anchors: dict[str, str]) -> str:
    lines = [_row(one, anchors) for one in rows]
    return "\n".join(["<table>", "<tr><th>field<th>type<th>what it is</tr>", *lines, "</table>"])


def _row(field: Field, anchors: dict[str, str]) -> str:
    type_ = re.sub(r"#(\w+)", lambda m: f'<a href="#{anchors[m[1]]}">{m[1]}</a>', escape(field.type, quote=False))
    words = [_text(field.description), *(escape(one) for one in field.limits)]
    if field.default is not None:
        words.append(f"default {escape(field.default)}")
    name = f"<b>{field.name}</b>" if field.required else field.name
    return f"<tr><td><code>{name}</code><td>{type_}<td>{'; '.join(word for word in words if word)}</tr>"


def _text(words: str) -> str:
    """Words of a docstring: paragraphs and `code`."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words, quote=False))
    return shown.replace("\n\n", "<p>")
