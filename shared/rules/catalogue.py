"""Every text that a candidate may read, in both official languages, by code (`catalogue/*.yaml`).

A number and its noun: `{years:year|years}` gives "1 year", "2 years"; French has the singular for 0 too.
"""

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from string import Formatter
from typing import Any

import yaml


class Language(StrEnum):
    """An official language."""

    EN = "en"
    FR = "fr"


LANGUAGES = tuple(language.value for language in Language)


class CatalogueError(ValueError):
    """The catalogue contradicts itself: the message names the file, the code and what to change."""


class _Words(Formatter):
    """Fills a template; `singular` are the numbers that take the first of two nouns."""

    def __init__(self, *singular: str) -> None:
        self._singular = singular

    def format_field(self, value: Any, format_spec: str) -> str:
        one, nouns, many = format_spec.partition("|")
        if not nouns:
            return str(super().format_field(value, format_spec))
        return f"{value} {one if str(value) in self._singular else many}"


_WORDS = {"en": _Words("1"), "fr": _Words("0", "1")}


def fields(template: str) -> frozenset[str]:
    """The names of the fields of a template."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def merge(documents: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """One catalogue from several files. Raises `CatalogueError` for a code that is doubled or lopsided."""
    merged: dict[str, dict[str, str]] = {}
    for name, document in documents.items():
        for code, entry in document.items():
            if code in merged:
                raise CatalogueError(f"{name}: {code} is in another file too; keep one of them")
            if set(entry) != set(LANGUAGES):
                raise CatalogueError(f"{name}: {code} needs exactly the texts en and fr")
            if fields(entry["en"]) != fields(entry["fr"]):
                raise CatalogueError(f"{name}: {code} has other fields in en than in fr")
            merged[code] = dict(entry)
    return merged


def _documents() -> dict[str, dict[str, dict[str, str]]]:
    folder = files(__package__).joinpath("catalogue")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {name: yaml.safe_load(folder.joinpath(name).read_text("utf-8")) or {} for name in names}


TEXTS = merge(_documents())


def labelled(label: object, value: object, lang: str) -> str:
    """A label and what it labels, with the colon as the language writes it."""
    return text("labelled", lang, label=label, value=value)


def text(code: str, lang: str, **params: object) -> str:
    """The text of `code` in `lang` (`en`, `fr`). Raises `KeyError` for a code or a field that is missing."""
    template = TEXTS[code][lang]
    return _WORDS[lang].format(template, **params) if "|" in template else template.format(**params)
