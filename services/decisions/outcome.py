"""How an application ends: the proposal kept up to date, approval, the bar after misrepresentation."""

from datetime import datetime

from services.decisions import findings as of_findings
from services.decisions.assessment import assess
from services.decisions.case import Application, Invitation
from services.decisions.examination import Declarations, Test, examine, examine_decision_day
from services.decisions.folding import Folding
from services.decisions.inputs import Deadline, Input
from services.decisions.law import bars
from services.decisions.moves import ALIVE
from services.decisions.words import reason
from shared.contracts.application import FindingRecorded
from shared.contracts.decided import ApplicationState, Bar, Ground, Outcome
from shared.rules.periods import last_day, misrepresentation_bar, review_period, utc_day

BY_RULE = "rule"
"""`decided_by` of an automatic approval."""


def reassess(folding: Folding, one: Input | Deadline, invitation: Invitation, application: Application) -> None:
    """Assess anew; a proposal that differs is said; where policy and all four grounds allow it, approve."""
    if application.state not in ALIVE:
        return
    before = application.assessment
    answered = frozenset(letter.ground for letter in application.letters.values() if letter.over and letter.ground)
    findings = known_findings(folding, application)
    examination = examine(invitation.invited, declarations(folding, invitation, application))
    application.assessment = assess(application.body, examination, findings, answered)
    if application.assessment != before:
        folding.propose(one, invitation, application)
    _approve_by_rule(folding, one, invitation, application)


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


def on_day(folding: Folding, invitation: Invitation, application: Application, at: datetime) -> list[Test]:
    """The tests of the day of decision that fail."""
    facts = declarations(folding, invitation, application)
    tests = examine_decision_day(invitation.invited, facts, utc_day(at))
    return [test for test in tests if test.result == "failed"]


def _approve_by_rule(folding: Folding, one: Input | Deadline, invitation: Invitation, application: Application) -> None:
    """Only under the policy at receipt, in process, on confirmed tables; every refusal is an officer's."""
    assessed = application.assessment
    ready = (
        application.automatic
        and application.state is ApplicationState.IN_PROCESS
        and assessed is not None
        and assessed.proposal == "approve"
        and not assessed.provisional
    )
    day = max(one.at, application.body.received_at)  # a finding may have been recorded before receipt
    if ready and not on_day(folding, invitation, application, day):
        approve(folding, one, invitation, application, BY_RULE)


def approve(folding: Folding, one: Input | Deadline, invitation: Invitation, application: Application, by: str) -> None:
    """Approved: the candidate may become a permanent resident."""
    application.state = ApplicationState.APPROVED
    assessed = application.assessment
    folding.decide(
        one,
        invitation,
        Outcome.APPROVED,
        decided_by=by,
        lines=list(assessed.lines) if assessed else [],
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
        lines=list(assessed.lines) if assessed else [],
        rule_sets=list(assessed.rule_sets) if assessed else [],
        provisional=bool(assessed and assessed.provisional),
        review_until=last_day(day, review),
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
    if folding.case.bar is not None:
        folding.case.bar = _bar(application, body)
        why = reason("bar_changed", section=folding.case.bar.section)
        folding.decide(one, invitation, Outcome.CORRECTED, ground=Ground.ADMISSIBILITY, reasons=[why])
