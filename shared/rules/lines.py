"""Lines of an explanation: what the law counted, by which row of which table, for how many points."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Quantities = Mapping[str, Any]
NOTHING: Quantities = {}


class Line(NamedTuple):
    """One line. `quantities` are derived and safe for messages; `declared` never leaves intake and the candidate."""

    code: str
    section: str | None = None
    rule_set: str | None = None
    row: str | None = None
    points: int | None = None
    quantities: Quantities = NOTHING
    declared: Quantities = NOTHING

    def message(self) -> dict[str, Any]:
        """The line as messages carry it, without what was declared."""
        return {
            "code": self.code,
            "points": self.points,
            "section": self.section,
            "rule_set": self.rule_set,
            "row": self.row,
            "quantities": dict(self.quantities),
        }


class Verdict(NamedTuple):
    """Whether a test is met; if not, and lines were asked for, everything that is missing."""

    eligible: bool
    reasons: tuple[Line, ...] = ()


class Criteria:
    """Collects the criteria of one test: a line for each, met or not, if an explanation is asked for."""

    __slots__ = ("lines", "missing", "rule_set")

    def __init__(self, rule_set: str | None) -> None:
        self.rule_set = rule_set
        self.lines: list[Line] = []
        self.missing: list[Line] = []

    def add(
        self,
        code: str,
        met: bool,
        section: str,
        quantities: Quantities = NOTHING,
        declared: Quantities = NOTHING,
        rule_set: str | None = None,
    ) -> None:
        """A criterion; the line of one that is not met has a code of its own, ending in `.not_met`."""
        rule_set = rule_set or self.rule_set
        if met:
            self.lines.append(Line(code, section, rule_set, None, None, quantities, declared))
        else:
            line = Line(code + ".not_met", section, rule_set, None, None, quantities, declared)
            self.lines.append(line)
            self.missing.append(line)

    def miss(self, code: str, section: str, quantities: Quantities = NOTHING) -> None:
        """A criterion that is not met, under a code that says why."""
        line = Line(code, section, self.rule_set, None, None, quantities)
        self.lines.append(line)
        self.missing.append(line)

    def verdict(self, met: bool) -> Verdict:
        """The verdict with its reasons, in the order of the criteria."""
        return Verdict(met, tuple(self.missing))


def cap(code: str, section: str, rule_set: str, points: int, most: int, lines: list[Line]) -> None:
    """Add the line of a cap that bites: `points` are negative then."""
    if points:
        lines.append(Line(code, section, rule_set, "max", points, {"max": most}))
