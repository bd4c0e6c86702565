"""Why a round is refused, or waits, in both languages (`shared/rules/catalogue/draws.yaml`)."""

from collections.abc import Sequence

from shared.contracts.base import Json, Reason, Text
from shared.rules.catalogue import text


def both(code: str, **params: object) -> Text:
    """A text of the catalogue in both languages."""
    return Text(en=text(code, "en", **params), fr=text(code, "fr", **params))


def reason(code: str, *, field: str | None = None, section: str | None = None, **params: Json) -> Reason:
    """One reason; the catalogue has its text under `round.<code>`."""
    return Reason(code=code, field=field, section=section, params=params, text=both(f"round.{code}", **params))


def as_json(reasons: Sequence[Reason]) -> list[Json]:
    """Reasons as the tables keep them."""
    return [one.model_dump(mode="json") for one in reasons]


def from_json(stored: Sequence[Json]) -> list[Reason]:
    """Reasons as the tables kept them."""
    return [Reason.model_validate(one) for one in stored]
