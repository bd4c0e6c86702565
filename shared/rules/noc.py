"""The National Occupational Classification: NOC 2021 unit groups, and what NOC 2016 groups they hold.

Source: Statistics Canada, concordance NOC 2016 V1.3 to NOC 2021 V1.0.
"""

import csv
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

from pydantic_core import PydanticCustomError


class UnitGroup(NamedTuple):
    """A unit group of NOC 2021. `parents`: the NOC 2016 codes that it holds work of, in order."""

    code: str
    teer: int
    title_en: str
    title_fr: str
    parents: tuple[str, ...]


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files(__package__).joinpath("data", name).read_text("utf-8")
    yield from csv.DictReader(text.splitlines())


def _load() -> tuple[dict[str, UnitGroup], dict[str, tuple[str, ...]]]:
    parents: dict[str, list[str]] = {}
    became: dict[str, list[str]] = {}
    for row in _rows("noc_2016.csv"):
        parents.setdefault(row["noc_2021"], []).append(row["noc_2016"])
        became.setdefault(row["noc_2016"], []).append(row["noc_2021"])
    groups = {
        row["code"]: UnitGroup(
            row["code"],
            int(row["teer"]),
            row["title_en"],
            row["title_fr"],
            tuple(sorted(parents.get(row["code"], ()))),
        )
        for row in _rows("noc_2021.csv")
    }
    return groups, {code: tuple(sorted(codes)) for code, codes in became.items()}


GROUPS, BECAME = _load()
"""Unit groups of NOC 2021 by code; and for each NOC 2016 code the NOC 2021 codes that it became."""


def title(code: str, lang: str) -> str:
    """The title of a unit group. Raises `KeyError` for a code that is not in NOC 2021."""
    group = GROUPS[code]
    return group.title_fr if lang == "fr" else group.title_en


def check(code: str) -> str:
    """Validator of a NOC field: the code itself, or an error that says what a NOC 2016 code became."""
    if code in GROUPS:
        return code
    if code in BECAME:
        raise PydanticCustomError("noc_2016", "a code of NOC 2016", {"noc": code, "became": BECAME[code]})
    if len(code) == 5 and code.isascii() and code.isdigit():
        raise PydanticCustomError("noc_unknown", "no unit group of NOC 2021", {"noc": code})
    raise PydanticCustomError("noc_form", "not five digits")
