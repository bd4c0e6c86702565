"""The replay of a year as a picture and a table, for the report."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape

from shared.demo.year import CHURN, Replayed

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BASE = 900, 380, 50, 150, 20, 330
_COLOURS = ("#2b6cb0", "#b83227", "#1e7b45", "#8a5a00", "#6b46c1", "#0987a0", "#97266d", "#4a5568", "#c05621")


def section(replayed: Sequence[Replayed]) -> str:
    """Picture, table and what they mean, as HTML."""
    kinds = list(dict.fromkeys(one.real.kind for one in replayed))
    note = (
        '<p class="note">Rings: published. Dots: simulated, each round predicted with the share of its grouping that '
        "the round before it of the same kind has shown, on a pool that is brought to the published bands at each "
        f"count, with {CHURN:.0%} of each band exchanged in between (chosen on the rounds of 2025). A ring without a "
        "dot is the first of its kind. Nominees come and go between two counts: each round invites all of them, so its "
        "cut-off is the lowest of so many scores, above the floor that the round for nominees before it has shown.</p>"
    )
    return f"{_picture(replayed, kinds)}{_table(replayed, kinds)}{note}"


def differences(replayed: Sequence[Replayed]) -> dict[str, list[int]]:
    """Simulated less real cut-off of each predicted round, by kind."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in replayed:
        if one.cut_off is not None:
            found[one.real.kind].append(one.cut_off - one.real.cut_off)
    return dict(found)


def _picture(replayed: Sequence[Replayed], kinds: Sequence[str]) -> str:
    scores = [score for one in replayed for score in (one.real.cut_off, one.cut_off) if score is not None]
    low, high = min(scores) // 50 * 50, max(scores) // 50 * 50 + 50
    first = min(one.real.day for one in replayed).replace(day=1)
    days = (max(one.real.day for one in replayed) - first).days or 1

    def x(day: date) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (day - first).days / days

    def y(score: int) -> float:
        return _BASE - (_BASE - _TOP) * (score - low) / (high - low)

    parts = [
        f'<line x1="{_LEFT}" y1="{y(score):.1f}" x2="{_WIDTH - _RIGHT}" y2="{y(score):.1f}" stroke="#d8dee6"/>'
        f'<text x="{_LEFT - 8}" y="{y(score) + 4:.1f}" text-anchor="end">{score}</text>'
        for score in range(low, high + 1, 50)
    ]
    parts += [
        f'<text x="{x(day):.1f}" y="{_BASE + 20}">{day:%Y-%m}</text>'
        for day in sorted({one.real.day.replace(day=1) for one in replayed})
    ]
    for one in replayed:
        colour, at = _COLOURS[kinds.index(one.real.kind) % len(_COLOURS)], x(one.real.day)
        ring = f'cx="{at:.1f}" cy="{y(one.real.cut_off):.1f}" r="5"'
        parts.append(f'<circle {ring} fill="none" stroke="{colour}" stroke-width="1.6"/>')
        if one.cut_off is not None:
            parts.append(
                f'<line x1="{at:.1f}" y1="{y(one.real.cut_off):.1f}" x2="{at:.1f}" y2="{y(one.cut_off):.1f}" '
                f'stroke="{colour}"/><circle cx="{at:.1f}" cy="{y(one.cut_off):.1f}" r="3" fill="{colour}"/>'
            )
    parts += [
        f'<text x="{_WIDTH - _RIGHT + 20}" y="{_TOP + 18 * place}" style="fill:{_COLOURS[place % len(_COLOURS)]}">'
        f"{escape(kind)}</text>"
        for place, kind in enumerate(kinds)
    ]
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'


def _table(replayed: Sequence[Replayed], kinds: Sequence[str]) -> str:
    head = "<tr><th>Grouping</th><th>Rounds</th><th>Predicted</th><th>Mean distance, points</th><th>Furthest</th></tr>"
    return f"<table>{head}{''.join(_rows(replayed, kinds))}</table>"


def _rows(replayed: Sequence[Replayed], kinds: Sequence[str]) -> Iterator[str]:
    found = differences(replayed)
    for kind in kinds:
        apart = [abs(one) for one in found.get(kind, ())]
        shown = (f"{sum(apart) / len(apart):.1f}", str(max(apart))) if apart else ("-", "-")
        rounds = sum(one.real.kind == kind for one in replayed)
        cells = "".join(f"<td>{cell}</td>" for cell in (escape(kind), rounds, len(apart), *shown))
        yield f"<tr>{cells}</tr>"
