"""What the topics say of the run: the counts of the funnel, the latencies, and one candidate's whole story."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.contracts.decided import Decided
from shared.contracts.rounds import Certificate, Invited, Round
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.rules import catalogue
from shared.rules.explain import line_text
from shared.rules.lines import Line

TOPICS = ("profile", "scored", "eligible", "rejected", "notice", "invited", "round", "decided")


@dataclass(slots=True)
class Log:
    """Everything that the services have published, read from the topics alone."""

    invited: list[Invited] = field(default_factory=list)
    decided: dict[str, list[Decided]] = field(default_factory=lambda: defaultdict(list))
    certificates: dict[str, Certificate] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, str] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    first_scores: dict[str, int] = field(default_factory=dict)
    notices: Counter[str] = field(default_factory=Counter)
    arrivals: dict[str, dict[bytes, int]] = field(default_factory=lambda: defaultdict(dict))
    bodies: dict[str, list[tuple[int, str, bytes]]] = field(default_factory=lambda: defaultdict(list))
    passed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Who was ever in a state of a profile, an invitation or an application."""

    async def read(self, kafka: KafkaSettings) -> None:
        """Read again from the beginning."""
        self.__init__()  # type: ignore[misc]
        seen: set[tuple[str, bytes]] = set()
        async for record in read_to_end(kafka, ["submission", *TOPICS]):
            key = record.key or b""
            self.arrivals[record.topic].setdefault(key, record.timestamp)
            ce_id = next((value for name, value in record.headers if name == "ce_id" and value), b"")
            if record.topic == "submission" or record.value is None or (record.topic, ce_id) in seen:
                continue
            seen.add((record.topic, ce_id))
            self._take(record.topic, key.decode(), record.value)
            self.bodies[key.decode()].append((record.timestamp, record.topic, record.value))

    def _take(self, topic: str, key: str, value: bytes) -> None:
        match topic:
            case "profile":
                self.statuses[key] = orjson.loads(value)["status"]
                self.passed[f"profile {self.statuses[key]}"].add(key)
            case "scored":
                self.scores[key] = orjson.loads(value)["total"]
                self.first_scores.setdefault(key, self.scores[key])
            case "rejected":
                self.rejected[orjson.loads(value)["reasons"][0]["code"]] += 1
            case "notice":
                self.notices[orjson.loads(value)["code"]] += 1
            case "invited":
                self.invited.append(Invited.read(value))
                self.passed["invitation open"].add(key)
            case "decided":
                self._decided(key, Decided.read(value))
            case "round":
                self._round(Round.read(value))

    def _decided(self, key: str, one: Decided) -> None:
        self.decided[key].append(one)
        self.passed[f"invitation {one.invitation.state}"].add(key)
        if one.application is not None:
            self.passed[f"application {one.application.state}"].add(key)

    def _round(self, one: Round) -> None:
        if one.certificate:
            self.certificates[one.round_id] = one.certificate
        elif one.reasons:
            self.refusals[one.round_id] = [reason.text.en for reason in one.reasons]

    def outcomes(self) -> Counter[str]:
        """The last word on each invitation: the state of its application, or of the invitation itself."""
        found: dict[str, str] = {}
        for decisions in self.decided.values():
            for one in decisions:
                state = one.application.state if one.application else one.invitation.state
                found[one.invitation.invitation_id] = state.value
        return Counter(found.values())

    def latencies(self, stage: str) -> list[int]:
        """Milliseconds from the broker's receipt of a submission to the first record of a stage, sorted."""
        begun = self.arrivals["submission"]
        return sorted(at - begun[key] for key, at in self.arrivals[stage].items() if key in begun)


def choose(log: Log) -> str | None:
    """Whose story is told: somebody with as many steps as anybody."""
    decided = {key: len(steps) for key, steps in log.decided.items()}
    return max(decided, key=lambda key: (decided[key], key)) if decided else None


def story(log: Log, profile_id: str, lang: str) -> Iterator[str]:
    """One candidate's way, from published messages alone, in `en` or `fr`."""
    yield catalogue.text("demo.story", lang, profile_id=profile_id)
    told: set[str] = set()
    steps = [(topic, orjson.loads(value)) for _, topic, value in log.bodies[profile_id]]
    for topic, body in sorted(steps, key=lambda step: (_when(step[1]), _ORDER.index(step[0]))):
        if topic not in _ONCE or topic not in told:
            told.add(topic)
            yield from _step(topic, body, lang)


_ORDER = ("profile", "scored", "eligible", "notice", "rejected", "round", "invited", "decided")
_ONCE = ("scored", "eligible")
"""Told once: what a birthday or a new status changes is in the notices."""


def _when(body: dict[str, Any]) -> str:
    """The instant of a message, as text: an evaluation counts from the beginning of its day."""
    names = ("closed_at", "at", "invited_at", "noticed_at", "rejected_at")
    found: str | None = next((body[name] for name in names if body.get(name)), None)
    return found or f"{body['on']}T00:00:00"


def _step(topic: str, body: dict[str, Any], lang: str) -> Iterator[str]:
    match topic:
        case "profile":
            programs = ", ".join(name for name, one in body["programs"].items() if one["met"])
            status = catalogue.text(f"demo.status.{body['status']}", lang)
            yield catalogue.text("demo.profile", lang, on=_when(body)[:10], status=status, programs=programs or "-")
        case "scored":
            yield catalogue.text("demo.scored", lang, on=body["on"], total=body["total"])
            yield from (f"     {_points(line)} {line_text(_line(line), lang)}" for line in body["lines"])
        case "eligible":
            keys = ", ".join(sorted(key for key, one in body["categories"].items() if one["eligible"]))
            yield catalogue.text("demo.eligible", lang, categories=keys or "-")
        case "invited":
            names = ("round_id", "program", "rank", "total", "cut_off")
            at, deadline = (body[name][:16].replace("T", " ") for name in ("invited_at", "deadline"))
            yield catalogue.text("demo.invited", lang, at=at, deadline=deadline, **{name: body[name] for name in names})
        case "decided":
            yield f"  {body['at'][:16].replace('T', ' ')}  {body['text'][lang]}"
        case "notice":
            yield f"  {body['noticed_at'][:16].replace('T', ' ')}  {body['text'][lang]}"
        case "rejected":
            yield from (f"  {body['rejected_at'][:10]}  {reason['text'][lang]}" for reason in body["reasons"])


def _points(line: dict[str, Any]) -> str:
    return f"{line['points']:>4}" if line["points"] is not None else "    "


def _line(line: dict[str, Any]) -> Line:
    return Line(line["code"], line["section"], line["rule_set"], line["row"], line["points"], line["quantities"])
