"""Texts and reasons of this service, in both languages (`shared/rules/catalogue/decisions.yaml`)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shared.contracts.base import Reason, Text, iso
from shared.rules import catalogue
from shared.rules.errors import FieldError
from shared.rules.explain import instant

PREFIX = "decisions."
"""Of this service's codes in the catalogue; messages carry the code without it."""

_NAMED = {"state", "proposal", "document", "ground"}
"""Parameters whose values have names in the catalogue."""


def text(code: str, **params: object) -> Text:
    """A text of this service."""
    return Text(en=_in("en", code, params), fr=_in("fr", code, params))


def _in(lang: str, code: str, params: Mapping[str, object]) -> str:
    return catalogue.text(PREFIX + code, lang, **{name: _shown(name, value, lang) for name, value in params.items()})


def _shown(name: str, value: object, lang: str) -> object:
    if isinstance(value, datetime):
        return instant(value, lang)
    if name == "language":
        return catalogue.text(f"name.{value}", lang)
    if name == "of" and value == "applicant":
        return catalogue.text(f"{PREFIX}person.applicant", lang)
    if name in _NAMED:
        return catalogue.text(f"{PREFIX}{name}.{value}", lang)
    return value


def label(code: str, lang: str, **params: object) -> str:
    """A text of this service in one language."""
    return catalogue.text(PREFIX + code, lang, **params)


def reason(code: str, *, field: str | None = None, section: str | None = None, **params: Any) -> Reason:
    """A reason of this service, with its text."""
    return Reason(code=code, field=field, section=section, params=_plain(params), text=text(f"reason.{code}", **params))


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _written(value) for name, value in params.items()}


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value


def of_field(error: FieldError) -> Reason:
    """What is wrong with a field."""
    return Reason(
        code=error.code,
        field=error.field or None,
        params=dict(error.params),
        text=Text(en=error.text("en"), fr=error.text("fr")),
    )
