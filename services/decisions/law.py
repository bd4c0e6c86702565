"""The table of the grounds (`grounds.yaml`): what clears them, and what needs a fairness letter first."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

_TABLE: Final[dict[str, Any]] = yaml.safe_load(files(__package__).joinpath("grounds.yaml").read_text("utf-8"))

MISREPRESENTATION: Final = "A40"
FAMILY_MEMBER: Final = "A42"
PROVED: Final[str] = _TABLE["accuracy"]["result"]
CLEARED: Final[str] = _TABLE["admissibility"]["result"]
REMINDER_DAYS: Final = (30, 7, 1)
"""Days before an invitation lapses."""


@dataclass(frozen=True, slots=True)
class Clearance:
    """A test of admissibility that must be cleared for each person."""

    name: str
    sections: tuple[str, ...]


CLEARANCES: Final = tuple(
    Clearance(name, tuple(one["sections"])) for name, one in _TABLE["admissibility"]["tests"].items()
)
_AFTER_LETTER: Final[tuple[str, ...]] = tuple(_TABLE["not_refused_before_letter"]["sections"])


def under(section: str | None, sections: Iterable[str]) -> bool:
    """Whether a section is one of these or below one: `A36(1)(a)` is below `A36`, `A40.1` is not below `A40`."""
    return section is not None and any(section == one or section.startswith(f"{one}(") for one in sections)


def after_letter(sections: Iterable[str]) -> bool:
    """Whether a refusal under one of these sections needs a fairness letter first."""
    return any(under(section, _AFTER_LETTER) for section in sections)


def bars(sections: Iterable[str | None]) -> bool:
    """Whether one of these is misrepresentation (A40), which starts a bar."""
    return any(under(section, (MISREPRESENTATION,)) for section in sections)
