"""A11.2: whether a person met, at the invitation and at receipt, what they were invited on; each test is a line.

(1) At the invitation and at receipt: (a) the entry criteria, (b) the qualifications they were ranked on, (c) the
category. (2)(a) excuses what fails at receipt by a birthday alone: it holds with the age of the day of invitation.
(2)(b) excuses lost points where criteria and category are met and the total, age held, is not under the lowest score
of the round. Nothing excuses a failure at the invitation. Always under the rule sets of the day of invitation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from shared.contracts import base
from shared.contracts.decided import Ground
from shared.contracts.rounds import Invited
from shared.rules import Evaluation, Facts, Line, evaluate
from shared.rules.lines import Quantities

Result = Literal["met", "excused", "failed", "officer"]
"""`officer`: the 67 points of R76 are missing, for which an officer may substitute an evaluation (R76(3), (4))."""

SHORT_OF_67 = "fsw.pass_mark.not_met"
_AT_DECISION = {
    "FSW": ("fsw.funds", SHORT_OF_67),
    "FST": ("fst.funds", "fst.certificate", "fst.offer"),
}
"""Funds, offer and permit must hold on the day of decision too (R77, R87.2(3)(d), (5)): by the codes of their lines."""

_BY_FACTOR = ("A", "B")
_BY_TOTAL = ("C", "D")
"""Sections with caps: points under a cap that is still reached are not lost."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one ground and how it came out."""

    ground: Ground
    result: Result
    line: base.Line


@dataclass(frozen=True, slots=True)
class Examination:
    """All tests of one run."""

    tests: tuple[Test, ...]
    rule_sets: tuple[str, ...]
    provisional: bool


@dataclass(frozen=True, slots=True)
class Declarations:
    """The facts at invitation and at receipt, as declared or as found."""

    submitted_on: date
    at_invitation: Facts
    at_receipt: Facts
    received_on: date


@lru_cache(maxsize=4096)
def _evaluated(facts: Facts, on: date, submitted_on: date, rules_on: date, age_on: date) -> Evaluation:
    """A case is folded again with every message, mostly on the same facts."""
    return evaluate(facts, on, submitted_on=submitted_on, rules_on=rules_on, age_on=age_on)


def examine(invited: Invited, facts: Declarations) -> Examination:
    """Every test of A11.2(1) with the exceptions of A11.2(2)."""
    day, submitted_on = invited.on, facts.submitted_on
    then = _evaluated(facts.at_invitation, day, submitted_on, day, day)
    now = _evaluated(facts.at_receipt, facts.received_on, submitted_on, day, facts.received_on)
    held = _evaluated(facts.at_receipt, facts.received_on, submitted_on, day, day)
    tests = [
        *_program(invited, "invitation", then, then),
        _qualifications_at_invitation(invited, then),
        *_category(invited, "invitation", then, then),
        *_program(invited, "receipt", now, held),
        _qualifications_at_receipt(invited, now, held),
        *_category(invited, "receipt", now, held),
    ]
    rule_sets = tuple(dict.fromkeys((*then.rule_sets, *now.rule_sets)))
    return Examination(tuple(tests), rule_sets, invited.provisional or then.provisional or now.provisional)


def examine_decision_day(invited: Invited, facts: Declarations, on: date) -> tuple[Test, ...]:
    """The third run: what must hold on the day of decision too; empty where the class asks for nothing."""
    codes = _AT_DECISION.get(invited.program)
    if codes is None:
        return ()
    day = invited.on
    now = _evaluated(facts.at_receipt, on, facts.submitted_on, day, day)
    before = _evaluated(facts.at_receipt, facts.received_on, facts.submitted_on, day, day)
    failing = [line for line in now.programs[invited.program].reasons if line.code.startswith(codes)]
    if now.grid.arranged_employment >= before.grid.arranged_employment:
        failing = [line for line in failing if line.code != SHORT_OF_67]
    return (_test(Ground.PROGRAM, "program.decision", "R77", on, "failed" if failing else "met", _codes(failing)),)


