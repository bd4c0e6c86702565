"""The curves as a picture: the cut-off by the size of the round, one line a grouping. SVG that opens anywhere."""

from collections.abc import Iterator, Mapping
from html import escape
from math import log10

from services.draws.curve import Curve
from shared.rules.catalogue import text

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BASE = 960, 540, 60, 220, 30, 490
_COLOURS = (
    *("#1b2430", "#2b6cb0", "#b83227", "#1e7b45", "#8a5a00", "#6b46c1", "#0987a0"),
    *("#c05621", "#97266d", "#4a5568", "#38a169", "#d69e2e", "#3182ce", "#e53e3e", "#805ad5"),
)


def picture(curves: Mapping[str, Curve], lang: str) -> str:
    """An SVG document. Sizes on a logarithmic scale, since groupings differ a thousandfold."""
    most = max((curve.eligible for curve in curves.values()), default=1)
    scores = [one.cut_off for curve in curves.values() for one in curve.stretches] or [0]
    low, high = min(scores) // 50 * 50, max(scores) // 50 * 50 + 50
    frame = _Frame(max(most, 10), low, high)
    inside = [*frame.grid(lang)]
    for place, (key, curve) in enumerate(curves.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        y = _TOP + 18 * place
        inside += [
            f'<path d="{frame.path(curve)}" fill="none" stroke="{colour}" stroke-width="1.8"/>',
            f'<text x="{_WIDTH - _RIGHT + 16}" y="{y + 4}" fill="{colour}">{escape(key)} ({curve.eligible:,})</text>',
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="system-ui,sans-serif" '
        f'font-size="12" role="img" aria-label="{escape(text("round.picture.title", lang))}">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>{"".join(inside)}</svg>\n'
    )


class _Frame:
    """Where sizes and scores lie on the paper."""

    def __init__(self, most: int, low: int, high: int) -> None:
        self._most, self._low, self._high = most, low, high

    def x(self, size: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * log10(size) / log10(self._most)

    def y(self, score: int) -> float:
        return _BASE - (_BASE - _TOP) * (score - self._low) / (self._high - self._low)

    def path(self, curve: Curve) -> str:
        """A staircase: level over the rounds that end at a score, then down."""
        corners = [
            f"{'L' if place or right else 'M'}{self.x(size):.1f} {self.y(one.cut_off):.1f}"
            for place, one in enumerate(curve.stretches)
            for right, size in enumerate((one.first, one.last))
        ]
        return " ".join(corners)

    def grid(self, lang: str) -> Iterator[str]:
        """Lines at round numbers, and what the axes show."""
        for score in range(self._low, self._high + 1, 50 if self._high - self._low <= 600 else 100):
            y = self.y(score)
            yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#d8dee6"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#5c6b7a">{score}</text>'
        size = 1
        while size <= self._most:
            x = self.x(size)
            yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_BASE}" stroke="#eef1f5"/>'
            yield f'<text x="{x:.1f}" y="{_BASE + 18}" text-anchor="middle" fill="#5c6b7a">{size:,}</text>'
            size *= 10
        for x, y, code in ((_LEFT, _TOP - 12, "cut_off"), (_LEFT, _BASE + 38, "round_of")):
            yield f'<text x="{x}" y="{y}" fill="#1b2430">{escape(text(f"round.field.{code}", lang))}</text>'
