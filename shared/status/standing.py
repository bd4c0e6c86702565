"""What the published messages say of a candidate: the eight steps, what comes next, what may be done. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from shared.contracts.base import Line, Reason, Text
from shared.contracts.decided import ApplicationState, Decided, InvitationState, Outcome
from shared.contracts.profile import Status
from shared.contracts.rounds import Invited
from shared.rules.periods import end_of, utc_day
from shared.status.published import Published

_STAGE = {
    Outcome.RECEIVED: ApplicationState.IN_PROCESS,
    Outcome.RETURNED: ApplicationState.RETURNED,
    Outcome.FAIRNESS_LETTER_SENT: ApplicationState.FAIRNESS_LETTER,
    Outcome.FAIRNESS_ANSWERED: ApplicationState.IN_PROCESS,
    Outcome.FAIRNESS_TIME_OVER: ApplicationState.IN_PROCESS,
    Outcome.SUSPENDED: ApplicationState.SUSPENDED,
    Outcome.RESUMED: ApplicationState.IN_PROCESS,
    Outcome.TERMINATED: ApplicationState.TERMINATED,
    Outcome.WITHDRAWN: ApplicationState.WITHDRAWN,
    Outcome.APPROVED: ApplicationState.APPROVED,
    Outcome.REFUSED: ApplicationState.REFUSED,
}
_SILENT = (Outcome.PROPOSED, Outcome.CORRECTED, Outcome.LAPSE_WITHDRAWN)
_PROCESSED = (ApplicationState.IN_PROCESS, ApplicationState.FAIRNESS_LETTER, ApplicationState.SUSPENDED)
_BACK = (InvitationState.DECLINED, InvitationState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the eight steps. `done`: True, False (it ended here), None (not yet). `code` is of the catalogue."""

    number: int
    done: bool | None
    code: str
    at: datetime | date | None = None
    params: dict[str, Any] = field(default_factory=dict)
    reasons: tuple[Line | Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Next:
    """Something with a date that lies ahead: an instant before which, or a day on which."""

    at: datetime | date
    code: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day that it falls on; of an instant that ends a day, that day."""
        return utc_day(self.at - timedelta(microseconds=1)) if isinstance(self.at, datetime) else self.at


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the application, with the days spent in it so far; None where it is the last of all."""

    state: ApplicationState
    since: date
    days: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A candidate's position: `step` of eight."""

    profile_id: str
    step: int
    steps: tuple[Step, ...]
    ahead: tuple[Next, ...]
    may: tuple[str, ...]
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """The newest invitation and what was decided about it."""

    invited: Invited
    facts: list[Decided]

    @property
    def newest(self) -> Decided | None:
        return self.facts[-1] if self.facts else None

    @property
    def state(self) -> InvitationState:
        return self.newest.invitation.state if self.newest else InvitationState.OPEN

    @property
    def deadline(self) -> datetime:
        return self.newest.invitation.deadline if self.newest else self.invited.deadline

    @property
    def application(self) -> ApplicationState | None:
        found = self.newest.application if self.newest else None
        return found.state if found else None

    @property
    def told(self) -> Decided | None:
        """The last fact that a candidate has to know of."""
        return next((one for one in reversed(self.facts) if one.outcome not in _SILENT), None)


def standing(published: Published, on: date) -> Standing:
    """The position on a day, by which ages are counted and dates that are over are left out."""
    case = _newest_case(published)
    steps = tuple(_steps(published, case))
    ahead = sorted((one for one in _ahead(published, case) if one.day >= on), key=lambda one: one.day)
    here = next((one.number for one in steps if one.done is False), None)
    waiting = next((one.number for one in steps if one.done is None), 8)
    return Standing(
        published.profile_id,
        here or waiting,
        steps,
        tuple(ahead),
        tuple(_may(published, case, on)),
        tuple(_stages(case, on)) if case else (),
    )


def _newest_case(published: Published) -> _Case | None:
    if not published.invited:
        return None
    invited = published.invited[-1]
    return _Case(invited, [one for one in published.decided if one.invitation.invitation_id == invited.invitation_id])


def _steps(published: Published, case: _Case | None) -> Iterator[Step]:
    scored, eligible = published.scored, published.eligible
    if scored is None:
        refused = published.rejected[-1] if published.rejected else None
        at, reasons = (refused.rejected_at, refused.reasons) if refused else (None, [])
        yield Step(1, True, "submitted", at)
        yield Step(2, False if refused else None, "refused" if refused else "unread", at, reasons=_texts(reasons))
        return
    yield Step(1, True, "submitted", scored.submitted_at)
    programs = eligible.programs if eligible else {}
    met = [name for name, one in programs.items() if one.met]
    if scored.status is Status.INELIGIBLE:
        why = tuple(line for one in programs.values() for line in one.reasons)
        yield Step(2, False, "ineligible", scored.on, reasons=why)
        return
    yield Step(2, True, "eligible", scored.submitted_at, {"programs": met})
    shown = {"total": scored.total, "tables": scored.missing_tables}
    yield Step(3, True, "provisional" if scored.provisional else "scored", scored.on, shown)
    categories = eligible.categories if eligible else {}
    named = [f"category_{key}_{one.version}" for key, one in categories.items() if one.eligible]
    yield Step(4, True, "categories" if named else "no_category", scored.on, {"categories": named})
    if case is None or (case.state in _BACK):
        yield _without_invitation(published, case)
        return
    yield from _with_invitation(case)


def _without_invitation(published: Published, case: _Case | None) -> Step:
    scored = published.scored
    assert scored is not None
    before = case.told if case else None
    told = (before.text, *_texts(before.reasons)) if before else ()
    if scored.status is Status.IN_POOL:
        return Step(5, None, "waits_for_round", before.at if before else None, reasons=told)
    left = next((one for one in reversed(published.notices) if one.code == "left_pool"), None)
    at = left.noticed_at if left else scored.on
    return Step(5, False, f"left.{scored.status}", at, reasons=(*told, *((left.text,) if left else ())))


def _with_invitation(case: _Case) -> Iterator[Step]:
    invited, told = case.invited, case.told
    shown = {"round_id": invited.round_id, "rank": invited.rank, "total": invited.total, "cut_off": invited.cut_off}
    yield Step(5, True, "ranked", invited.invited_at, shown)
    yield Step(6, True, "invited", invited.invited_at, {"program": invited.program, "round_id": invited.round_id})
    reasons = (told.text, *_texts(told.reasons)) if told else ()
    if case.state is not InvitationState.APPLIED or case.application is ApplicationState.RETURNED:
        code = "returned" if case.application is ApplicationState.RETURNED else case.state.value
        done = None if _may_apply(case) else False
        yield Step(7, done, f"invitation.{code}", told.at if told else invited.invited_at, reasons=reasons)
        return
    received = next(one.application for one in reversed(case.facts) if one.application)
    yield Step(7, True, "invitation.applied", received.received_at)
    final = case.application not in _PROCESSED
    done = (case.application is ApplicationState.APPROVED) if final else None
    yield Step(8, done, f"application.{case.application}", told.at if told else None, reasons=reasons)


def _texts(reasons: Sequence[Reason]) -> tuple[Text, ...]:
    return tuple(one.text for one in reasons)


def _may_apply(case: _Case) -> bool:
    return case.state in (InvitationState.OPEN, InvitationState.APPLIED)


def _ahead(published: Published, case: _Case | None) -> Iterator[Next]:
    scored = published.scored
    if scored is not None and scored.status is Status.IN_POOL:
        yield Next(scored.expires_at, "profile_ends")
        if scored.next_change is not None:
            yield Next(scored.next_change.on, "result_changes", {"reason": scored.next_change.reason})
    if case is None:
        return
    if case.application in (None, ApplicationState.RETURNED) and _may_apply(case):
        yield Next(case.deadline, "apply_before")
    newest = case.newest
    if newest is None:
        return
    if case.application is ApplicationState.FAIRNESS_LETTER and newest.act_by is not None:
        yield Next(newest.act_by, "answer_before")
    if case.application in _PROCESSED and newest.application is not None and newest.application.service_standard:
        yield Next(newest.application.service_standard, "service_standard")
    refusal = next((one for one in case.facts if one.outcome is Outcome.REFUSED and one.review_until), None)
    if refusal is not None and refusal.review_until is not None:
        yield Next(end_of(refusal.review_until), "review_before")
    if newest.bar is not None and newest.bar.until is not None:
        yield Next(newest.bar.until, "bar_ends", {"section": newest.bar.section})


def _may(published: Published, case: _Case | None, on: date) -> Iterator[str]:
    """What the candidate may do, as codes of the catalogue."""
    scored = published.scored
    in_pool = scored is not None and scored.status is Status.IN_POOL
    if case is not None and case.state is InvitationState.OPEN:
        yield from ("apply", "decline")
    elif case is not None and case.application is ApplicationState.RETURNED and _may_apply(case):
        yield "apply"
    elif case is not None and case.application in _PROCESSED:
        yield "answer" if case.application is ApplicationState.FAIRNESS_LETTER else "wait"
        yield "withdraw_application"
    elif in_pool:
        yield from ("update", "withdraw_profile")
    elif case is not None and case.application is ApplicationState.APPROVED:
        yield "land"
    else:
        yield from _may_begin_anew(case, on)


def _may_begin_anew(case: _Case | None, on: date) -> Iterator[str]:
    newest = case.newest if case else None
    if newest is not None and newest.outcome is Outcome.REFUSED and newest.review_until and on <= newest.review_until:
        yield "ask_review"
    bar = newest.bar if newest else None
    barred = bar is not None and (bar.until is None or on <= bar.until)
    yield "barred" if barred else "submit_anew"


def _stages(case: _Case, on: date) -> Iterator[Stage]:
    """By what was said, in the order in which it happened; the last one lasts until `on`, if it is not final."""
    facts = sorted(case.facts, key=lambda one: one.at)
    moves = [(utc_day(one.at), _STAGE[one.outcome]) for one in facts if one.outcome in _STAGE]
    ends = [*(since for since, _ in moves[1:]), on]
    for (since, state), until in zip(moves, ends, strict=False):
        yield Stage(state, since, max((until - since).days, 0) if state in _PROCESSED else None)
