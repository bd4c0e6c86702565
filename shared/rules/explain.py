"""Lines in words, in English or French."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.rules import catalogue, noc
from shared.rules.force import REGISTRY
from shared.rules.lines import Line
from shared.rules.schema import CategorySet
from shared.rules.work import OPEN, Job

_NAMED = frozenset(("ability", "body", "language", "level", "needed_level", "test"))
_OTTAWA = ZoneInfo("America/Toronto")
_SPACE = " "


def shown(name: str, value: Any, lang: str) -> str:
    """One quantity as a text shows it."""
    if name in _NAMED and isinstance(value, str):
        return catalogue.text(f"name.{value}", lang)
    if name == "noc":
        return f"{value} ({noc.title(value, lang)})"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return number(value, lang)


def number(value: float, lang: str) -> str:
    """A number with the separators of the language."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
    return text if lang == "en" else text.replace(",", _SPACE).replace(".", ",")


def instant(at: datetime, lang: str) -> str:
    """An instant in UTC, with Ottawa time beside it."""
    ottawa = at.astimezone(_OTTAWA)
    there = "Ottawa time" if lang == "en" else "heure d’Ottawa"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC ({ottawa:%Y-%m-%d %H:%M:%S}, {there})"


def line_text(line: Line, lang: str) -> str:
    """The text of a line, from derived quantities alone."""
    found = {name: shown(name, value, lang) for name, value in line.quantities.items()}
    if line.code.startswith("category."):
        found["category"] = category_name(line.rule_set, lang)
    text = catalogue.text(line.code, lang, **found)
    text = text[0].upper() + text[1:]
    if line.quantities.get("assumed"):
        text += " " + catalogue.text("category.assumed", lang)
    return text


def category_name(rule_set: str | None, lang: str) -> str:
    """The name of a category; a set that this release does not have goes by its id."""
    rules = REGISTRY.by_id.get(rule_set or "")
    return rules.name.of(lang) if isinstance(rules, CategorySet) else str(rule_set)


def declared(line: Line) -> dict[str, Any]:
    """What was declared behind a line, in plain values: for the candidate, never for messages."""
    return {name: _plain(value) for name, value in line.declared.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Job):
        return _job(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _job(job: Job) -> dict[str, Any]:
    last = None if job.end >= OPEN else date.fromordinal(job.end - 1).isoformat()
    return {
        "noc": job.noc,
        "from": date.fromordinal(job.start).isoformat(),
        "to": last,
        "hours_per_week": job.weekly / 1_000_000,
    }
