"""Results of `ee score` as text for people."""

from typing import Any

from shared.rules import catalogue


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
    return [head, *(f"  {one['field'] or '-'}: {one['text']}" for one in found["errors"]), ""]


def _verdict(eligible: bool | None, lang: str) -> str:
    return "-" if eligible is None else _say("yes" if eligible else "no", lang)


def _result(found: dict[str, Any], lang: str) -> list[str]:
    crs = found["crs"]
    total = _say("total", lang, profile=_number(found), on=found["on"], total=crs["total"])
    lines = [total + (" " + _say("provisional", lang) if found["provisional"] else "")]
    lines += [f"  {part}: {crs[part]['total']}" for part in ("A", "B", "C", "D")]
    for group in ("programs", "categories"):
        lines.append(_say(group, lang))
        for name, one in found[group].items():
            lines.append(f"  {name}: {_verdict(one['eligible'], lang)}")
            lines += [f"    - {reason['text']}" for reason in one["reasons"]]
    for line in found.get("lines", ()):
        points = "" if line["points"] is None else f"{line['points']:+d} "
        section = f" [{line['section']}]" if line["section"] else ""
        lines.append(f"  {points}{line['text']}{section}")
    lines += [f"  {one['text']}" for one in found["warnings"]]
    if found["next_change_on"]:
        reason = catalogue.text(found["next_change_reason"], lang)
        lines.append(_say("next_change", lang, on=found["next_change_on"], reason=reason))
    return [*lines, ""]


def _calendar(found: dict[str, Any], lang: str) -> list[str]:
    lines = [_say("total", lang, profile=_number(found), on=found["on"], total=found["total"])]
    for one in found["calendar"]:
        lines.append(f"  {one['on']}  {one['total']}  {one['text']}")
        lines += _changed(one, lang, "      ")
    return [*lines, ""]


def _changed(found: dict[str, Any], lang: str, indent: str) -> list[str]:
    lines = [f"{indent}{name}: {old} -> {new}" for name, (old, new) in found["points"].items()]
    for group in ("programs", "categories"):
        for name, (old, new) in found[group].items():
            lines.append(f"{indent}{name}: {_verdict(old, lang)} -> {_verdict(new, lang)}")
    return lines


def difference(found: dict[str, Any], lang: str) -> str:
    """The comparison of two profiles."""
    one, other = found["totals"]
    lines = [_say("difference", lang, one=one, other=other, on=found["on"]), *_changed(found, lang, "  ")]
    for name in ("only_first", "only_second"):
        lines += [_say(name, lang), *(f"  {text}" for text in found[name])]
    return "\n".join(lines)
