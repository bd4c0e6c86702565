"""A round in words, for an operator's terminal, in either language."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.draws.reasons import from_json
from services.draws.round_store import RoundRow
from shared.contracts.base import Reason, iso
from shared.contracts.rounds import Certificate, Instruction
from shared.rules.catalogue import text


def grouping_in_words(instruction: Instruction) -> str:
    """The kind of the round, with its program or category."""
    return " ".join(filter(None, (instruction.kind, instruction.program, instruction.category)))


def one_line(row: RoundRow) -> str:
    """A round in a list."""
    instruction = row.instruction
    cut_off = row.certificate.cut_off if row.certificate else None
    return (
        f"{row.round_id:>7}  {row.state:<9}  {iso(instruction.instant)}  {instruction.invitations:>7}  "
        f"{'' if cut_off is None else cut_off:>4}  {grouping_in_words(instruction)}"
    )


def full(row: RoundRow, steps: Sequence[Any], lang: str) -> Iterator[str]:
    """Everything about a round: its instruction, the steps of its life, what it waits for, its certificate."""
    instruction = row.instruction
    yield from _fields(
        lang,
        round=row.round_id,
        state=text(f"round.word.{row.state}", lang),
        grouping=grouping_in_words(instruction),
        invitations=instruction.invitations,
        instant=iso(instruction.instant),
        period=f"{instruction.period_from} – {instruction.period_to}",
        legal_base=instruction.legal_base,
        content=row.content_hash,
    )
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
        place = f"{one.field}: " if one.field else ""
        yield place + (one.text.fr if lang == "fr" else one.text.en)


def indented(lines: Iterable[str]) -> Iterator[str]:
    """The lines of what belongs to the line above."""
    return (f"    {line}" for line in lines)


def _certificate(made: Certificate, lang: str) -> Iterator[str]:
    yield from _fields(
        lang,
        eligible=made.eligible,
        invited=made.invited,
        cut_off="-" if made.cut_off is None else made.cut_off,
        tie_break=f"{iso(made.tie_break.submitted_at)}  {made.tie_break.profile_id}" if made.tie_break else "-",
        rule_sets=", ".join(made.rule_sets),
        held_entries=made.held_entries,
        change_number=made.change_number,
        grouping_hash=made.grouping_hash,
        distribution="  ".join(f"{band} {count}" for band, count in made.distribution.items()),
    )


def _fields(lang: str, **values: object) -> Iterator[str]:
    names = {name: text(f"round.field.{name}", lang) for name in values}
    width = max(map(len, names.values()))
    return (f"{names[name]:<{width}}  {value}" for name, value in values.items())
