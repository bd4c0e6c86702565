"""The state machine of a case against the reference: any set, order and repetition, the clock at any instant, restarts.

After each step of the clock everything that the reference says holds, to the microsecond, and nothing else.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.decisions.case import Case, Saying
from services.decisions.inputs import Declared, Input
from shared.contracts.base import iso
from shared.rules.periods import deadline
from tests.unit.decisions.given import (
    PLAIN,
    answer,
    application,
    cancellation,
    clearances,
    declined,
    extension,
    facts,
    finding,
    invitation,
    officer,
    profile_withdrawn,
    stored,
    withdrawn,
)
from tests.unit.decisions.life import END, Life
from tests.unit.decisions.reference import World
from tests.unit.decisions.reference_terms import APPLICATION_MOVES, INVITATION_MOVES, Message

DAY, SECOND, MOMENT = timedelta(1), timedelta(seconds=1), timedelta(microseconds=1)
STARTS = [
    datetime(2023, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),  # the last day is 29 February
    datetime(2024, 1, 29, 14, tzinfo=UTC),  # Good Friday, then a Saturday, which is no holiday
    datetime(2024, 10, 26, tzinfo=UTC),  # Christmas Day
    datetime(2024, 12, 2, 14, tzinfo=UTC),  # the end of a month
    datetime(2026, 2, 4, 14, tzinfo=UTC),  # Easter Sunday, then Easter Monday
    datetime(2026, 5, 2, 14, tzinfo=UTC),  # Canada Day
    datetime(2026, 8, 19, 14, tzinfo=UTC),  # a Sunday
]
LETTERS = ("letter-1", "letter-2")
SECTION = "A40(1)(a)"


@cache
def candidate(start: datetime) -> dict[str, Any]:
    """Facts that meet everything for a year from an invitation."""
    test = {"test": "ielts_general_training", "listening": 8.0, "reading": 7.0, "writing": 7.0, "speaking": 7.0}
    taken = {"taken_on": f"{start.year - 1}-12-10", "results_on": f"{start.year - 1}-12-20"}
    return {**PLAIN, "first_official_language": "english", "language_tests": [test | taken]}


@cache
def issued(start: datetime, number: str, at: datetime) -> Input:
    declared = facts(**candidate(start))
    return stored(invitation(number, at=at, deadline=deadline(at), declared=declared), f"invited-{number}")


def instants(start: datetime) -> list[datetime]:
    end = deadline(start)
    early = [start - DAY, start, *(start + days * DAY for days in (1, 2, 3, 5, 31, 33, 36))]
    reminded = [end - 30 * DAY - SECOND, end - 30 * DAY, end - 7 * DAY, end - DAY]
    return [*early, *reminded, end - MOMENT, end, end + SECOND, *(end + days * DAY for days in (2, 40, 80))]


def bodies(start: datetime, at: datetime) -> list[dict[str, Any]]:
    """One of everything that may be received at an instant."""
    end, own = deadline(start), {"facts": candidate(start)}
    refuse = ({"ground": "accuracy", "sections": ["A16(1)"]}, {"ground": "admissibility", "sections": [SECTION]})
    return [
        *(application(at, "A1", form_complete=complete, **own) for complete in (True, False)),
        application(at, "A2", **own),
        application(at, "A2", invitation_id="I2", **own),
        application(at, "A3", invitation_id="I2", **own),
        application(at, "A3", program="FSW", **own),
        *(declined(at, number) for number in ("I1", "I2")),
        profile_withdrawn(at),
        *(extension(at, end + days * DAY, number) for number in ("I1", "I2") for days in (5, 23, 70)),
        *(cancellation(at, number) for number in ("I1", "I2")),
        withdrawn(at),
        *(answer(at, letter) for letter in LETTERS),
        *(finding("admissibility", result, at, "F", section=SECTION) for result in ("inadmissible", "doubt")),
        finding("admissibility", "inadmissible", at, "F", section=SECTION, determined_in="outside"),
        finding("admissibility", "inadmissible", at, "F", section=SECTION, removal_enforced_on="2028-02-29"),
        finding("program", "doubt", at, "P", application_id=None),
        finding("accuracy", "contradicted", at, "C"),
        *clearances(at),
        *(officer(act, at, sections=["R12"]) for act in ("approve", "return", "suspend", "resume", "terminate")),
        *(officer("refuse", at, **more) for more in refuse),
        *(officer("send_fairness_letter", at, ground=on, concern="unclear") for on in ("accuracy", "admissibility")),
    ]


def reference_of(one: Input) -> Message:
    return Message(one.at, one.id, one.kind, one.body.model_dump(mode="json"), one.automatic)


def told(saying: Saying) -> tuple[str, datetime, Any]:
    """As the reference says it."""
    content, standing = saying.content, saying.standing
    detail: Any = None
    match saying.code if saying.topic != "rejected" else "rejected":
        case "rejected":
            detail = str(content["state"])
        case "invitation_ends":
            detail = content["params"]["days"]
        case "extended":
            detail = standing.invitation.deadline if standing else None
        case "fairness_letter_sent":
            detail = datetime.fromisoformat(content["reasons"][0].params["respond_by"])
        case "refused":
            bar = standing.bar if standing else None
            detail = content["review_until"], (bar.since, bar.until) if bar else None
    return saying.code, saying.at, detail


def counted(told: list[tuple[str, datetime, Any]]) -> Counter[str]:
    return Counter(map(str, told))


def only_allowed_moves(case: Case) -> None:
    before: dict[str | None, tuple[str, dict[str, str | None]]] = {}
    for saying in case.sayings:
        if saying.topic == "decided" and saying.standing is not None:
            state, applications = before.get(saying.invitation_id, ("open", {}))
            assert saying.standing.invitation.state in INVITATION_MOVES[state]
            if (one := saying.standing.application) is not None:
                earlier = applications.get(one.application_id)
                assert one.state in APPLICATION_MOVES[earlier]
                applications = {**applications, one.application_id: one.state.value}
            before[saying.invitation_id] = saying.standing.invitation.state.value, applications


class Cases(RuleBasedStateMachine):
    """Rules publish, deliver (in any order, again and again), move the clock and restart; the reference looks on."""

    @initialize(start=st.sampled_from(STARTS), gap=st.sampled_from([10, 45]), known=st.booleans())
    def begin(self, start: datetime, gap: int, *, known: bool) -> None:
        self.start, self.clock = start, start
        self.declared = {1: Declared((start - 30 * DAY).date(), facts(**candidate(start)))}
        self.life = Life(declared=self.declared if known else {})
        self.sent = [issued(start, "I1", start), issued(start, "I2", start + gap * DAY)]

    def publish(self, *some: dict[str, Any], automatic: bool = False) -> None:
        for body in some:
            letters = sum(one.id in LETTERS for one in self.sent)
            is_letter = body.get("action") == "send_fairness_letter" and letters < len(LETTERS)
            number = LETTERS[letters] if is_letter else f"m{len(self.sent)}"
            self.sent.append(replace(stored(body, number), automatic=automatic))

    @rule(data=st.data(), automatic=st.booleans())
    def something_is_received(self, data: st.DataObject, *, automatic: bool) -> None:
        at = data.draw(st.sampled_from(instants(self.start)))
        choice = bodies(self.start, at)
        self.publish(choice[data.draw(st.integers(0, len(choice) - 1))], automatic=automatic)

    @rule(days=st.integers(1, 5), complete=st.booleans(), automatic=st.booleans())
    def an_application_is_received(self, days: int, *, complete: bool, automatic: bool) -> None:
        body = application(self.start + days * DAY, form_complete=complete, facts=candidate(self.start))
        self.publish(body, automatic=automatic)

    @rule(days=st.integers(1, 9))
    def everything_is_cleared(self, days: int) -> None:
        self.publish(*clearances(self.start + days * DAY))

    @rule(days=st.integers(3, 70), answered=st.booleans(), misrepresented=st.booleans())
    def a_letter_and_a_refusal_are_received(self, days: int, *, answered: bool, misrepresented: bool) -> None:
        sent_at, on = self.start + days * DAY, {"ground": "admissibility"}
        self.publish(finding("admissibility", "inadmissible", sent_at - DAY, "F", section=SECTION))
        self.publish(officer("send_fairness_letter", sent_at, concern="unclear", **on))
        if answered:
            self.publish(answer(sent_at + 9 * DAY, LETTERS[0]))
        sections = [SECTION] if misrepresented else ["A36(1)(b)"]
        self.publish(officer("refuse", sent_at + (10 if answered else 33) * DAY, sections=sections, **on))

    @rule(data=st.data())
    def some_are_delivered(self, data: st.DataObject) -> None:
        self.life.read(*data.draw(st.lists(st.sampled_from(self.sent), max_size=6)))

    @precondition(lambda self: not self.life.declared)
    @rule()
    def the_profile_is_delivered(self) -> None:
        self.life.declared = self.declared
        self.life.read()

    @rule(data=st.data())
    def the_clock_moves(self, data: st.DataObject) -> None:
        self.clock = max(self.clock, data.draw(st.sampled_from(instants(self.start))))
        self.tick()

    @rule(days=st.integers(1, 40))
    def days_pass(self, days: int) -> None:
        self.clock += days * DAY
        self.tick()

    @rule()
    def the_process_restarts(self) -> None:
        """Nothing but what is stored comes back."""
        kept = {number: replace(one) for number, one in reversed(self.life.known.items())}
        self.life = replace(self.life, known=kept, acted=set(self.life.acted), said=list(self.life.said))

    def tick(self) -> None:
        self.life.tick(self.clock)
        messages = list(map(reference_of, self.life.known.values()))
        world = World(profile_known=bool(self.life.declared)).run(messages, self.clock)
        case = self.life.case
        invitations = {number: (one.state, one.deadline) for number, one in case.invitations.items()}
        assert invitations == {number: (one["state"], one["deadline"]) for number, one in world.invitations.items()}
        for number, one in case.invitations.items():
            found = {key: application.state for key, application in one.applications.items()}
            expected = world.invitations[number]["applications"]
            assert found == {key: application["state"] for key, application in expected.items()}
        assert {one.id for one in case.waiting} == {one.id for one in world.waiting}
        assert ((case.bar.since, case.bar.until) if case.bar else None) == world.bar
        assert counted([told(one) for one in case.sayings if one.code != "proposed"]) == counted(world.said)
        assert self.life.holds == {(one.code, one.identity) for one in case.sayings}

    @invariant()
    def nothing_moves_where_it_may_not(self) -> None:
        if hasattr(self, "life"):
            only_allowed_moves(self.life.case)

    @invariant()
    def the_last_message_carries_the_standing(self) -> None:
        standings = [one for _, one in self.life.published if one is not None] if hasattr(self, "life") else []
        if standings:
            case = self.life.case
            assert standings[-1] in [case.standing(one) for one in case.invitations.values()]

    def teardown(self) -> None:
        if hasattr(self, "life"):
            self.life.declared = self.declared
            self.life.read(*self.sent)
            self.clock = END
            self.tick()
            assert not self.life.case.deadlines(self.life.acted)


Cases.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCases = Cases.TestCase


def test_each_start_ends_on_the_day_that_a_calendar_shows() -> None:
    ends = [iso(deadline(start))[:10] for start in STARTS]
    assert ends == [
        "2024-03-01",
        "2024-03-31",
        "2024-12-27",
        "2025-02-01",
        "2026-04-08",
        "2026-07-03",
        "2026-10-20",
    ]
    assert date(2024, 2, 29).isoweekday() == 4
