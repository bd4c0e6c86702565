"""The table of settings in docs/deploying.md, from the classes: `python -m tests.docs.settings_table` writes it."""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from services.cli import SETTINGS
from shared.ops.config import name

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def table() -> str:
    """All settings as Markdown: name, default, meaning, by whom they are read."""
    rows = [
        f"| `{name(settings, field)}` | {default(info)} | {meaning(info)} | {reader} |"
        for reader, settings in SETTINGS.items()
        for field, info in settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning | read by |", "| --- | --- | --- | --- |", *rows]) + "\n"


def default(info: FieldInfo) -> str:
    """The default as it would be written; `required` where there is none."""
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    assert value is not PydanticUndefined
    return "" if value in (None, {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def meaning(info: FieldInfo) -> str:
    """The description, the values to choose from, and whether it is a secret."""
    parts = [info.description or "", choices(info.annotation), "secret" if is_secret(info.annotation) else ""]
    return "; ".join(part for part in parts if part)


def choices(annotation: Any) -> str:
    """The values of a literal."""
    found = [annotation, *get_args(annotation)]
    literal = next((one for one in found if get_origin(one) is Literal), None)
    return ", ".join(f"`{value}`" for value in get_args(literal)) if literal else ""


def is_secret(annotation: Any) -> bool:
    """Whether the setting holds something that no log may show."""
    return annotation is SecretStr or any(is_secret(one) for one in get_args(annotation))


def page(text: str) -> str:
    """The page with the table of now."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
