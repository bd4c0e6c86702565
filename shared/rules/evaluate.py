"""One profile on one day: programs, CRS and categories, with a line for every verdict and every point."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.rules import categories as category_tests
from shared.rules import cec, crs, fst, fsw, pnp
from shared.rules.categories import Membership
from shared.rules.crs import Crs
from shared.rules.facts import Facts
from shared.rules.force import REGISTRY, RuleSets
from shared.rules.fsw import Grid
from shared.rules.lines import Criteria, Line, Verdict
from shared.rules.quantities import Case

PROGRAMS = ("FSW", "CEC", "FST", "PNP")
_NO_CRITERIA: dict[str, Criteria] = {}


@dataclass(frozen=True, slots=True)
class ProgramsEvaluation:
    """The programs alone, with what they were made from. `rule_sets`: those that decide them; `grid`: R78 to R83."""

    on: date
    programs: dict[str, Verdict]
    grid: Grid
    lines: tuple[Line, ...]
    rule_sets: tuple[str, ...]
    provisional: bool
    missing_tables: tuple[str, ...]
    warnings: tuple[Line, ...]
    case: Case = field(compare=False, repr=False)

    def signature(self) -> tuple[Any, ...]:
        """What `next_program_change` compares: every verdict and `provisional`."""
        return (*(one.eligible for one in self.programs.values()), self.provisional)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything, with what it was made from. Lines of code `crs.*` add up to the total of the CRS."""

    on: date
    programs: dict[str, Verdict]
    grid: Grid
    crs: Crs
    categories: dict[str, Membership]
    lines: tuple[Line, ...]
    rule_sets: tuple[str, ...]
    provisional: bool
    missing_tables: tuple[str, ...]
    warnings: tuple[Line, ...]
    case: Case = field(compare=False, repr=False)

    def signature(self) -> tuple[Any, ...]:
        """What `next_change` compares: every point of the CRS, every verdict and `provisional`."""
        return (
            self.crs,
            tuple(self.programs[name].eligible for name in PROGRAMS),
            tuple((key, one.verdict.eligible) for key, one in self.categories.items()),
            self.provisional,
        )


def _programs(case: Case, explain: bool) -> tuple[dict[str, Verdict], Grid, bool, dict[str, Criteria]]:
    sets = case.sets
    notes = _NO_CRITERIA
    if explain:
        notes = {
            "FSW": Criteria(sets.fsw.id),
            "CEC": Criteria(sets.cec.id),
            "FST": Criteria(sets.fst.id),
            "PNP": Criteria(None),
        }
    skilled = fsw.assess(case, notes.get("FSW"))
    canadian = cec.assess(case, notes.get("CEC"))
    trades = fst.assess(case, notes.get("FST"))
    nominee = pnp.assess(case, skilled.met or canadian or trades.met, notes.get("PNP"))
    met = {"FSW": skilled.met, "CEC": canadian, "FST": trades.met, "PNP": nominee}
    funds_known = skilled.funds.known and trades.funds.known
    if not explain:
        return {name: Verdict(one) for name, one in met.items()}, skilled.grid, funds_known, notes
    verdicts = {name: notes[name].verdict(one) for name, one in met.items()}
    return verdicts, skilled.grid, funds_known, notes


def _warnings(facts: Facts, sets: RuleSets) -> tuple[Line, ...]:
    if not sets.ambiguous:
        return ()
    codes = {work.noc for work in facts.work}
    if facts.partner is not None:
        codes |= {work.noc for work in facts.partner.work}
    if facts.job_offer is not None:
        codes.add(facts.job_offer.noc)
    found = sorted(codes & sets.ambiguous)
    return tuple(Line("noc_2016_ambiguous", None, sets.occupations.id, None, None, {"noc": code}) for code in found)


def evaluate(
    facts: Facts,
    on: date,
    *,
    submitted_on: date | None = None,
    lines: bool = True,
    rules_on: date | None = None,
    age_on: date | None = None,
) -> Evaluation:
    """Evaluate declared facts on a day.

    `submitted_on`: the day of submission; before a set's `effective_from` the profile is one already in the pool.
    `rules_on`: use the sets in force on another day (A11.2: those of the invitation). `age_on`: hold the age at that of
    another day (A11.2(2)(a)). Raises `ValueError` for a day before Express Entry began.
    """
    sets = REGISTRY.in_force(rules_on or on, submitted_on)
    return evaluate_under(sets, facts, on, confirmed_on=rules_on or on, age_on=age_on, lines=lines)


def evaluate_under(
    sets: RuleSets,
    facts: Facts,
    on: date,
    *,
    confirmed_on: date,
    age_on: date | None = None,
    lines: bool = True,
) -> Evaluation:
    """Evaluate under given rule sets (a rehearsal). `confirmed_on`: the day for which they must be confirmed."""
    return evaluate_case(Case(facts, on, sets, age_on or on), confirmed_on, lines)


def evaluate_case(case: Case, confirmed_on: date, lines: bool) -> Evaluation:
    """Evaluate what was derived already."""
    facts, sets, on = case.facts, case.sets, case.on
    found: list[Line] | None = [] if lines else None
    programs, grid, funds_known, notes = _programs(case, lines)
    points = crs.total_score(case, found)
    categories = category_tests.assess(case, lines)
    if found is not None:
        for criteria in notes.values():
            found += criteria.lines
        for one in categories.values():
            found += one.lines
    confirmed = sets.crs.confirmed_until is None or confirmed_on <= sets.crs.confirmed_until
    missing = (() if confirmed else ("crs",)) + (() if funds_known else ("funds",))
    return Evaluation(
        on,
        programs,
        grid,
        points,
        categories,
        tuple(found or ()),
        sets.ids,
        bool(missing),
        missing,
        _warnings(facts, sets),
        case,
    )


def evaluate_programs(
    facts: Facts,
    on: date,
    *,
    submitted_on: date | None = None,
    lines: bool = True,
    rules_on: date | None = None,
    age_on: date | None = None,
) -> ProgramsEvaluation:
    """The programs alone: see `evaluate`."""
    sets = REGISTRY.in_force(rules_on or on, submitted_on)
    return programs_of_case(Case(facts, on, sets, age_on or on), lines)


def programs_of_case(case: Case, lines: bool) -> ProgramsEvaluation:
    """The programs of what was derived already."""
    programs, grid, funds_known, notes = _programs(case, lines)
    found = tuple(line for criteria in notes.values() for line in criteria.lines)
    missing = () if funds_known else ("funds",)
    return ProgramsEvaluation(
        case.on,
        programs,
        grid,
        found,
        case.sets.program_ids,
        bool(missing),
        missing,
        _warnings(case.facts, case.sets),
        case,
    )


def rule_sets_in_force(on: date, *, submitted_on: date | None = None, programs_only: bool = False) -> tuple[str, ...]:
    """The ids that a row must carry on a day, new or already in the pool then."""
    sets = REGISTRY.in_force(on, submitted_on)
    return sets.program_ids if programs_only else sets.ids
