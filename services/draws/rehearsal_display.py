"""A rehearsal and the curves in words, for an operator's terminal, in either language."""

from collections.abc import Iterator, Mapping

from services.draws.curve import Curve
from services.draws.display import aligned, fields, indented, preview
from services.draws.rehearsal import UNKNOWN, LastRound, Place, Rehearsal, Share
from shared.contracts.base import iso
from shared.rules.catalogue import TEXTS, text

SIZES = (1, 10, 50, 100, 250, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 7_500, 10_000, 20_000, 50_000, 100_000)
"""The sizes of rounds that are shown side by side."""


def full(found: Rehearsal, lang: str) -> Iterator[str]:
    """Everything that a rehearsal found."""
    yield from preview(found.preview, lang)
    ends = {"first": found.first, "last": found.last}
    yield from fields(lang, **{name: _place(one) if one else "-" for name, one in ends.items()})
    if found.near_misses:
        yield text("round.field.near_misses", lang)
        yield from indented(_place(one) for one in found.near_misses)
    for name in ("by_program", "by_category", "by_age", "by_language"):
        yield text(f"round.field.{name}", lang)
        yield from indented(_shares(getattr(found, name), lang))
    if found.last_round:
        yield from _last_round(found.last_round, lang)
    if found.provisional:
        yield text("round.preview.provisional", lang, count=found.provisional)


def sizes(curves: Mapping[str, Curve], lang: str) -> Iterator[str]:
    """The cut-off by the size of the round, a column a grouping; a round that would not be full has none."""
    if not curves:
        return iter([text("round.pool.empty", lang)])
    keys = list(curves)
    rows = [[text("round.field.round_of", lang), *keys]]
    for size in SIZES:
        cells = [str(one.cut_off(size)) if size <= one.eligible else "" for one in curves.values()]
        if any(cells):
            rows.append([f"{size:,}", *cells])
    rows.append([text("round.field.eligible", lang), *(f"{one.eligible:,}" for one in curves.values())])
    return aligned(rows)


def steps(curves: Mapping[str, Curve], lang: str) -> Iterator[str]:
    """Each score with the sizes of the rounds that would end there."""
    for key, curve in curves.items():
        yield key
        rows = [[text(f"round.field.{name}", lang) for name in ("cut_off", "from_size", "to_size")]]
        rows += [[str(one.cut_off), f"{one.first:,}", f"{one.last:,}"] for one in curve.stretches]
        yield from indented(aligned(rows))


def _place(one: Place) -> str:
    return f"{one.rank}  {one.total}  {iso(one.submitted_at)}  {one.profile_id}"


def _shares(shares: Mapping[str, Share], lang: str) -> Iterator[str]:
    rows = [["", text("round.field.invited", lang), text("round.field.pool", lang), "%"]]
    for name, one in shares.items():
        word = text(f"round.word.{UNKNOWN}", lang) if name == UNKNOWN else _name(name, lang)
        rows.append([word, f"{one.invited:,}", f"{one.pool:,}", f"{100 * one.invited / one.pool:.1f}"])
    return aligned(rows)


def _name(name: str, lang: str) -> str:
    code = f"name.{name}"
    return text(code, lang) if code in TEXTS else name


def _last_round(before: LastRound, lang: str) -> Iterator[str]:
    yield text("round.field.last_round", lang)
    change = "-" if before.cut_off_change is None else f"{before.cut_off_change:+}"
    cut_off = "-" if before.cut_off is None else str(before.cut_off)
    yield from indented(
        fields(
            lang,
            round=f"{before.round_id}  {iso(before.instant)}",
            invited=f"{before.invited:,}",
            cut_off=f"{cut_off}  ({change})",
            eligible=f"{before.eligible:,}  ({before.eligible_change:+,})",
        )
    )
