"""A rehearsal in lines for operators."""

from collections.abc import Iterable, Iterator

from services.scoring.rehearsal import CutOff, Rehearsal
from shared.rules.bands import PARTS


def report(rehearsal: Rehearsal, rounds: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Who moves, by band and by grouping, and the cut-offs of rounds of these (grouping, size)."""
    yield f"{rehearsal.profiles} profiles of the pool; those who hold an invitation are among them"
    yield f"{'band':>10} {'now':>8} {'draft':>8} {'up':>8} {'down':>8}"
    for band in PARTS:
        now, draft = rehearsal.before.bands[band], rehearsal.after.bands[band]
        yield f"{band:>10} {now:>8} {draft:>8} {rehearsal.up[band]:>8} {rehearsal.down[band]:>8}"
    names = sorted({*rehearsal.before.groupings, *rehearsal.after.groupings})
    yield f"{'grouping':>20} {'now':>8} {'draft':>8} {'joined':>8} {'left':>8}"
    for name in names:
        now, draft = (len(side.groupings.get(name, ())) for side in (rehearsal.before, rehearsal.after))
        yield f"{name:>20} {now:>8} {draft:>8} {rehearsal.joined[name]:>8} {rehearsal.left[name]:>8}"
    for grouping, size in rounds:
        now_ends, draft_ends = (side.cut_off(grouping, size) for side in (rehearsal.before, rehearsal.after))
        yield f"round of {size}, {grouping}: now {_words(now_ends)}; draft {_words(draft_ends)}"


def _words(end: CutOff) -> str:
    if end.score is None or end.tie_break is None:
        return "nobody"
    return f"{end.invited} invited, cut-off {end.score}, tie-break {end.tie_break.isoformat()}"
