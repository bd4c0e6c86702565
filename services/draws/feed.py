"""The table of rounds in the shape of the feed that is published for Express Entry, which trackers of it read.

`{"classes": "wb-tables", "rounds": [...]}`, the newest first, every value a text. The published feed is written by
hand: numbers with commas or spaces, and dates with and without "at", with ordinals, a stray AM after a 24-hour time,
no year. `read` takes all of these; what it can't read of an instant is None.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.draws.names import round_name
from services.draws.round_store import RoundRow
from shared.rules.bands import BANDS
from shared.rules.catalogue import text
from shared.rules.periods import utc_day

MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
}
_MONTH = {name.lower(): number for names in MONTHS.values() for number, name in enumerate(names, 1)}
_ENGLISH = re.compile(r"(?P<month>[^\W\d_]+)\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?[,.]?\s*(?P<year>\d{4})")
_FRENCH = re.compile(r"(?P<day>\d{1,2})(?:er)?\s+(?P<month>[^\W\d_]+)\s+(?P<year>\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class FeedRound:
    """A row of the table. `pool` by band, None where none was published (all zeros)."""

    number: str
    day: date
    name: str
    programs: str
    invitations: int
    cut_off: int | None
    instant: datetime | None
    tie_break: datetime | None
    pool_on: date | None
    pool: Mapping[str, int] | None


def of_round(row: RoundRow, lang: str) -> FeedRound:
    """A held and certified round of ours as a row."""
    ordered, made = row.instruction, row.certificate
    assert made is not None
    programs = f"name.{ordered.program}" if ordered.program else f"round.programs.{ordered.kind}"
    return FeedRound(
        number=row.round_id,
        day=utc_day(ordered.instant),
        name=round_name(ordered, lang),
        programs=text(programs, lang),
        invitations=made.invited,
        cut_off=made.cut_off,
        instant=ordered.instant.replace(microsecond=0),
        tie_break=made.tie_break.submitted_at.replace(microsecond=0) if made.tie_break else None,
        pool_on=made.on,
        pool=made.distribution,
    )


def write(rounds: Iterable[FeedRound], lang: str) -> dict[str, Any]:
    """The feed in a language (`en`, `fr`); the rounds in the order given, the newest first."""
    return {"classes": "wb-tables", "rounds": [_written(one, lang) for one in rounds]}


def read(document: Mapping[str, Any]) -> list[FeedRound]:
    """The rows of a feed in either language. Raises `KeyError`, `ValueError` where a number or the day is missing."""
    return [_read(row) for row in document["rounds"]]


def instant_of(said: str | None) -> datetime | None:
    """The UTC instant that a text gives; None where day, year or time are missing."""
    found, time = _day_in(said or ""), _TIME.search(said or "")
    if found is None or time is None:
        return None
    hour, minute, second = map(int, time.groups())
    return datetime(found.year, found.month, found.day, hour, minute, second, tzinfo=UTC)


def _written(one: FeedRound, lang: str) -> dict[str, str]:
    link = f"<a href='invitations.html?q={one.number}'>"
    counts = one.pool or dict.fromkeys(BANDS, 0)
    return {
        "drawNumber": one.number,
        "drawNumberURL": f"{link}{one.number}</a>",
        "drawDate": one.day.isoformat(),
        "drawDateFull": _day(one.day, lang),
        "drawName": one.name,
        "drawSize": _number(one.invitations, lang),
        "drawCRS": "" if one.cut_off is None else str(one.cut_off),
        "mitext": f"{link}{text('round.feed.invitations', lang, number=one.number)}</a>",
        "DrawText1": f"{link}{text('round.feed.instruction', lang)}</a>",
        "drawText2": one.programs,
        "drawDateTime": _instant(one.instant, lang),
        "drawCutOff": _instant(one.tie_break, lang),
        "drawDistributionAsOn": _day(one.pool_on, lang) if one.pool_on else "",
        **{band: _number(counts[band], lang) for band in BANDS},
    }


def _read(row: Mapping[str, str]) -> FeedRound:
    pool = {band: _count(row[band]) for band in BANDS}
    return FeedRound(
        number=row["drawNumber"],
        day=date.fromisoformat(row["drawDate"]),
        name=row["drawName"],
        programs=row["drawText2"],
        invitations=_count(row["drawSize"]),
        cut_off=_count(row["drawCRS"]) if row["drawCRS"] else None,
        instant=instant_of(row["drawDateTime"]),
        tie_break=instant_of(row["drawCutOff"]),
        pool_on=_day_in(row["drawDistributionAsOn"]),
        pool=pool if any(pool.values()) else None,
    )


def _day_in(said: str) -> date | None:
    for form in (_ENGLISH, _FRENCH):
        found = form.search(said)
        if found and found["month"].lower() in _MONTH:
            return date(int(found["year"]), _MONTH[found["month"].lower()], int(found["day"]))
    return None


def _day(day: date, lang: str, *, width: int = 1) -> str:
    month = MONTHS[lang][day.month - 1]
    if lang == "fr":
        return f"{'1er' if day.day == 1 else day.day} {month} {day.year}"
    return f"{month} {day.day:0{width}}, {day.year}"


def _instant(at: datetime | None, lang: str) -> str:
    if at is None:
        return ""
    return f"{_day(at.date(), lang, width=2)} {'à' if lang == 'fr' else 'at'} {at:%H:%M:%S} UTC"


def _number(count: int, lang: str) -> str:
    return f"{count:,}".replace(",", " " if lang == "fr" else ",")


def _count(said: str) -> int:
    return int(re.sub(r"[,\s]", "", said))
