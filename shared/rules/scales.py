"""The scales of the approved language tests: what a certificate can show (R74(3))."""

from datetime import date
from typing import NamedTuple

ABILITIES = ("listening", "reading", "writing", "speaking")
ENGLISH_TESTS = ("ielts_general_training", "celpip_general", "pte_core")
FRENCH_TESTS = ("tef_canada", "tcf_canada")
LANGUAGE_OF = dict.fromkeys(ENGLISH_TESTS, "english") | dict.fromkeys(FRENCH_TESTS, "french")

NEW_TEF_SCALE_FROM = date(2023, 12, 11)
"""A TEF Canada test taken before this day carries the scores of the old scale."""


class Scale(NamedTuple):
    """Lowest and highest score and the step between two scores; `letters`: results without a number."""

    lowest: float
    highest: float
    step: float = 1
    letters: tuple[str, ...] = ()

    def holds(self, score: float | str) -> bool:
        """Whether a certificate of this test can show `score`."""
        if isinstance(score, str):
            return score in self.letters
        return self.lowest <= score <= self.highest and score % self.step == 0


def _same(scale: Scale) -> dict[str, Scale]:
    return dict.fromkeys(ABILITIES, scale)


_OLD_TEF = {
    "listening": Scale(0, 360),
    "reading": Scale(0, 300),
    "writing": Scale(0, 450),
    "speaking": Scale(0, 450),
}
SCALES: dict[str, dict[str, Scale]] = {
    "ielts_general_training": _same(Scale(0, 9, 0.5)),
    "celpip_general": _same(Scale(0, 12, letters=("M",))),
    "pte_core": _same(Scale(10, 90)),
    "tef_canada": _same(Scale(0, 699)),
    "tef_canada_old_scale": _OLD_TEF,
    "tcf_canada": {
        "listening": Scale(100, 699),
        "reading": Scale(100, 699),
        "writing": Scale(0, 20),
        "speaking": Scale(0, 20),
    },
}


def table_of(test: str, taken_on: date) -> str:
    """The name of the scale (and of the table of levels) for a test taken on a day."""
    return "tef_canada_old_scale" if test == "tef_canada" and taken_on < NEW_TEF_SCALE_FROM else test
