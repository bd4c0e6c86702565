"""The law of steps 7 and 8 in small, for comparison: one profile, plain dictionaries, one instant after the other.

It shares no code with the services. What they store, fold anew and correct is here a single walk along the time: what
comes next, a message or a deadline, is acted on; what cannot be answered yet waits and is tried again after each.
All facts of its candidates meet the program and the points; findings alone decide the grounds.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from tests.unit.decisions.calendar_of_law import ends, last_day
from tests.unit.decisions.reference_terms import (
    NEEDED,
    PROCESSED,
    TAKEN,
    Message,
    No,
    Record,
    Wait,
    barred,
    lapsing,
    may_apply,
    settle,
)


class World:
    """One profile. `said` is what its candidate and the upstreams are told, in order: code, instant, detail."""

    def __init__(self, *, profile_known: bool = True) -> None:
        self.profile_known = profile_known
        self.position: tuple[datetime, bool] | None = None
        self.invitations: dict[str, Record] = {}
        self.said: list[tuple[str, datetime, Any]] = []
        self.waiting: list[Message] = []
        self.bar: tuple[date, date | None] | None = None
        self.withdrawn = False
        self.findings: dict[str, Record] = {}

    def run(self, messages: Iterable[Message], until: datetime) -> "World":
        """Every message; of the deadlines those up to `until`, each before what is received at its instant."""
        queue = sorted(messages, key=lambda one: (one.at, one.id))
        while True:
            due = min(self.due(), key=lambda one: one[0], default=None)
            if due and due[0] <= until and (not queue or due[0] <= queue[0].at):
                self.position = due[0], False
                due[1]()
                self.try_again()
            elif queue:
                message = queue.pop(0)
                self.position = message.at, True
                self.take([message])
            else:
                return self
            self.approve_by_rule()

    @property
    def now(self) -> datetime:
        assert self.position
        return self.position[0]

    def take(self, messages: list[Message]) -> None:
        """These, and after each one that went through everything that waits, in order."""
        for message in messages:
            try:
                _HANDLERS[message.kind](self, message)
            except Wait:
                self.waiting.append(message)
                continue
            except No as no:
                self.say(no.args[0], message.at, no.args[1])
            self.try_again()

    def try_again(self) -> None:
        waiting, self.waiting = self.waiting, []
        self.take(waiting)

    def say(self, code: str, at: datetime, detail: Any = None) -> None:
        self.said.append((code, at, detail))

    # What the clock does

    def due(self) -> Iterable[tuple[datetime, Callable[[], None]]]:
        """As things stand now; a reminder whose day is over when it comes to be is none."""
        for one in self.invitations.values():
            for days in (30, 7, 1):
                at = one["deadline"] - timedelta(days)
                missed = self.position is not None and (at, False) < self.position
                if one["state"] == "open" and not missed and at not in one["reminded"]:
                    yield at, partial(self.remind, one, at, days)
            if (lapses_at := lapsing(one)) is not None:
                yield lapses_at, partial(self.lapse, one, lapses_at)
            for application in one["applications"].values():
                for letter in application["letters"].values():
                    if application["state"] in PROCESSED and not letter["over"]:
                        yield letter["until"], partial(self.time_over, application, letter)

    def remind(self, one: Record, at: datetime, days: int) -> None:
        one["reminded"].add(at)
        self.say("invitation_ends", at, days)

    def lapse(self, one: Record, at: datetime) -> None:
        one.update(state="lapsed", returned_at=None)
        self.say("lapsed", at)

    def time_over(self, application: Record, letter: Record) -> None:
        letter["over"] = True
        settle(application)
        self.say("fairness_time_over", letter["until"])

    def approve_by_rule(self) -> None:
        for application in self.applications():
            found = self.known(application)
            proved = {(one["result"], one.get("section")) for one in found} >= NEEDED
            against = any(one["result"] in ("doubt", "inadmissible", "contradicted") for one in found)
            if application["policy"] and application["state"] == "in_process" and proved and not against:
                application["state"] = "approved"
                self.say("approved", self.now)
                self.try_again()

    # Invitations

    def invitation(self, message: Message) -> Record:
        if message.body["invitation_id"] not in self.invitations:
            raise Wait
        return self.invitations[message.body["invitation_id"]]

    def issued(self, message: Message) -> None:
        if not self.profile_known:
            raise Wait
        one: Record = {"state": "open", "issued_at": message.at, "deadline": ends(message.at, 60), "returned_at": None}
        one |= {"applications": {}, "reminded": set()}
        self.invitations[message.body["invitation_id"]] = one
        if self.withdrawn:
            self.decline(one, message.at)

    def decline(self, one: Record, at: datetime) -> None:
        one["state"] = "declined"
        self.say("declined", at)

    def extended(self, message: Message) -> None:
        one, deadline = self.invitation(message), datetime.fromisoformat(message.body["deadline"])
        if may_apply(one, message.at) and deadline > one["deadline"]:
            one["deadline"] = deadline
            self.say("extended", message.at, deadline)

    def cancelled(self, message: Message) -> None:
        one = self.invitation(message)
        if one["state"] == "open" and not one["applications"] and message.at < one["deadline"]:
            one["state"] = "cancelled"
            self.say("cancelled", message.at)

    def declined(self, message: Message) -> None:
        one = self.invitation(message)
        self.in_time(one, message.at)
        if one["state"] != "open":
            raise No("invitation_closed", one["state"])
        self.decline(one, message.at)

    def in_time(self, one: Record, at: datetime) -> None:
        if at < one["issued_at"]:
            raise No("before_invitation", one["state"])
        if at >= one["deadline"] and (one["state"] in ("open", "lapsed") or one["returned_at"] is not None):
            raise No("too_late", "lapsed")

    def profile_withdrawn(self, message: Message) -> None:
        self.withdrawn = True
        for one in self.invitations.values():
            if one["state"] == "open" and message.at < one["deadline"]:
                self.decline(one, message.at)

    # Applications

    def submitted(self, message: Message) -> None:
        one, body = self.invitation(message), message.body
        self.in_time(one, message.at)
        if not may_apply(one, message.at):
            raise No("invitation_closed", one["state"])
        if body["program"] != "CEC":
            raise No("other_program", one["state"])
        number = body["application_id"]
        known = self.find(number)
        if known is not None and (known[0] is not one or known[1]["state"] != "returned"):
            raise No("application_number_used", known[1]["state"])
        state = "in_process" if body["form_complete"] else "returned"
        fresh = {"state": state, "received_at": message.at, "policy": message.policy, "suspended": False, "letters": {}}
        one["applications"][number] = fresh | {"findings": known[1]["findings"] if known else {}}
        if body["form_complete"]:
            one.update(state="applied", returned_at=None)
        self.say("received" if body["form_complete"] else "returned", message.at)

    def applications(self) -> list[Record]:
        return [a for one in self.invitations.values() for a in one["applications"].values()]

    def find(self, number: str) -> tuple[Record, Record] | None:
        found = [
            (one, one["applications"][number]) for one in self.invitations.values() if number in one["applications"]
        ]
        return found[0] if found else None

    def known(self, application: Record) -> list[Record]:
        return [*self.findings.values(), *application["findings"].values()]

    def may(self, message: Message, move: str) -> tuple[Record, Record]:
        """The application that a message answers, where its state allows the move."""
        found = self.find(message.body["application_id"])
        if found is None:
            raise Wait
        one, application = found
        state = application["state"]
        if move != "finding" and message.at < application["received_at"]:
            raise No("before_application", state)
        if state == "returned" and move != "answer" and lapsing(one) is not None:
            raise Wait  # it may be sent again
        if state == "suspended" and move in ("approve", "refuse", "return", "send_fairness_letter"):
            raise Wait
        if move not in TAKEN.get(state, ()):
            raise No("state_does_not_allow", state)
        return one, application

    def finding(self, message: Message) -> None:
        body = message.body
        if body["application_id"] is None:
            if not self.applications():
                raise Wait
            self.findings.pop(body["finding_id"], None)
            self.findings[body["finding_id"]] = body
            return
        found = self.find(body["application_id"])
        moves_bar = found and found[1]["state"] == "refused" and self.bar and body.get("section") == "A40(1)(a)"
        application = found[1] if found and moves_bar else self.may(message, "finding")[1]
        application["findings"].pop(body["finding_id"], None)
        application["findings"][body["finding_id"]] = body
        if moves_bar:
            assert self.bar
            self.bar = barred(self.bar[0], body)
            self.say("corrected", message.at)

    def answered(self, message: Message) -> None:
        found = self.find(message.body["application_id"])
        letter_id = message.body["letter_id"]
        if found is None or (found[1]["state"] in PROCESSED and letter_id not in found[1]["letters"]):
            raise Wait
        _, application = self.may(message, "answer")
        letter = application["letters"][letter_id]
        if message.at >= letter["until"]:
            raise No("answer_too_late", application["state"])
        if letter["over"]:
            raise No("answered_already", application["state"])
        letter["over"] = True
        settle(application)
        self.say("fairness_answered", message.at)

    def withdraw(self, message: Message) -> None:
        self.may(message, "withdraw")[1]["state"] = "withdrawn"
        self.say("withdrawn", message.at)

    # Officers

    def decided(self, message: Message) -> None:
        one, application = self.may(message, message.body["action"])
        getattr(self, message.body["action"])(message, one, application)

    def approve(self, message: Message, _: Record, application: Record) -> None:
        if any(found["result"] in ("inadmissible", "contradicted") for found in self.known(application)):
            raise No("ground_not_met", application["state"])
        application["state"] = "approved"
        self.say("approved", message.at)

    def refuse(self, message: Message, _: Record, application: Record) -> None:
        ground, sections = message.body["ground"], message.body["sections"]
        doubted = any((f["ground"], f["result"]) == (ground, "doubt") for f in self.known(application))
        if ground == "admissibility" or "A40(1)(a)" in sections or doubted:
            letters = [one for one in application["letters"].values() if one["ground"] == ground]
            if not letters:
                raise No("fairness_letter_first", application["state"])
            if not any(one["over"] or message.at >= one["until"] for one in letters):
                raise No("fairness_time_runs", application["state"])
        application["state"] = "refused"
        if "A40(1)(a)" in sections:
            misrepresented = [f for f in self.known(application) if f.get("section") == "A40(1)(a)"]
            self.bar = barred(message.at.date(), misrepresented[-1] if misrepresented else {})
        self.say("refused", message.at, (last_day(message.at.date(), 15), self.bar))

    def send_fairness_letter(self, message: Message, _: Record, application: Record) -> None:
        until = ends(max(message.at, self.now), 30)
        application["letters"][message.id] = {"ground": message.body["ground"], "until": until, "over": False}
        settle(application)
        self.say("fairness_letter_sent", message.at, until)

    def suspend(self, message: Message, _: Record, application: Record) -> None:
        application["suspended"] = True
        settle(application)
        self.say("suspended", message.at)

    def resume(self, message: Message, _: Record, application: Record) -> None:
        application["suspended"] = False
        settle(application)
        self.say("resumed", message.at)

    def terminate(self, message: Message, _: Record, application: Record) -> None:
        application["state"] = "terminated"
        self.say("terminated", message.at)

    def give_back(self, message: Message, one: Record, application: Record) -> None:
        application["state"], one["returned_at"] = "returned", max(message.at, self.now)
        self.say("returned", message.at)


setattr(World, "return", World.give_back)


_HANDLERS: dict[str, Callable[[World, Message], None]] = {
    "invitation.issued": World.issued,
    "invitation.extended": World.extended,
    "invitation.cancelled": World.cancelled,
    "invitation.declined": World.declined,
    "profile.withdrawn": World.profile_withdrawn,
    "application.submitted": World.submitted,
    "application.withdrawn": World.withdraw,
    "finding.recorded": World.finding,
    "fairness.responded": World.answered,
    "officer.decided": World.decided,
}
