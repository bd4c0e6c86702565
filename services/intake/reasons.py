"""Reasons and texts in both languages."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.contracts.base import Reason, Text
from shared.rules import Line, catalogue, line_text
from shared.rules.catalogue import LANGUAGES, labelled
from shared.rules.errors import FieldError

PREFIX = "intake."
"""Of this service's codes in the catalogue; messages carry the code without it."""


def text(code: str, **params: object) -> Text:
    """A text of this service. A parameter that is a `Text` itself appears in the language around it."""
    return Text(en=_in("en", code, params), fr=_in("fr", code, params))


def _in(lang: str, code: str, params: Mapping[str, object]) -> str:
    shown = {name: getattr(value, lang) if isinstance(value, Text) else value for name, value in params.items()}
    return catalogue.text(PREFIX + code, lang, **shown)


def reason(code: str, *, field: str | None = None, section: str | None = None, **params: Any) -> Reason:
    """A reason of this service, with its text."""
    shown = {name: _shown(name, value) for name, value in params.items()}
    return Reason(code=code, field=field, section=section, params=params, text=text(code, **shown))


def _shown(name: str, value: Any) -> Any:
    return text(f"state.{value}") if name == "state" else value


def of_field(error: FieldError) -> Reason:
    """What is wrong with a field."""
    return Reason(
        code=error.code,
        field=error.field or None,
        params=dict(error.params),
        text=Text(en=error.text("en"), fr=error.text("fr")),
    )


def of_line(program: str, line: Line) -> Reason:
    """What is missing for a program."""
    return Reason(
        code=line.code,
        section=line.section,
        params={"program": program, **line.quantities},
        text=Text(**{lang: labelled(program, line_text(line, lang), lang) for lang in LANGUAGES}),
    )


def joined(reasons: Iterable[Reason]) -> Text:
    """The texts of several reasons, one after the other."""
    known = list(reasons)
    return Text(en=" ".join(r.text.en for r in known), fr=" ".join(r.text.fr for r in known))
