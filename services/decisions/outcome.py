"""How an application ends: the proposal kept up to date, approval, the bar after misrepresentation."""

from datetime import datetime

from services.decisions import findings as of_findings
from services.decisions.assessment import assess
from services.decisions.case import Application, Invitation
from services.decisions.examination import Declarations, examine, examine_decision_day
from services.decisions.folding import Folding
from services.decisions.inputs import Deadline, Input
from services.decisions.law import bars
from services.decisions.moves import ALIVE
from services.decisions.words import reason
from shared.contracts.application import FindingRecorded
from shared.contracts.base import Line
from shared.contracts.decided import ApplicationState, Bar, Ground, Outcome
from shared.rules.periods import last_day, misrepresentation_bar, review_period, utc_day

BY_RULE = "rule"
"""`decided_by` of an automatic approval."""


def reassess(folding: Folding, one: Input | Deadline, invitation: Invitation, application: Application) -> None:
    """Assess anew; a proposal that differs is said."""
    if application.state not in ALIVE:
        return
    before = application.assessment
    answered = frozenset(letter.ground for letter in application.letters.values() if letter.over and letter.ground)
    findings = known_findings(folding, application)
    examination = examine(invitation.invited, declarations(folding, invitation, application))
    application.assessment = assess(application.body, examination, findings, answered)
    if application.assessment != before:
        folding.propose(one, invitation, application)


def known_findings(folding: Folding, application: Application) -> list[FindingRecorded]:
    """The findings on the profile and on the application, each finding number as it was recorded last."""
    return [*folding.profile_findings.values(), *application.findings.values()]


def declarations(folding: Folding, invitation: Invitation, application: Application) -> Declarations:
    """The facts of both days as found; without findings, as declared."""
    declared = invitation.declared
    assert declared.facts is not None
    findings = known_findings(folding, application)
    return Declarations(
        declared.submitted_on,
        of_findings.found(declared.facts, findings, "invitation"),
        of_findings.found(application.body.facts, findings, "receipt"),
        utc_day(application.body.received_at),
    )


def on_day(
    folding: Folding, invitation: Invitation, application: Application, at: datetime
) -> tuple[tuple[Line, ...], bool]:
    """The tests of the day of decision, a line each, and whether all are met."""
    facts = declarations(folding, invitation, application)
    tests = examine_decision_day(invitation.invited, facts, utc_day(at))
    return tuple(test.line for test in tests), all(test.result == "met" for test in tests)


def approve_by_rule(folding: Folding, one: Input | Deadline) -> None:
    """Once everything that this event set free was taken: a doubt that waited with the clearances counts too."""
    for invitation in folding.case.invitations.values():
        for application in invitation.applications.values():
            if _approvable(application):
                day = max(one.at, application.body.received_at)  # a finding may have been recorded before receipt
                lines, met = on_day(folding, invitation, application, day)
                if met:
                    approve(folding, one, invitation, application, BY_RULE, lines)


def _approvable(application: Application) -> bool:
    """Only under the policy at receipt, in process, on confirmed tables; every refusal is an officer's."""
    assessed = application.assessment
    return (
        application.automatic
        and application.state is ApplicationState.IN_PROCESS
        and assessed is not None
        and assessed.proposal == "approve"
        and not assessed.provisional
    )


def approve(
    folding: Folding,
    one: Input | Deadline,
    invitation: Invitation,
    application: Application,
    by: str,
    on_the_day: tuple[Line, ...],
) -> None:
    """Approved: the candidate may become a permanent resident. `on_the_day`: the third run of A11.2."""
    application.state = ApplicationState.APPROVED
    assessed = application.assessment
    folding.decide(
        one,
        invitation,
        Outcome.APPROVED,
        decided_by=by,
        lines=[*(assessed.lines if assessed else ()), *on_the_day],
        rule_sets=list(assessed.rule_sets) if assessed else [],
        provisional=bool(assessed and assessed.provisional),
    )
    folding.release(("application", application.body.application_id))


def refuse(folding: Folding, one: Input, invitation: Invitation, application: Application) -> None:
    """Refused, with sections, the time to ask for review, and the bar where it is for misrepresentation."""
    body, assessed = one.body, application.assessment
    application.state, application.refused_at = ApplicationState.REFUSED, one.at
    day = utc_day(one.at)
    review = review_period(decided_in_canada=application.body.facts.residence == "CAN")
    until = last_day(day, review)
    found = of_findings.misrepresentation(known_findings(folding, application))
    if bars(body.sections):
        folding.case.bar = _bar(application, found)
    folding.decide(
        one,
        invitation,
        Outcome.REFUSED,
        ground=body.ground,
        decided_by=body.officer,
        reasons=[reason("refused_under", section=section, law=section) for section in body.sections]
        or [reason("refused_on", ground=body.ground)],
        lines=[*(assessed.lines if assessed else ()), *on_day(folding, invitation, application, one.at)[0]],
        rule_sets=list(assessed.rule_sets) if assessed else [],
        provisional=bool(assessed and assessed.provisional),
        review_until=until,
        shown={"days": review.days, "until": until, "section": review.section},
    )
    folding.release(("application", application.body.application_id))


def _bar(application: Application, found: FindingRecorded | None) -> Bar:
    """A40(2)(a): from the final determination; without a finding that says where, by residence at receipt."""
    assert application.refused_at is not None
    inside = "canada" if application.body.facts.residence == "CAN" else "outside"
    where = found.determined_in if found is not None and found.determined_in else inside
    bar = misrepresentation_bar(
        utc_day(application.refused_at),
        determined_in="canada" if where == "canada" else "outside",
        removal_enforced_on=found.removal_enforced_on if found is not None else None,
    )
    return Bar(section=bar.section, since=bar.since, until=bar.until)


def bar_after(
    folding: Folding, one: Input, invitation: Invitation, application: Application, body: FindingRecorded
) -> None:
    """A finding after the refusal says where it was determined or when removal was enforced."""
    application.findings[body.finding_id] = body
    folding.case.bar = bar = _bar(application, body)
    why = reason("bar_changed", section=bar.section)
    folding.decide(one, invitation, Outcome.CORRECTED, ground=Ground.ADMISSIBILITY, reasons=[why])
