"""The order in which a batch is applied, so that the same records in any order of arrival give the same rows."""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from services.intake.life import Barred, Invitation
from shared.contracts import decided
from shared.contracts.decided import Decided, InvitationState
from shared.contracts.rounds import Invited
from shared.worker.record import Message


def submissions_in_order(messages: Sequence[Message]) -> list[Message]:
    """Submissions in the order in which the broker took them: by time, and by offset within a partition.

    Time between partitions matters for one person: who withdraws one profile and submits another means that order.
    Within a partition the offset rules, also where a broker's clock went back.
    """
    latest: dict[int, int] = {}
    placed = []
    found = (message for message in messages if message.topic == "submission")
    for message in sorted(found, key=attrgetter("record.partition", "record.offset")):
        record = message.record
        latest[record.partition] = max(record.timestamp_ms, latest.get(record.partition, record.timestamp_ms))
        placed.append((latest[record.partition], record.partition, record.offset, message))
    placed.sort(key=lambda one: one[:3])
    return [message for *_, message in placed]


def invitation_steps(
    messages: Sequence[Message], known: Mapping[str, Mapping[str, Invitation]]
) -> Iterator[Invitation]:
    """The steps that are new: of each invitation only the newest, in order of sequence within a profile.

    `decided` carries the whole state, so an older one adds nothing; `invited` only opens what nothing is known of.
    """
    newest: dict[tuple[str, str], Invitation] = {}
    for message in messages:
        step = _step(message.body)
        key = (step.profile_id, step.invitation_id)
        before = newest.get(key) or known.get(step.profile_id, {}).get(step.invitation_id)
        if before is None or before.sequence < step.sequence:
            newest[key] = step
    yield from sorted(newest.values(), key=attrgetter("profile_id", "sequence", "invitation_id"))


def _step(body: Any) -> Invitation:
    return _issued(body) if isinstance(body, Invited) else _decided(body)


def _issued(body: Invited) -> Invitation:
    return Invitation(body.profile_id, body.invitation_id, 0, InvitationState.OPEN, body.deadline, body.invited_at)


def _decided(body: Decided) -> Invitation:
    standing = body.invitation
    return Invitation(
        body.profile_id,
        standing.invitation_id,
        body.sequence,
        standing.state,
        standing.deadline,
        body.at,
        body.application.received_at if body.application else None,
        _bar(body.bar),
        body.application.state if body.application else None,
    )


def _bar(bar: decided.Bar | None) -> Barred | None:
    return None if bar is None else Barred(bar.since, bar.until, bar.section)
