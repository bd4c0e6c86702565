"""The proposal of the system on the four grounds, from the tests of A11.2 and the findings that have arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.decisions import findings as of_findings
from services.decisions.examination import Examination, Test
from services.decisions.law import CLEARANCES, CLEARED, FAMILY_MEMBER, PROVED, under
from shared.contracts.application import ApplicationSubmitted, FindingRecorded
from shared.contracts.base import Line
from shared.contracts.decided import Ground

Proposal = Literal["approve", "refuse", "fairness_letter", "substitute"]
"""`substitute`: only the 67 points are missing; an officer may substitute an evaluation (R76(3))."""

_AGAINST = ("contradicted", "inadmissible")


@dataclass(frozen=True, slots=True)
class Assessment:
    """Each ground: met, not met, or None where something must still arrive; and what follows from them."""

    grounds: dict[str, bool | None]
    proposal: Proposal | None
    lines: tuple[Line, ...]
    rule_sets: tuple[str, ...]
    provisional: bool
    substitutable: bool
    """The program fails by the 67 points alone."""


def assess(
    application: ApplicationSubmitted,
    examination: Examination,
    findings: Sequence[FindingRecorded],
    answered: frozenset[Ground],
) -> Assessment:
    """The proposal. `answered`: grounds on which a fairness letter was sent and its time to answer is over."""
    waiting = _waiting(application, findings)
    grounds = {
        ground.value: _ground(ground, examination.tests, findings, waiting)
        for ground in (Ground.PROGRAM, Ground.ACCURACY, Ground.CATEGORY, Ground.ADMISSIBILITY)
    }
    substitutable = _substitutable(examination.tests, findings)
    letters = _needs_letter(findings) - answered
    lines = (*(test.line for test in examination.tests), *waiting, *_against(findings))
    return Assessment(
        grounds,
        _proposal(grounds, letters=bool(letters), substitutable=substitutable),
        lines,
        examination.rule_sets,
        examination.provisional,
        substitutable,
    )


def _proposal(grounds: dict[str, bool | None], *, letters: bool, substitutable: bool) -> Proposal | None:
    if letters:
        return "fairness_letter"
    failed = [ground for ground, met in grounds.items() if met is False]
    if failed == [Ground.PROGRAM.value] and substitutable:
        return "substitute"
    if failed:
        return "refuse"
    return "approve" if all(grounds.values()) else None


def _ground(
    ground: Ground, tests: Sequence[Test], findings: Sequence[FindingRecorded], waiting: Sequence[Line]
) -> bool | None:
    against = of_findings.on(findings, ground, ("inadmissible",))
    against += of_findings.unproved(of_findings.on(findings, ground, ("contradicted",)))
    if against or any(test.ground == ground and test.result in ("failed", "officer") for test in tests):
        return False
    if of_findings.on(findings, ground, ("doubt",)) or any(line.row == ground for line in waiting):
        return None
    return True


def _substitutable(tests: Sequence[Test], findings: Sequence[FindingRecorded]) -> bool:
    results = [test.result for test in tests if test.ground is Ground.PROGRAM]
    return "officer" in results and "failed" not in results and not of_findings.on(findings, "program", _AGAINST)


def _needs_letter(findings: Sequence[FindingRecorded]) -> set[Ground]:
    """Credibility doubted, or an inadmissibility seen."""
    return {one.ground for one in findings if one.result in ("doubt", "inadmissible")}


def _waiting(application: ApplicationSubmitted, findings: Sequence[FindingRecorded]) -> list[Line]:
    """A line for each thing that must still arrive."""
    lines = []
    proved = [one for one in of_findings.on(findings, "accuracy", (PROVED,)) if one.field is None]
    if not any(one.of == "applicant" for one in proved):
        lines.append(Line(code="waits.accuracy", section="A16(1)", row=Ground.ACCURACY))
    cleared = of_findings.on(findings, "admissibility", (CLEARED,))
    for person in _examined(application):
        sections = [one.section for one in cleared if one.of == person]
        for test in CLEARANCES:
            if not any(section is None or under(section, test.sections) for section in sections):
                shown = {"of": person, "test": test.name}
                row = Ground.ADMISSIBILITY
                lines.append(Line(code="waits.admissibility", section=test.sections[0], row=row, quantities=shown))
    return lines


def _examined(application: ApplicationSubmitted) -> list[str]:
    """The applicant and every family member, accompanying or not, who is no citizen or permanent resident (A42)."""
    members = [one.member_id for one in application.family_members if one.status_in_canada == "none"]
    return ["applicant", *members]


def _against(findings: Sequence[FindingRecorded]) -> list[Line]:
    """What speaks against: by ground, section and person, never the values behind it."""
    return [
        Line(code=f"finding.{one.result}", section=_section(one), row=one.ground, quantities=_shown(one))
        for one in findings
        if one.result in ("contradicted", "doubt", "inadmissible")
    ]


def _section(one: FindingRecorded) -> str | None:
    inherited = one.result == "inadmissible" and one.of != "applicant"
    return FAMILY_MEMBER if inherited else one.section


def _shown(one: FindingRecorded) -> dict[str, str]:
    return {"of": one.of} | ({"field": one.field} if one.field else {})
