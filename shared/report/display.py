"""The report as text, in either official language (`shared/rules/catalogue/annual.yaml`)."""

from collections.abc import Iterator
from typing import Any

from shared.report.categories import Category, Held, Report
from shared.rules import catalogue
from shared.rules.explain import category_name


def lines(report: Report, lang: str) -> Iterator[str]:
    """The whole report, a line at a time."""

    def say(code: str, **params: Any) -> str:
        return catalogue.text(f"annual.{code}", lang, **params)

    yield say("title", since=report.since.isoformat(), until=report.until.isoformat())
    for category in report.categories:
        yield ""
        yield from _category(category, lang)
    yield ""
    yield say("all", rounds=sum(len(one.rounds) for one in report.categories), invited=report.invited)
    yield say("others", rounds=report.other_rounds, invited=report.other_invited)


def _category(category: Category, lang: str) -> Iterator[str]:
    name = category_name(category.rule_set, lang) if category.rule_set else category.key
    yield f"{name} ({category.rule_set or category.key})"
    for code, texts in (
        ("criteria", category.criteria),
        ("economic_goal", category.economic_goals),
        ("legal_base", category.legal_bases),
    ):
        yield from (f"  {catalogue.text(f'annual.{code}', lang, text=one)}" for one in texts)
    yield from (f"  {_round(one, lang)}" for one in category.rounds)
    yield f"  {catalogue.text('annual.sum', lang, rounds=len(category.rounds), invited=category.invited)}"


def _round(one: Held, lang: str) -> str:
    cut_off = "-" if one.cut_off is None else one.cut_off
    return catalogue.text(
        "annual.round",
        lang,
        round_id=one.round_id,
        on=one.on.isoformat(),
        invited=one.invited,
        eligible=one.eligible,
        cut_off=cut_off,
    )
