"""Folding the cases of locked files again, and writing what changed."""

from collections.abc import Mapping
from datetime import datetime

from services.decisions import store, telling
from services.decisions.case import Case, Saying
from services.decisions.fold import fold
from services.decisions.inputs import Deadline
from services.decisions.store import File
from shared.ops import metrics
from shared.worker.step import FactDraft, Step

Told = tuple[str, Saying, bool]
"""Profile, what is said, whether it is a correction."""

_CHUNK = 100
"""Files folded between two statements."""


async def refold(step: Step, files: Mapping[str, File], until: datetime | None = None) -> None:
    """Fold each case and publish the difference. `until`: the clock acts on deadlines up to this instant.

    The caller has locked the files. A chunk at a time: folding is computing, and meanwhile neither the heartbeats of
    the consumer nor the database's patience with an idle transaction may run out.
    """
    keys = list(files)
    for start in range(0, len(keys), _CHUNK):
        await _refold_chunk(step, {key: files[key] for key in keys[start : start + _CHUNK]}, until)


async def _refold_chunk(step: Step, files: Mapping[str, File], until: datetime | None) -> None:
    await store.fill(step.connection, files)
    cases: dict[str, Case] = {}
    acted: dict[str, list[Deadline]] = {}
    for profile_id, file in files.items():
        cases[profile_id], acted[profile_id] = _act(file, until)
    await store.add_acted(step.connection, acted)
    await _tell(step, files, cases)
    await store.put_files(step.connection, {key: _next(files[key], case) for key, case in cases.items()})
    invitations = [one for case in cases.values() for one in case.invitations.values()]
    await store.put_invitations(step.connection, invitations)


def _act(file: File, until: datetime | None) -> tuple[Case, list[Deadline]]:
    """The case after every deadline up to `until`, one after the other: each may take the next away, or bring it."""
    inputs = [one for one in file.inputs if one.refused] if file.erased else file.inputs
    done: list[Deadline] = []
    while True:
        case = fold(inputs, file.declared, file.acted)
        due = [] if until is None else [one for one in case.deadlines(file.acted) if one.at <= until]
        if not due:
            return case, done
        file.acted.add(due[0])
        done.append(due[0])


async def _tell(step: Step, files: Mapping[str, File], cases: Mapping[str, Case]) -> None:
    told: list[Told] = []
    lost: dict[str, list[store.Spoken]] = {}
    for profile_id, case in cases.items():
        file = files[profile_id]
        lost[profile_id] = [] if file.erased else telling.gone(case, file.said)
        told += [(profile_id, one, True) for one in telling.corrections(case, lost[profile_id], step.now)]
        told += [(profile_id, one, False) for one in telling.news(case, file.said)]
    for _, one, _ in told:
        if one.topic == "rejected":
            metrics.REJECTED.labels("decisions", one.code).inc()
    facts = await step.add([_draft(files[key], cases[key], one) for key, one, _ in told])
    await store.withdraw_said(step.connection, _withdrawn(lost, {fact.key: fact.ce_id for fact in facts}))
    rows = [(fact, one, correction) for fact, (_, one, correction) in zip(facts, told, strict=True)]
    await store.add_said(step.connection, rows)


def _draft(file: File, case: Case, saying: Saying) -> FactDraft:
    newest = max(case.invitations.values(), key=lambda one: one.invited.invited_at, default=None)
    language = newest.invited.correspondence_language if newest else file.language
    return telling.draft(file.profile_id, language, saying)


def _withdrawn(lost: Mapping[str, list[store.Spoken]], instead: Mapping[str, str]) -> dict[int, str]:
    """By what each lost fact was withdrawn; where nothing is said instead (a notice), by nothing but the change."""
    return {one.said_id: instead.get(key, "") for key, some in lost.items() for one in some}


def _next(file: File, case: Case) -> tuple[datetime | None, int]:
    if file.erased:
        return None, 0
    due = case.deadlines(file.acted)
    return (due[0].at if due else None), len(case.waiting)
