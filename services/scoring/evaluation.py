"""One evaluation of one profile on one day: from stored facts to what is published. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from services.scoring.bodies import Head, bodies
from shared.contracts.profile import ProfileState, Status
from shared.rules import Evaluation, Facts, NextChange, evaluate, next_change
from shared.rules.periods import utc_day


@dataclass(frozen=True, slots=True)
class Subject:
    """What a result is a function of, beside the day: the profile at `profile_sequence`.

    `facts_sequence` is the `profile_sequence` from which it has declared these facts.
    """

    profile_id: str
    profile_sequence: int
    facts_sequence: int
    status: Status
    submitted_at: datetime
    expires_at: datetime
    correspondence_language: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Result:
    """A result as it is stored: `scored` and `eligible` are what is published, byte for byte."""

    subject: Subject
    sequence: int
    on: date
    changed_at: datetime
    due_at: datetime | None
    rule_sets: tuple[str, ...]
    total: int
    provisional: bool
    missing_tables: tuple[str, ...]
    scored: str
    eligible: str


def subject_of(state: ProfileState, facts_sequence: int) -> Subject:
    """The subject that a `profile` message describes."""
    return Subject(
        state.profile_id,
        state.sequence,
        facts_sequence,
        state.status,
        state.submitted_at,
        state.expires_at,
        state.correspondence_language,
        state.facts,
    )


def result_of(subject: Subject, sequence: int, on: date, changed_at: datetime) -> Result:
    """Evaluate a subject on a day, for publication under `sequence`. Closed profiles are evaluated like others."""
    submitted_on = utc_day(subject.submitted_at)
    evaluation = evaluate(subject.facts, on, submitted_on=submitted_on)
    change = next_change(subject.facts, on, submitted_on=submitted_on, now=evaluation)
    scored, eligible = bodies(head_of(subject, sequence, evaluation, change), evaluation, subject.facts)
    return Result(
        subject,
        sequence,
        on,
        changed_at,
        due_at(subject, change),
        evaluation.rule_sets,
        evaluation.crs.total,
        evaluation.provisional,
        evaluation.missing_tables,
        scored,
        eligible,
    )


def head_of(subject: Subject, sequence: int, evaluation: Evaluation, change: NextChange | None) -> Head:
    """What the two bodies share."""
    return Head(
        profile_id=subject.profile_id,
        sequence=sequence,
        profile_sequence=subject.profile_sequence,
        status=subject.status,
        submitted_at=subject.submitted_at,
        expires_at=subject.expires_at,
        correspondence_language=subject.correspondence_language,
        on=evaluation.on,
        rule_sets=evaluation.rule_sets,
        provisional=evaluation.provisional,
        missing_tables=evaluation.missing_tables,
        next_change=change,
    )


def due_at(subject: Subject, change: NextChange | None) -> datetime | None:
    """When the result has to be looked at again without an input; None: never.

    A closed profile is never due, and one in the pool not after it expires: intake closes it at that instant.
    """
    if subject.status is not Status.IN_POOL or change is None:
        return None
    midnight = datetime.combine(change.on, time.min, UTC)
    return midnight if midnight < subject.expires_at else None
