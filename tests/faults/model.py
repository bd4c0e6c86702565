"""What must come out of a load, said by a model of some lines that knows neither Kafka nor PostgreSQL.

It reads the submissions in the order in which the broker has them, one after the other, as if nothing ever failed.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.contracts.profile import ProfileState, Status
from shared.contracts.scored import Eligible, Scored
from shared.contracts.submission import WITHDRAWN, Submission
from shared.kafka.reader import Raw
from shared.rules import Facts, evaluate
from shared.rules.periods import utc_day


@dataclass(slots=True)
class Expected:
    """How one profile must end. `refused`: the version and event of each submission that is refused."""

    version: int = 0
    withdrawn: bool = False
    in_force: Mapping[str, Any] = field(default_factory=dict)
    seen: dict[int, str] = field(default_factory=dict)
    refused: set[tuple[int, str]] = field(default_factory=set)
    unreadable: int = 0

    def take(self, type_: str, event: str, value: str) -> None:
        """One submission after those before it."""
        try:
            found = json.loads(value)
        except ValueError:
            self.unreadable += 1
            return
        version = found["version"]
        known = self.seen.get(version)
        if known == value:
            return
        if known is not None:
            self.refused.add((version, event))
            return
        self.seen[version] = value
        if type_ == WITHDRAWN:
            self.version, self.withdrawn = max(self.version, version), True
        elif found["primary_noc"] == "99999" or self.withdrawn:
            self.refused.add((version, event))
        elif version > self.version:
            self.version, self.in_force = version, found

    def total(self, on: date) -> int:
        """The score of the version in force on a day."""
        submission = Submission.model_validate(self.in_force)
        facts = Facts.of(**{name: self.in_force[name] for name in Facts.model_fields if name in self.in_force})
        return evaluate(facts, on, submitted_on=utc_day(submission.submitted_at), lines=False).crs.total


def expected(submissions: Iterable[Raw]) -> dict[str, Expected]:
    """The end of every profile of a load."""
    found: dict[str, Expected] = defaultdict(Expected)
    for record in submissions:
        named = {name: (value or b"").decode() for name, value in record.headers}
        key, value = (record.key or b"").decode(), (record.value or b"").decode()
        found[key].take(named["ce_type"], named["ce_id"], value)
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the topics say of a load."""

    profile: Iterable[Raw]
    scored: Iterable[Raw]
    eligible: Iterable[Raw]
    rejected: Iterable[Raw]
    dead: Iterable[Raw]

    def check(self, wanted: Mapping[str, Expected], today: datetime) -> None:
        """Every profile of the load ends as the model says, for the reader who drops what it has seen."""
        profiles = ended(self.profile, wanted)
        scores, verdicts = ended(self.scored, wanted), ended(self.eligible, wanted)
        refused, dead = _refused(self.rejected), _counted(self.dead)
        assert set(profiles) == set(scores) == set(verdicts) == set(wanted)
        for key, end in wanted.items():
            profile = ProfileState.read(profiles[key])
            scored, eligible = Scored.read(scores[key]), Eligible.read(verdicts[key])
            status = Status.WITHDRAWN if end.withdrawn else Status.IN_POOL
            assert (profile.status, scored.status, eligible.status) == (status, status, status), key
            assert profile.version == end.in_force["version"], key
            assert scored.profile_sequence == eligible.profile_sequence == profile.sequence, key
            assert (scored.sequence, scored.on) == (eligible.sequence, eligible.on), key
            assert scored.total == end.total(scored.on), key
            assert scored.on <= utc_day(today), key
            assert refused.get(key, set()) == end.refused, key
            # A dead letter is written before its offset is committed: a kill in between writes it again.
            assert (dead.get(key, 0) > 0) == (end.unreadable > 0), key


def ended(records: Iterable[Raw], keys: Iterable[str]) -> dict[str, bytes]:
    """Where a reader ends who drops `sequence <= seen`; a copy is a copy, and the last record is the newest one."""
    seen: dict[str, dict[int, bytes]] = defaultdict(dict)
    last: dict[str, int] = {}
    wanted = set(keys)
    for record in records:
        key, value = (record.key or b"").decode(), record.value or b""
        if key not in wanted:
            continue
        last[key] = sequence = json.loads(value)["sequence"]
        assert seen[key].setdefault(sequence, value) == value, f"{key}: {sequence} was published with two contents"
    assert last == {key: max(sequences) for key, sequences in seen.items()}
    return {key: sequences[last[key]] for key, sequences in seen.items()}


def _refused(records: Iterable[Raw]) -> dict[str, set[tuple[int, str]]]:
    found: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for record in records:
        body = json.loads(record.value or b"")
        found[body["profile_id"]].add((body["version"], body["source_id"]))
    return found


def _counted(records: Iterable[Raw]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for record in records:
        found[(record.key or b"").decode()] += 1
    return found
