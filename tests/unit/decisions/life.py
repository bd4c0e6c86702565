"""One profile as the service keeps it, without a database, and as the reference sees it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.decisions import telling
from services.decisions.case import Case
from services.decisions.fold import fold
from services.decisions.inputs import Deadline, Declared, Input
from services.decisions.store import Spoken
from tests.unit.decisions.given import DECLARED

END = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Life:
    """One profile as the service keeps it, without a database: what was read, acted on and said."""

    declared: dict[int, Declared] = field(default_factory=lambda: dict(DECLARED))
    known: dict[str, Input] = field(default_factory=dict)
    acted: set[Deadline] = field(default_factory=set)
    said: list[Spoken] = field(default_factory=list)
    published: list[tuple[str, Any]] = field(default_factory=list)

    def read(self, *inputs: Input) -> None:
        """A message step."""
        for one in inputs:
            self.known.setdefault(one.id, one)
        self._tell()

    def tick(self, until: datetime) -> None:
        """A clock step."""
        while due := [one for one in self.case.deadlines(self.acted) if one.at <= until]:
            self.acted.add(due[0])
        self._tell()

    @property
    def case(self) -> Case:
        return fold(self.known.values(), self.declared, self.acted)

    def _tell(self) -> None:
        case = self.case
        lost = telling.gone(case, self.said)
        news = telling.news(case, self.said)
        for one in (*telling.corrections(case, lost, END), *news):
            self.published.append((one.code, one.standing))
        self.said = [one for one in self.said if one not in lost]
        self.said += [Spoken(0, one.identity, one.topic, "id", one.code, one.invitation_id) for one in news]

    @property
    def holds(self) -> set[tuple[str, str]]:
        return {(one.code, one.identity) for one in self.said}
