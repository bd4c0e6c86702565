"""The law as data: dated tables (`data/`), and pure functions from declared facts and a day to results with reasons."""

from shared.rules.changes import NextChange, next_change, next_program_change
from shared.rules.crs import Crs
from shared.rules.errors import FieldError, check_on, field_errors
from shared.rules.evaluate import (
    PROGRAMS,
    Evaluation,
    ProgramsEvaluation,
    evaluate,
    evaluate_programs,
    rule_sets_in_force,
)
from shared.rules.explain import line_text
from shared.rules.facts import Facts
from shared.rules.lines import Line, Verdict

__all__ = [
    "PROGRAMS",
    "Crs",
    "Evaluation",
    "Facts",
    "FieldError",
    "Line",
    "NextChange",
    "ProgramsEvaluation",
    "Verdict",
    "check_on",
    "evaluate",
    "evaluate_programs",
    "field_errors",
    "line_text",
    "next_change",
    "next_program_change",
    "rule_sets_in_force",
]
