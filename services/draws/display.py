"""A round in words, for an operator's terminal, in either language."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.draws.preview import Preview
from services.draws.reasons import from_json
from services.draws.round_store import RoundRow
from shared.contracts.base import Reason, iso
from shared.contracts.rounds import Certificate, Instruction, TieBreak
from shared.rules.catalogue import labelled, text


def grouping_in_words(ordered: Instruction) -> str:
    """The kind of the round, with its program or category."""
    return " ".join(filter(None, (ordered.kind, ordered.program, ordered.category)))


def one_line(row: RoundRow) -> str:
    """A round in a list."""
    ordered = row.instruction
    cut_off = row.certificate.cut_off if row.certificate else None
    return (
        f"{row.round_id:>7}  {row.state:<9}  {iso(ordered.instant)}  {ordered.invitations:>7}  "
        f"{'' if cut_off is None else cut_off:>4}  {grouping_in_words(ordered)}"
    )


def instruction(row: RoundRow, lang: str) -> Iterator[str]:
    """What a round was ordered to be, and the hash that an approval approves."""
    ordered = row.instruction
    return fields(
        lang,
        round=row.round_id,
        state=text(f"round.word.{row.state}", lang),
        grouping=grouping_in_words(ordered),
        invitations=ordered.invitations,
        instant=iso(ordered.instant),
        period=f"{ordered.period_from} – {ordered.period_to}",
        legal_base=ordered.legal_base,
        content=row.content_hash,
    )


def preview(seen: Preview, lang: str) -> Iterator[str]:
    """What a round would come to now."""
    return fields(
        lang,
        eligible=seen.eligible,
        would_invite=seen.invited,
        cut_off="-" if seen.cut_off is None else seen.cut_off,
        tie_break=_tie_break(seen.tie_break),
    )


def full(row: RoundRow, steps: Sequence[Any], lang: str) -> Iterator[str]:
    """Everything about a round: its instruction, the steps of its life, what it waits for, its certificate."""
    yield from instruction(row, lang)
    for step in steps:
        yield f"{iso(step['at'])}  {text('round.step.' + step['step'], lang)}  {step['by']}"
        yield from indented(in_words(from_json(step["reasons"]), lang))
    if row.waits_for:
        yield text("round.field.waits_for", lang)
        yield from indented(in_words(row.waits_for, lang))
    if row.certificate:
        yield from _certificate(row.certificate, lang)


def in_words(reasons: Iterable[Reason], lang: str) -> Iterator[str]:
    """Reasons as lines: the field, the problem and the fix."""
    for one in reasons:
        said = one.text.fr if lang == "fr" else one.text.en
        yield labelled(one.field, said, lang) if one.field else said


def indented(lines: Iterable[str]) -> Iterator[str]:
    """The lines of what belongs to the line above."""
    return (f"    {line}" for line in lines)


def _certificate(made: Certificate, lang: str) -> Iterator[str]:
    yield from fields(
        lang,
        eligible=made.eligible,
        invited=made.invited,
        cut_off="-" if made.cut_off is None else made.cut_off,
        tie_break=_tie_break(made.tie_break),
        rule_sets=", ".join(made.rule_sets),
        held_entries=made.held_entries,
        change_number=made.change_number,
        grouping_hash=made.grouping_hash,
        distribution="  ".join(f"{band} {count}" for band, count in made.distribution.items()),
    )


def _tie_break(closed_by: TieBreak | None) -> str:
    return f"{iso(closed_by.submitted_at)}  {closed_by.profile_id}" if closed_by else "-"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table: the first column to the left, the others to the right, but for a last one of bars."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *rest = (
            cell.ljust(width) if not place or cell.startswith("█") else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join((first, *rest)).rstrip()


def fields(lang: str, **values: object) -> Iterator[str]:
    """Names of the catalogue (`round.field.<name>`) with their values."""
    names = {name: text(f"round.field.{name}", lang) for name in values}
    width = max(map(len, names.values()))
    return (f"{names[name]:<{width}}  {value}" for name, value in values.items())
