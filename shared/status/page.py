"""A candidate's standing in words, in English or French."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from shared.contracts import base
from shared.rules import catalogue
from shared.rules.explain import category_name, instant, line_text
from shared.rules.lines import Line
from shared.status.standing import Next, Stage, Standing, Step

_MARK = {True: "x", False: "!", None: " "}
"""Done; ended here; still to come."""


def page(standing: Standing, lang: str) -> Iterator[str]:
    """The eight steps so far, the next dates, what may be done, the ages of the stages."""
    yield catalogue.text("status.title", lang, profile_id=standing.profile_id, step=standing.step)
    for step in standing.steps:
        yield from _step(step, lang)
    yield from _section("ahead", (_next(one, lang) for one in standing.ahead), lang)
    yield from _section("may", (catalogue.text(f"status.may.{code}", lang) for code in standing.may), lang)
    yield from _section("stages", (_stage(one, lang) for one in standing.stages), lang)


def _section(name: str, lines: Iterator[str], lang: str) -> Iterator[str]:
    found = list(lines)
    if found:
        yield catalogue.text(f"status.{name}", lang)
        yield from (f"  {line}" for line in found)


def _step(step: Step, lang: str) -> Iterator[str]:
    at = "" if step.at is None else step.at.isoformat()[:10]
    params = {name: _shown(name, value, lang) for name, value in step.params.items()}
    yield f"  [{_MARK[step.done]}] {step.number}  {at:10}  {catalogue.text(f'status.{step.code}', lang, **params)}"
    for one in step.reasons:
        yield f"{'':21}{_reason(one, lang)}"


def _shown(name: str, value: Any, lang: str) -> object:
    match name:
        case "programs":
            return ", ".join(_name(catalogue.text(f"name.{one}", lang), lang) for one in value)
        case "program":
            return _name(catalogue.text(f"name.{value}", lang), lang)
        case "categories":
            return ", ".join(_name(category_name(one, lang), lang) for one in value)
        case "tables":
            return ", ".join(_table(one, lang) for one in value) or "-"
        case "reason":
            return _small(catalogue.text(value, lang)).removesuffix(".")
    return value


def _table(key: str, lang: str) -> str:
    """The name of a kind of table; one that this release does not know goes by its key."""
    code = f"name.table.{key}"
    return _name(catalogue.text(code, lang), lang) if code in catalogue.TEXTS else key


def _name(title: str, lang: str) -> str:
    """A title within a sentence, which in French begins small."""
    return _small(title) if lang == "fr" else title


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _reason(one: base.Line | base.Text, lang: str) -> str:
    if isinstance(one, base.Text):
        return one.en if lang == "en" else one.fr
    return line_text(Line(one.code, one.section, one.rule_set, one.row, one.points, one.quantities), lang)


def _next(one: Next, lang: str) -> str:
    params = {name: _shown(name, value, lang) for name, value in one.params.items()}
    return catalogue.labelled(_when(one.at, lang), catalogue.text(f"status.ahead.{one.code}", lang, **params), lang)


def _when(at: datetime | date, lang: str) -> str:
    return instant(at, lang) if isinstance(at, datetime) else at.isoformat()


def _stage(one: Stage, lang: str) -> str:
    state = catalogue.text(f"decisions.state.{one.state}", lang)
    code = "status.ended" if one.days is None else "status.stage"
    return catalogue.text(code, lang, state=state, since=one.since.isoformat(), days=one.days)
