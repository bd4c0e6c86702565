"""Why a candidate was invited in a round, or the first reason why not, from the rows that the round stood on."""

from datetime import datetime, timedelta
from typing import Any

from services.draws import store
from services.draws.grouping import grouping_of, groupings_in
from services.draws.names import category_name
from services.draws.round_store import RoundRow
from services.draws.store import QUERIES
from shared.contracts.base import Json, Reason, Text, iso
from shared.contracts.profile import Status
from shared.contracts.rounds import Instruction, Invited
from shared.rules.catalogue import text
from shared.rules.groupings import NAMED_IN_ORDER, NOMINEES
from shared.rules.periods import utc_day
from shared.worker.step import Connection


async def why(connection: Connection, row: RoundRow, profile_id: str) -> Reason:
    """What became of this profile in this round. `code`: invited, or the first reason why not."""
    if row.change_number is None:
        return _say("not_held", round_id=row.round_id, state=Word(f"round.word.{row.state}"))
    last = await connection.fetchrow(QUERIES.last_of_round, row.round_id)
    closed_by = Invited.read(last["body"].encode()) if last else None
    rank = await connection.fetchval(QUERIES.invitation_in_round, row.round_id, profile_id)
    kept = await connection.fetchrow(QUERIES.kept_row, row.change_number, profile_id)
    if last and closed_by and rank is not None and kept is not None:
        return _say("invited", rank=rank, invited=last["rank"], total=kept["total"], cut_off=closed_by.cut_off)
    if kept is None or kept["status"] is None:
        return _say("unknown_profile", instant=iso(row.instruction.instant))
    found = out_of_the_pool(kept, row.instruction.instant)
    if found is None:
        keys = groupings_in(kept["groupings"], await store.grouping_bits(connection))
        found = out_of_the_grouping(keys, row.instruction, kept["eligible_sequence"])
    return found or behind(profile_id, kept, closed_by)


def out_of_the_pool(kept: Any, instant: datetime) -> Reason | None:
    """Why nobody could invite this profile at that instant; None: it could be invited."""
    if kept["submitted_at"] > instant:
        return _say("submitted_later", submitted_at=iso(kept["submitted_at"]), instant=iso(instant))
    if kept["status"] != Status.IN_POOL:
        return _say("not_in_pool", status=Word(f"round.status.{kept['status']}"))
    if kept["expires_at"] <= instant:
        return _say("expired_before", expires_at=iso(kept["expires_at"]))
    if kept["has_invitation"]:
        return _say("had_invitation", section="A10.2")
    return None


def out_of_the_grouping(keys: frozenset[str], instruction: Instruction, sequence: int | None) -> Reason | None:
    """Which test kept a profile out of the grouping; None: it was in it. `sequence`: the evaluation that says more."""
    if grouping_of(instruction) in keys:
        return None
    if NOMINEES in keys:
        return _say("nominee", section="A10.1(1.1)")
    if not keys:
        return _say("no_program", section="A10.1(1)", sequence=sequence)
    if instruction.program == NOMINEES:
        return _say("no_nomination", section="R87(2)")
    if instruction.kind == "program":
        named = Word(f"name.{instruction.program}")
        met = ", ".join(name for name in NAMED_IN_ORDER if name in keys)
        return _say("program_not_met", section="A10.3(1)(h.1)", program=named, met=met, sequence=sequence)
    day = utc_day(instruction.instant)
    name = Text(**{lang: category_name(str(instruction.category), day, lang) for lang in ("en", "fr")})
    return _say("category_not_met", section="A10.3(1)(h.2)", category=name, sequence=sequence)


def behind(profile_id: str, kept: Any, closed_by: Invited | None) -> Reason:
    """By how much somebody in the grouping was not among the first."""
    if closed_by is None:
        return _say("nobody", section="A10.3(1)(i)")
    total, cut_off = kept["total"], closed_by.cut_off
    if total < cut_off:
        return _say("score_below", section="A10.2", total=total, cut_off=cut_off, missing=cut_off - total)
    later = kept["submitted_at"] - closed_by.tie_break
    shown = {"total": total, "submitted_at": iso(kept["submitted_at"]), "tie_break": iso(closed_by.tie_break)}
    if later > timedelta(0):
        by = Text(en=duration(later, "en"), fr=duration(later, "fr"))
        return _say("tie_break_after", section="A10.2", later=by, **shown)
    return _say("same_instant", section="A10.2", profile_id=profile_id, last=closed_by.profile_id, **shown)


def duration(span: timedelta, lang: str) -> str:
    """A positive time span in days, hours, minutes and seconds, without what is zero."""
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    shown = str(seconds) if not span.microseconds else f"{seconds}.{span.microseconds:06}".rstrip("0")
    day, point = ("j", ",") if lang == "fr" else ("d", ".")
    parts = [(span.days, day), (hours, "h"), (minutes, "min"), (shown.replace(".", point), "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if str(count) != "0")


class Word(str):
    """A code of the catalogue whose text stands in the place of a parameter."""

    __slots__ = ()


def _say(code: str, *, section: str | None = None, **params: Any) -> Reason:
    """The reason in both languages; a parameter may differ between them."""
    both = {lang: {name: _in(value, lang) for name, value in params.items()} for lang in ("en", "fr")}
    said = Text(**{lang: text(f"round.why.{code}", lang, **words) for lang, words in both.items()})
    plain: dict[str, Json] = {name: value for name, value in both["en"].items() if value is not None}
    return Reason(code=code, section=section, params=plain, text=said)


def _in(value: Any, lang: str) -> Any:
    if isinstance(value, Word):
        return text(value, lang)
    return getattr(value, lang) if isinstance(value, Text) else value
