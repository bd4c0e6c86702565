"""Whether a profile meets a program on a day: what intake asks of the law."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from services.intake.reasons import of_line
from shared.contracts import base
from shared.contracts.base import Reason
from shared.contracts.profile import PROGRAMS, ProgramVerdict
from shared.rules import Line, evaluate_programs, next_program_change
from shared.rules.facts import Facts


@dataclass(frozen=True, slots=True)
class Assessment:
    """The programs on the day `on`, under which rule sets, and when that changes by itself."""

    on: date
    programs: dict[str, ProgramVerdict]
    rule_sets: tuple[str, ...]
    provisional: bool
    next_change: base.NextChange | None
    missing: tuple[tuple[str, Line], ...] = ()
    """What is missing for each program, with the words of the law behind it."""

    @property
    def met(self) -> bool:
        """Whether any program is met: only then is a profile in the pool."""
        return any(verdict.met for verdict in self.programs.values())

    @property
    def reasons(self) -> list[Reason]:
        """Every reason for which no program is met."""
        return [of_line(program, line) for program, line in self.missing]


Assess = Callable[[Facts, date, date], Assessment]
"""(facts, day of evaluation, day of submission) -> assessment."""


def assess(facts: Facts, on: date, submitted_on: date) -> Assessment:
    """Evaluate the programs by the rule sets in force for this profile on the day."""
    found = evaluate_programs(facts, on, submitted_on=submitted_on)
    change = next_program_change(facts, on, submitted_on=submitted_on, now=found)
    verdicts = {name: found.programs[name] for name in PROGRAMS}
    return Assessment(
        on=on,
        programs={
            name: ProgramVerdict(met=verdict.eligible, reasons=[_line(line) for line in verdict.reasons])
            for name, verdict in verdicts.items()
        },
        rule_sets=tuple(found.rule_sets),
        provisional=found.provisional,
        next_change=None if change is None else base.NextChange(on=change.on, reason=change.reason),
        missing=tuple((name, line) for name, verdict in verdicts.items() for line in verdict.reasons),
    )


def _line(line: Line) -> base.Line:
    return base.Line.model_validate(line.message())
