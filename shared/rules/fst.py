"""The Federal Skilled Trades class (R87.2)."""

from typing import NamedTuple

from shared.rules import offer
from shared.rules.funds import Funds, funds
from shared.rules.lines import Criteria, Line
from shared.rules.quantities import Case, Levels
from shared.rules.schema import FstSet
from shared.rules.transferability import certificate_held
from shared.rules.work import HOUR, total


class Fst(NamedTuple):
    """Whether the class's requirements are met; `funds` says whether their table was known."""

    met: bool
    funds: Funds


class _Trade(NamedTuple):
    """One skilled trade, tried: the hours in it and what it can show."""

    met: bool
    hours: int
    noc: str
    in_groups: bool
    requirements: bool
    certificate: bool
    basis: str | None
    funds: Funds


def assess(case: Case, criteria: Criteria | None) -> Fst:
    """The class on the day of a case, in the trade that is specified or else in the best one that was worked in."""
    rules = case.sets.fst
    codes = _codes(case)
    trade = max(_try(case, rules, code) for code in codes) if codes else None
    spoken = any(_speaks(found, rules) for found in case.levels.values())
    outside = case.facts.intended_province != "QC"
    money = trade.funds if trade is not None else funds(case, False)
    met = trade is not None and trade.met and spoken and outside
    if criteria is not None:
        if trade is None:
            criteria.miss("fst.trade.none", rules.groups.section)
            criteria.miss("fst.work.none", rules.work.section, {"needed": rules.work.hours})
            criteria.miss("fst.certificate.none", rules.certificate)
        else:
            _criteria(case, rules, trade, criteria)
        _language(case, rules, spoken, criteria)
        money.criterion("fst.funds", rules.funds.section, case, criteria)
        criteria.add("fst.residence", outside, rules.residence)
    return Fst(met, money)


def _codes(case: Case) -> list[str]:
    """The trade that is specified; else those worked in; else those of the certificate and of the offer."""
    facts, trades = case.facts, case.sets.trade_codes
    if facts.trade is not None:
        return [facts.trade.noc]
    papers = [one.noc for one in (facts.certificate_of_qualification, facts.job_offer) if one is not None]
    return [one for one in case.history.codes if one in trades] or [one for one in papers if one in trades]


def _try(case: Case, rules: FstSet, code: str) -> _Trade:
    trade, certificate = case.facts.trade, case.facts.certificate_of_qualification
    low = case.since(rules.work.window_years)
    if trade is not None:
        low = max(low, trade.qualified_on.toordinal())
    hours = total([one for one, _ in case.history.all if one.noc == code], low, case.today)
    in_groups = code in case.sets.trade_codes
    requirements = trade is None or trade.meets_employment_requirements
    certified = certificate is not None and certificate.noc == code and certificate_held(case)
    basis = _offer_basis(case, rules, code)
    money = funds(case, basis in rules.funds.exempt)
    met = (
        in_groups
        and requirements
        and hours >= rules.work.hours * HOUR
        and (certified or basis is not None)
        and money.met
    )
    return _Trade(met, hours, code, in_groups, requirements, certified, basis, money)


def _offer_basis(case: Case, rules: FstSet, code: str) -> str | None:
    one, terms = case.facts.job_offer, rules.offer
    if (
        one is None
        or one.noc != code
        or one.employers > terms.employers
        or one.hours_per_week < terms.hours_per_week
        or not offer.lasts(one, terms.minimum_months)
    ):
        return None
    return offer.basis(case.facts, case.on)


def _speaks(found: Levels, rules: FstSet) -> bool:
    listening, reading, writing, speaking = found
    needed = rules.language
    return (
        listening >= needed.listening
        and reading >= needed.reading
        and writing >= needed.writing
        and speaking >= needed.speaking
    )


def _criteria(case: Case, rules: FstSet, trade: _Trade, criteria: Criteria) -> None:
    code = {"noc": trade.noc}
    criteria.add("fst.trade", trade.in_groups, rules.groups.section, code)
    if case.facts.trade is None:
        criteria.lines.append(Line("fst.trade.assumed", rules.work.section, rules.id, None, None, code))
    shown = {**code, "hours": trade.hours // HOUR, "needed": rules.work.hours}
    jobs = [one for one, _ in case.history.all if one.noc == trade.noc]
    enough = trade.hours >= rules.work.hours * HOUR
    criteria.add("fst.work", enough, rules.work.section, shown, {"jobs": jobs})
    criteria.add("fst.requirements", trade.requirements, rules.requirements, code)
    if trade.basis is None or trade.certificate:
        criteria.add("fst.certificate", trade.certificate, rules.certificate, code)
    else:
        criteria.add("fst.offer", True, rules.offer.section, {**code, "basis": trade.basis})


def _language(case: Case, rules: FstSet, spoken: bool, criteria: Criteria) -> None:
    needed = rules.language
    levels = {
        "needed_listening": needed.listening,
        "needed_reading": needed.reading,
        "needed_writing": needed.writing,
        "needed_speaking": needed.speaking,
    }
    if not case.levels:
        criteria.miss("fst.language.none", needed.section, levels)
        return
    best = max(case.levels.values(), key=lambda found: (_speaks(found, rules), min(found), sum(found)))
    held = dict(zip(("listening", "reading", "writing", "speaking"), best, strict=True))
    criteria.add("fst.language", spoken, needed.section, levels | held)
