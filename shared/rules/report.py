"""Results of `ee score` as text for people."""

from collections.abc import Iterator
from typing import Any

from shared.rules import catalogue, noc
from shared.rules.catalogue import labelled
from shared.rules.explain import number


def text(found: dict[str, Any], lang: str) -> str:
    """A result, a calendar or an error as paragraphs."""
    if "errors" in found:
        return "\n".join(_errors(found, lang))
    if "calendar" in found:
        return "\n".join(_calendar(found, lang))
    return "\n".join(_result(found, lang))


def _say(code: str, lang: str, **params: Any) -> str:
    return catalogue.text(f"report.{code}", lang, **params)


def _number(found: dict[str, Any]) -> str:
    return found["profile_id"] or "-"


def _errors(found: dict[str, Any], lang: str) -> list[str]:
    head = _say("errors", lang, line=found["line"], profile=_number(found))
    return [head, *("  " + labelled(one["field"] or "-", one["text"], lang) for one in found["errors"]), ""]


def _verdict(eligible: bool | None, lang: str) -> str:
    return "-" if eligible is None else _say("yes" if eligible else "no", lang)


def _result(found: dict[str, Any], lang: str) -> list[str]:
    crs = found["crs"]
    total = _say("total", lang, profile=_number(found), on=found["on"], total=crs["total"])
    lines = [total]
    if found["provisional"]:
        tables = ", ".join(catalogue.text(f"name.table.{one}", lang) for one in found["missing_tables"])
        lines.append("  " + _say("provisional", lang, tables=tables))
    lines += ["  " + labelled(part, crs[part]["total"], lang) for part in ("A", "B", "C", "D")]
    for group in ("programs", "categories"):
        lines.append(_say(group, lang))
        for name, one in found[group].items():
            lines.append("  " + labelled(f"{name} ({one['name']})", _verdict(one["eligible"], lang), lang))
            lines += [f"    - {reason['text']}" for reason in one["reasons"]]
    for line in found.get("lines", ()):
        points = "" if line["points"] is None else f"{line['points']:+d} "
        section = f" [{line['section']}]" if line["section"] else ""
        lines.append(f"  {points}{line['text']}{section}")
        lines += [f"      {one}" for one in _declared(line["declared"], lang)]
    lines += [f"  {one['text']}" for one in found["warnings"]]
    if found["next_change_on"]:
        reason = catalogue.text(found["next_change_reason"], lang)
        lines.append(_say("next_change", lang, on=found["next_change_on"], reason=reason))
    return [*lines, ""]


def _declared(found: dict[str, Any], lang: str) -> Iterator[str]:
    """What was declared behind a line, in words."""
    if "date_of_birth" in found:
        yield catalogue.text("declared.date_of_birth", lang, **found)
    if "test" in found:
        test, score = catalogue.text(f"name.{found['test']}", lang), found["score"]
        shown = score if isinstance(score, str) else number(score, lang)
        yield catalogue.text("declared.test", lang, test=test, score=shown)
    if "settlement_funds_cad" in found:
        amount = number(found["settlement_funds_cad"], lang)
        yield catalogue.text("declared.settlement_funds_cad", lang, amount=amount)
    for job in found.get("jobs", ()):
        code = "declared.job" if job["to"] else "declared.job.open"
        hours = number(job["hours_per_week"], lang)
        title = noc.title(job["noc"], lang)
        yield catalogue.text(code, lang, noc=f"{job['noc']} ({title})", since=job["from"], until=job["to"], hours=hours)


def _calendar(found: dict[str, Any], lang: str) -> list[str]:
    lines = [_say("total", lang, profile=_number(found), on=found["on"], total=found["total"])]
    for one in found["calendar"]:
        doubt = " " + _say("doubt", lang) if one["provisional"] else ""
        lines.append(f"  {one['on']}  {one['total']}  {one['text']}{doubt}")
        lines += _changed(one, lang, "      ")
    return [*lines, ""]


def _changed(found: dict[str, Any], lang: str, indent: str) -> list[str]:
    lines = [indent + labelled(name, f"{old} -> {new}", lang) for name, (old, new) in found["points"].items()]
    for group in ("programs", "categories"):
        for name, (old, new) in found[group].items():
            lines.append(indent + labelled(name, f"{_verdict(old, lang)} -> {_verdict(new, lang)}", lang))
    return lines


def difference(found: dict[str, Any], lang: str) -> str:
    """The comparison of two profiles."""
    one, other = found["totals"]
    lines = [_say("difference", lang, one=one, other=other, on=found["on"]), *_changed(found, lang, "  ")]
    for name in ("only_first", "only_second"):
        lines += [_say(name, lang), *(f"  {text}" for text in found[name])]
    return "\n".join(lines)
