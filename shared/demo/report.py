"""The report: one HTML file that opens offline, drawn with inline SVG and nothing from elsewhere."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape

from shared.demo import year_picture
from shared.demo.population import bands, week
from shared.demo.run import Result
from shared.demo.story import choose, story
from shared.demo.year import real_rounds, replay

FITTED = "fitted: the population was made to have that many candidates at or above it"

STAGES = ("profile", "scored", "eligible")
_WIDTH, _HEIGHT, _LEFT, _BASE = 900, 320, 60, 270

_PAGE = """<!doctype html>
<html lang="{lang}"><meta charset="utf-8"><title>Express Entry Engine: a week replayed</title>
<style>
:root {{ --ink:#1b2430; --muted:#5c6b7a; --line:#d8dee6; --bar:#2b6cb0; --bar2:#9cc1e6; --cut:#b83227; }}
body {{ font:16px/1.5 system-ui,sans-serif; color:var(--ink); max-width:960px; margin:2.5rem auto; padding:0 1rem; }}
h1 {{ font-size:1.7rem; margin-bottom:.2rem; }} h2 {{ font-size:1.15rem; margin-top:2.2rem; }}
p.note {{ color:var(--muted); }} table {{ border-collapse:collapse; width:100%; }}
th,td {{ text-align:right; padding:.35rem .6rem; border-bottom:1px solid var(--line); }}
th:first-child,td:first-child {{ text-align:left; }} th {{ font-weight:600; }}
pre {{ background:#f5f7fa; padding:1rem; overflow-x:auto; font-size:.85rem; line-height:1.45; white-space:pre-wrap; }}
svg {{ width:100%; height:auto; }} svg text {{ font:12px system-ui,sans-serif; fill:var(--muted); }}
.ok {{ color:#1e7b45; font-weight:600; }} .bad {{ color:var(--cut); font-weight:600; }}
</style>
<h1>A week of August 2026, replayed</h1>
<p class="note">{summary}</p>
{body}
</html>
"""


def page(result: Result, lang: str) -> str:
    """The whole report. Candidate texts are in `lang`; the frame is in English."""
    chosen = choose(result.log)
    sections = [
        _section("The pool by score band, and the cut-offs of the rounds", _histogram(result) + _fitted()),
        _section(f"Simulated at scale {result.scale:g}, beside the real rounds", _rounds(result)),
        _section("The rounds of 2026, replayed in order", year_picture.section(replay(real_rounds()))),
        _section("The funnel", _funnel(result)),
        _section("From submission to each stage", _latencies(result)),
        _section("Reconciliation", _reconciliation(result)),
    ]
    if chosen:
        text = "\n".join(story(result.log, chosen, lang))
        sections.append(_section("One candidate's way", f'<pre lang="{lang}">{escape(text)}</pre>'))
    rate = result.candidates / result.fill_s
    summary = (
        f"{result.candidates:,} synthetic profiles (scale {result.scale:g} of the published pool), "
        f"{rate:,.0f} a second through intake, scoring and draws on this machine."
    )
    return _PAGE.format(lang=lang, summary=escape(summary), body="\n".join(sections))


def _section(title: str, inside: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{inside}"


def _histogram(result: Result) -> str:
    """Bars in the order of the score, simulated filled and published outlined; a line for each cut-off."""
    simulated = Counter(_band(score) for score in result.log.first_scores.values())
    drawn = list(reversed(bands()))
    top = max(1.0, *simulated.values(), *(n * result.scale for _, _, n in drawn))
    step = (_WIDTH - _LEFT - 20) / len(drawn)
    parts = [f'<line x1="{_LEFT}" y1="{_BASE}" x2="{_WIDTH}" y2="{_BASE}" stroke="#d8dee6"/>']
    for place, (low, high, published) in enumerate(drawn):
        x, height = _LEFT + place * step, (_BASE - 30) * simulated[low] / top
        outline = (_BASE - 30) * published * result.scale / top
        label = f"{low}-{high}" if high < 1200 else f"{low}+"
        parts += [
            f'<rect x="{x + 4:.1f}" y="{_BASE - height:.1f}" width="{step - 8:.1f}" height="{height:.1f}" '
            'fill="#2b6cb0"/>',
            f'<rect x="{x + 4:.1f}" y="{_BASE - outline:.1f}" width="{step - 8:.1f}" height="{outline:.1f}" '
            'fill="none" stroke="#1b2430" stroke-dasharray="3 3"/>',
            f'<text x="{x + step / 2:.1f}" y="{_BASE + 14}" text-anchor="middle" '
            f'transform="rotate(35 {x + step / 2:.1f} {_BASE + 14})">{label}</text>',
            f'<text x="{x + step / 2:.1f}" y="{_BASE - max(height, outline) - 6:.1f}" text-anchor="middle">'
            f"{simulated[low]:,}</text>",
        ]
    for place, one in enumerate(result.rounds):
        if one["cut_off"] is not None:
            x = _LEFT + _position(one["cut_off"]) * step
            y = 14 + 14 * place
            parts += [
                f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{_BASE}" stroke="#b83227" stroke-width="2"/>',
                f'<text x="{x - 5:.1f}" y="{y + 4}" text-anchor="end" style="fill:#b83227">'
                f"{one['key']} {one['cut_off']}</text>",
            ]
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'


def _band(score: int) -> int:
    return next(low for low, high, _ in bands() if low <= score <= high)


def _position(score: int) -> float:
    """Where a score stands among the bands: whole = the band, fraction = inside it."""
    for place, (low, high, _) in enumerate(reversed(bands())):
        if low <= score <= high:
            return place + (score - low) / (high - low + 1)
    return 0.0


def _fitted() -> str:
    return (
        '<p class="note">Filled: simulated, scored by the engine from facts. Dashed: published on 16 August 2026, at '
        "scale. The population is fitted to the bands, and to the number of candidates at or above each published "
        "cut-off; how scores lie inside a band is not published.</p>"
    )


def _rounds(result: Result) -> str:
    rows = [
        (
            f"#{one['round_id']} {one['key']}",
            f"{one['invited']:,}",
            f"{one['real_invited']:,}",
            f"{one['cut_off']} (fitted)",
            str(one["real_cut_off"]),
            f"{one['tie_break']:%Y-%m-%d %H:%M:%S}" if one["tie_break"] else "-",
            f"{one['real_tie_break']:%Y-%m-%d %H:%M:%S}",
        )
        for one in result.rounds
    ]
    head = ("Round", "Invited", "Real", "Cut-off", "Real", "Tie-break (UTC)", "Real")
    notes = "".join(f'<p class="note">{escape(note)}.</p>' for note in (FITTED, nominees()))
    return _table(head, rows) + notes


def nominees() -> str:
    """Why the round for nominees has another cut-off than the published one."""
    real = next(entry for entry in week()["rounds"] if entry["key"] == "PNP")
    return (
        f"#{real['round_id']} PNP: the round had {real['invitations']:,} invitations and the published pool "
        f"{week()['pool'][601]:,} candidates with 601 points or more, so every nominee is invited, and the cut-off is "
        f"the lowest score that happens to be drawn for one: {real['cut_off']} or more"
    )


def funnel(result: Result) -> list[tuple[str, int]]:
    """The stages of the run with their counts."""
    outcomes = result.log.outcomes()
    return [
        ("submissions published", result.candidates + result.bad),
        ("profiles ever in the pool", sum(1 for key in result.log.statuses if key in result.log.first_scores)),
        ("profiles scored", len(result.log.first_scores)),
        ("invitations", len(result.log.invited)),
        *((f"… {state.replace('_', ' ')}", count) for state, count in sorted(outcomes.items(), key=lambda x: -x[1])),
    ]


def _funnel(result: Result) -> str:
    steps = funnel(result)
    top = max(count for _, count in steps) or 1
    rows = []
    for name, count in steps:
        width = max(100 * (count / top) ** 0.5, 0.3)
        bar = f'<div style="background:#9cc1e6;height:1em;width:{width:.1f}%"></div>'
        rows.append(f'<tr><td>{escape(name)}</td><td>{count:,}</td><td style="width:60%">{bar}</td></tr>')
    note = '<p class="note">Bars by the square root of the count.</p>'
    return f"<table>{''.join(rows)}</table>{note}"


def percentiles(values: Sequence[int]) -> tuple[int, int, int]:
    """p50, p95 and p99 of sorted values; zeros where there are none."""
    if not values:
        return 0, 0, 0
    last = len(values) - 1
    return values[last * 50 // 100], values[last * 95 // 100], values[last * 99 // 100]


def _latencies(result: Result) -> str:
    rows = []
    for stage in STAGES:
        p50, p95, p99 = percentiles(result.log.latencies(stage))
        rows.append((f"submission to {stage}", f"{p50:,} ms", f"{p95:,} ms", f"{p99:,} ms"))
    note = (
        '<p class="note">All profiles were published at once, so these are times in a queue that is being emptied; '
        "the benchmark measures latency at half load.</p>"
    )
    return _table(("Stage", "p50", "p95", "p99"), rows) + note


def _reconciliation(result: Result) -> str:
    report = result.reconciliation
    counts = _table(("Counted", ""), [(name, f"{count:,}") for name, count in sorted(report.counts.items())])
    if report.clean:
        return f'<p class="ok">Nothing lost, nothing twice.</p>{counts}'
    items = "".join(f"<li>{escape(words)}</li>" for words in report.differences[:50])
    return f'<p class="bad">{len(report.differences)} differences.</p><ul>{items}</ul>{counts}'


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"
