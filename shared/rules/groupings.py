"""The groupings of candidates that a round of invitations may rank (A10.3(1)(h.1)), and who belongs to which."""

from collections.abc import Iterable, Set

GENERAL = "general"
NOMINEES = "PNP"
NAMED_IN_ORDER = ("CEC", "FSW", "FST")
"""Without a nomination the first of these that is met and fits the round is named (A10.3(1)(j.1), practice)."""

_CATEGORY = "category:"


def of_category(key: str) -> str:
    """The grouping of those who are eligible for a category."""
    return _CATEGORY + key


def category_of(grouping: str) -> str | None:
    """The category that a grouping ranks; None for the general one and those of programs."""
    return grouping.removeprefix(_CATEGORY) if grouping.startswith(_CATEGORY) else None


def groupings(programs: Set[str], nominee: bool, categories: Iterable[str]) -> frozenset[str]:
    """The groupings of a profile that meets these programs and these categories, by key.

    The holder of a nomination in force can be invited only in the class PNP (A10.1(1.1)): general and PNP rounds, no
    other. Who meets no program is in no grouping.
    """
    if nominee:
        return frozenset({GENERAL, NOMINEES} if NOMINEES in programs else ())
    met = programs & set(NAMED_IN_ORDER)
    if not met:
        return frozenset()
    return frozenset({GENERAL} | met | {of_category(key) for key in categories})
