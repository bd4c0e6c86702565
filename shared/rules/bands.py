"""The score bands by which the pool is published with each round of invitations."""

from collections.abc import Mapping

BANDS: Mapping[str, tuple[int, int]] = {
    "dd1": (601, 1200),
    "dd2": (501, 600),
    "dd3": (451, 500),
    "dd4": (491, 500),
    "dd5": (481, 490),
    "dd6": (471, 480),
    "dd7": (461, 470),
    "dd8": (451, 460),
    "dd9": (401, 450),
    "dd10": (441, 450),
    "dd11": (431, 440),
    "dd12": (421, 430),
    "dd13": (411, 420),
    "dd14": (401, 410),
    "dd15": (351, 400),
    "dd16": (301, 350),
    "dd17": (0, 300),
    "dd18": (0, 1200),
}
"""Both ends included; dd3 and dd9 are the sums of those after them, dd18 the whole pool."""

SUMS = frozenset({"dd3", "dd9", "dd18"})

PARTS: Mapping[str, tuple[int, int]] = {
    f"{low}-{high}": (low, high) for low, high in sorted(ends for band, ends in BANDS.items() if band not in SUMS)
}
"""The bands that hold no others, named by their ends, the lowest first: every score is in one."""


def distribution(by_score: Mapping[int, int]) -> dict[str, int]:
    """How many candidates each published band holds."""
    return counted(by_score, BANDS)


def counted(by_score: Mapping[int, int], bands: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """How many candidates each of these bands holds."""
    return {
        band: sum(count for score, count in by_score.items() if low <= score <= high)
        for band, (low, high) in bands.items()
    }
