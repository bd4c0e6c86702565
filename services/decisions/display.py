"""How a case and a command are shown to an operator, as lines of text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from services.decisions.moves import ALIVE
from services.decisions.words import label
from shared.rules.explain import instant
from shared.rules.periods import service_standard, utc_day

Row = Mapping[str, Any]

_FIRST = 20
"""How many invitations of a cancellation are listed: a terminal shows them with the question."""


def case(
    file: Row,
    invitations: Sequence[Row],
    inputs: Sequence[Row],
    acted: Sequence[Row],
    said: Sequence[Row],
    *,
    lang: str,
) -> Iterator[str]:
    """Everything about one profile: how it stands, what was received, acted on and said, and what is due next."""
    yield label("case", lang, profile_id=file["profile_id"])
    if file["erased"]:
        yield label("erased", lang)
    for one in invitations:
        yield label("invitation", lang, **_invitation(one, lang))
        if one["application_received_at"] is not None and one["application_state"] in ALIVE:
            until = service_standard(utc_day(one["application_received_at"]))
            yield label("service_standard", lang, until=until.isoformat())
    yield label("waiting", lang, count=file["waiting"])
    if file["next_due"] is not None:
        yield label("next_due", lang, at=instant(file["next_due"], lang))
    yield from _section("received", (_input(one) for one in inputs), lang)
    yield from _section(
        "acted", (f"{one['at']:%Y-%m-%d %H:%M:%S}  {one['kind']}  {one['subject']}" for one in acted), lang
    )
    yield from _section("said", (_said(one, lang) for one in said), lang)


def _section(name: str, lines: Iterable[str], lang: str) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield label(name, lang)
        yield from (f"  {line}" for line in found)


def _invitation(one: Row, lang: str) -> dict[str, str]:
    application = one["application_state"]
    return {
        "invitation_id": one["invitation_id"],
        "round_id": one["round_id"],
        "state": label(f"state.{one['state']}", lang),
        "deadline": instant(one["deadline"], lang),
        "application": label(f"state.{application}", lang) if application else "-",
    }


def _input(one: Row) -> str:
    refused = ", ".join(reason["code"] for reason in one["refused"] or ())
    return f"{one['at']:%Y-%m-%d %H:%M:%S}  {one['kind']}  {one['source']} {one['source_id']}  {refused}".rstrip()


def _said(one: Row, lang: str) -> str:
    body = orjson.loads(one["body"]) if one["body"] else {}
    reasons = " ".join(reason["text"][lang] for reason in body.get("reasons", ()))
    text = f"{body['text'][lang]} {reasons}".rstrip() if "text" in body else reasons
    withdrawn = f"  [{label('withdrawn', lang)}]" if one["withdrawn_by"] is not None else ""
    return f"{one['at']:%Y-%m-%d %H:%M:%S}  {one['topic']}  {one['code']}  {text}{withdrawn}".rstrip()


def command(row: Row) -> str:
    """One command and what became of it."""
    became = "waits"
    if row["at"] is not None:
        became = f"refused: {row['refused']}" if row["refused"] else f"{row['changed']} invitations changed"
    why = row["reason"] or ""
    return f"{row['command_id']}  {row['kind']}  {row['given_by']}  {row['given_at']:%Y-%m-%d %H:%M}  {became}  {why}"


def cancellation(ordered: Row, named: Sequence[Row]) -> Iterator[str]:
    """A cancellation that waits for its second operator: who ordered it and why, and what it would cancel now."""
    open_ones = [one for one in named if one["application_state"] is None]
    of_round = f" of round {ordered['round_id']}" if ordered["round_id"] is not None else ""
    yield f"{ordered['command_id']}  ordered by {ordered['given_by']}: {ordered['reason']}"
    yield f"cancels {len(open_ones)} open invitations{of_round}"
    for one in open_ones[:_FIRST]:
        yield f"  {one['invitation_id']}  {one['profile_id']}  until {one['deadline']:%Y-%m-%d %H:%M:%S}"
    if len(open_ones) > _FIRST:
        yield f"  and {len(open_ones) - _FIRST} more"