def _program(invited: Invited, when: str, now: Evaluation, held: Evaluation) -> Iterable[Test]:
    missing = _missing(now, invited.program)
    result: Result = "met" if not missing else "failed" if _missing(held, invited.program) else "excused"
    yield _test(Ground.PROGRAM, f"program.{when}", _section("a", result), now.on, result, _codes(missing))
    if invited.program == "FSW":
        short = any(line.code == SHORT_OF_67 for line in now.programs["FSW"].reasons)
        points = {"points": now.grid.total}
        yield _test(Ground.PROGRAM, f"pass_mark.{when}", "R76(1)(a)", now.on, "officer" if short else "met", points)


def _missing(evaluation: Evaluation, program: str) -> Sequence[Line]:
    return [line for line in evaluation.programs[program].reasons if line.code != SHORT_OF_67]


def _qualifications_at_invitation(invited: Invited, then: Evaluation) -> Test:
    lost = _lost(invited.factors, then)
    shown = {"invited_total": invited.total, "total": then.crs.total, "lost": lost}
    result: Result = "failed" if lost else "met"
    return _test(Ground.ACCURACY, "qualifications.invitation", "A11.2(1)(b)", then.on, result, shown)


def _qualifications_at_receipt(invited: Invited, now: Evaluation, held: Evaluation) -> Test:
    lost, still_lost = _lost(invited.factors, now), _lost(invited.factors, held)
    shown = {
        "invited_total": invited.total,
        "total": now.crs.total,
        "total_age_held": held.crs.total,
        "lowest_of_round": invited.cut_off,
        "lost": lost,
    }
    result: Result = "met"
    section = "A11.2(1)(b)"
    if lost and not still_lost:
        result, section = "excused", "A11.2(2)(a)"
    elif lost and _may_change(invited, held):
        result, section = "excused", "A11.2(2)(b)"
    elif lost:
        result = "failed"
    return _test(Ground.ACCURACY, "qualifications.receipt", section, now.on, result, shown)


def _may_change(invited: Invited, held: Evaluation) -> bool:
    """A11.2(2)(b): criteria and category met, and not under the rank required (the score alone, as the Department)."""
    return not _missing(held, invited.program) and _in_category(invited, held) and held.crs.total >= invited.cut_off


def _category(invited: Invited, when: str, now: Evaluation, held: Evaluation) -> Iterable[Test]:
    if invited.category is None:
        return
    result: Result = "met"
    if not _in_category(invited, now):
        result = "excused" if _in_category(invited, held) else "failed"
    shown = {"category": invited.category, "version": invited.category_version}
    yield _test(Ground.CATEGORY, f"category.{when}", _section("c", result), now.on, result, shown)


def _in_category(invited: Invited, evaluation: Evaluation) -> bool:
    if invited.category is None:
        return True
    membership = evaluation.categories.get(invited.category)
    return membership is not None and membership.verdict.eligible


def _lost(factors: Mapping[str, Mapping[str, int]], evaluation: Evaluation) -> list[str]:
    """The factors that give fewer points than at the invitation."""
    points = evaluation.crs.as_dict()
    lost = []
    for group in (*_BY_FACTOR, *_BY_TOTAL):
        now, before = points[group], factors.get(group, {})
        assert isinstance(now, dict)
        names = ("total",) if group in _BY_TOTAL else [name for name in before if name != "total"]
        lost += [f"{group}.{name}" for name in names if now.get(name, 0) < before.get(name, 0)]
    return lost


def _section(letter: str, result: Result) -> str:
    return "A11.2(2)(a)" if result == "excused" else f"A11.2(1)({letter})"


def _codes(lines: Sequence[Line]) -> Quantities:
    return {"missing": [line.code for line in lines]} if lines else {}


def _test(ground: Ground, name: str, section: str, on: date, result: Result, shown: Quantities) -> Test:
    quantities = {"on": on.isoformat(), **shown}
    return Test(ground, result, base.Line(code=f"test.{name}", section=section, row=result, quantities=quantities))
