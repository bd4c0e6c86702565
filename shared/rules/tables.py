"""Tables of points, compiled for look-up: a cell by index, held to the last row, with the row's own name."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LEVELS = (
    "less_than_secondary",
    "secondary",
    "one_year",
    "two_year",
    "three_year_or_bachelor",
    "two_or_more",
    "masters_or_professional",
    "doctoral",
)
"""Levels of education, lowest first. `two_or_more`: two credentials or more, one of three years or more."""

LEVEL_INDEX = {level: index for index, level in enumerate(LEVELS)}


class Cell(NamedTuple):
    """What a row gives, and the row by its own words (`20-29`, `45+`, `doctoral`)."""

    points: int
    row: str


Cells = tuple[Cell, ...]
SplitCells = tuple[Cells, Cells]
"""Cells with an accompanying partner, and without."""


class TableError(ValueError):
    """A table that does not add up: the message names the row and what is wrong with it."""


def lookup(cells: Cells, index: int) -> Cell:
    """The cell of a whole number from 0; the last row is open upwards."""
    return cells[index] if index < len(cells) else cells[-1]


def _row_name(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"


def bands(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, Mapping[str, Any]]]:
    """Rows `{from, to, ...}` as (index, name, row) for each index from 0; the last row is open (`to: null`).

    Raises `TableError` for a gap, an overlap or a last row that is closed.
    """
    expanded: list[tuple[int, str, Mapping[str, Any]]] = []
    for number, row in enumerate(rows, 1):
        low, high = row.get("from"), row.get("to", "absent")
        if not isinstance(low, int) or high == "absent":
            raise TableError(f"row {number} needs whole numbers from and to (null for no end)")
        if low != len(expanded):
            raise TableError(f"row {number} starts at {low}, the rows before end at {len(expanded) - 1}")
        last = low if high is None else high
        if last < low:
            raise TableError(f"row {number} ends before it starts")
        if (high is None) != (number == len(rows)):
            raise TableError(f"row {number}: exactly the last row has no end")
        expanded += [(index, _row_name(low, high), row) for index in range(low, last + 1)]
    return expanded


def _points(row: Mapping[str, Any], column: str, name: str) -> int:
    value = row.get(column)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TableError(f"row {name} needs whole points under {column}")
    return value


def _only(row: Mapping[str, Any], allowed: set[str], name: str) -> None:
    if unknown := set(row) - allowed:
        raise TableError(f"row {name} has an unknown column: {', '.join(sorted(map(str, unknown)))}")


def cells(rows: Any) -> Cells:
    """One column of points from bands."""
    compiled = []
    for _, name, row in bands(rows):
        _only(row, {"from", "to", "points"}, name)
        compiled.append(Cell(_points(row, "points", name), name))
    return tuple(compiled)


def split_cells(rows: Any) -> SplitCells:
    """Two columns of points from bands: with a partner, alone."""
    both: tuple[list[Cell], list[Cell]] = ([], [])
    for _, name, row in bands(rows):
        _only(row, {"from", "to", "with_partner", "alone"}, name)
        for column, side in zip(both, ("with_partner", "alone"), strict=True):
            column.append(Cell(_points(row, side, name), f"{name}, {side}"))
    return tuple(both[0]), tuple(both[1])


def _levels(rows: Any) -> None:
    if set(rows) != set(LEVELS):
        raise TableError(f"exactly these rows are needed: {', '.join(LEVELS)}")


def level_cells(rows: Any) -> Cells:
    """One column of points by level of education."""
    _levels(rows)
    return tuple(Cell(_points(rows, level, level), level) for level in LEVELS)


def split_level_cells(rows: Any) -> SplitCells:
    """Two columns of points by level of education: with a partner, alone."""
    _levels(rows)
    sides = ("with_partner", "alone")
    with_partner, alone = (tuple(Cell(_points(rows[x], side, x), f"{x}, {side}") for x in LEVELS) for side in sides)
    return with_partner, alone


def names(rows: Any) -> tuple[str, ...]:
    """The name of the band of each index, from rows `{name, from, to}`."""
    return tuple(row["name"] for _, _, row in bands(rows))


def tiers(rows: Any) -> tuple[str, ...]:
    """The tier of each level of education, from `{tier: [levels]}`."""
    found = {level: tier for tier, levels in rows.items() for level in levels}
    if set(found) != set(LEVELS) or sum(map(len, rows.values())) != len(LEVELS):
        raise TableError(f"each of these levels belongs to exactly one tier: {', '.join(LEVELS)}")
    return tuple(found[level] for level in LEVELS)
