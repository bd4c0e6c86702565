"""What a reconciliation found."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.worker.tally import Tally

LOOKS = 20
PAUSE_S = 0.25
"""A difference that is still there after so many looks at this distance is one (5 s)."""
PAGE = 1000


@dataclass(slots=True)
class Report:
    """Counts by name, and the differences in words. `clean` when there is none."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    behind: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """Service and topic to the keys whose last record is not the current row."""
    tallies: dict[tuple[str, int, str], Tally] = field(default_factory=dict)
    """By topic, partition, and where: `topic` or `table`."""

    def tally(self, topic: str, partition: int, where: str) -> Tally:
        return self.tallies.setdefault((topic, partition, where), Tally())

    def recount(self, topic: str) -> None:
        """Count this topic anew: it is looked at again."""
        self.tallies = {place: tally for place, tally in self.tallies.items() if place[0] != topic}

    @property
    def clean(self) -> bool:
        return not self.differences


def lines(report: Report, *, partitions: bool = False) -> Iterable[str]:
    """The report for people; with `partitions` also count and checksum of each."""
    if partitions:
        ordered = sorted(report.tallies.items())
        yield from (f"{tally}  {topic}/{partition} {where}" for (topic, partition, where), tally in ordered)
    yield from (f"{count:>10}  {name}" for name, count in sorted(report.counts.items()))
    yield from (f"DIFFERS   {words}" for words in report.differences)
    yield "nothing lost, nothing twice" if report.clean else f"{len(report.differences)} differences"
