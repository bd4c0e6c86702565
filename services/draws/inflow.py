"""A batch collapsed: the newest message of each key and source. Order and repetition of messages make no difference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from shared.contracts.decided import Decided
from shared.contracts.ops import Held
from shared.contracts.scored import Eligible, Scored
from shared.worker.record import Message

_Body = TypeVar("_Body", Scored, Eligible, Held, Decided)


@dataclass(slots=True)
class Inflow:
    """What a batch says. Keys in byte order, so that two batches lock rows in the same order."""

    scored: dict[str, Scored] = field(default_factory=dict)
    eligible: dict[str, Eligible] = field(default_factory=dict)
    decided: dict[str, Message] = field(default_factory=dict)
    """By invitation; the whole message, because it becomes a dead letter if the invitation is none of ours."""
    held: dict[str, Held] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    """Keys of `held` that were erased: nothing waits there any more."""
    drafts: list[Message] = field(default_factory=list)

    @property
    def profiles(self) -> list[str]:
        """Every profile whose row may change."""
        decided = (message.body.profile_id for message in self.decided.values())
        return sorted({*self.scored, *self.eligible, *self.erased, *decided})


def collapse(messages: Sequence[Message]) -> Inflow:
    """Keep of each source what has the highest sequence."""
    found = Inflow()
    for message in messages:
        match message.topic:
            case "scored":
                _newest(found.scored, message, found.erased)
            case "eligible":
                _newest(found.eligible, message, found.erased)
            case "held":
                _newest(found.held, message, found.settled)
            case "decided":
                _newest_decided(found.decided, message)
            case _:
                found.drafts.append(message)
    return found


def _newest(kept: dict[str, _Body], message: Message, erased: set[str]) -> None:
    body: _Body | None = message.body
    if body is None:
        erased.add(message.key)
        return
    known = kept.get(message.key)
    if known is None or known.sequence < body.sequence:
        kept[message.key] = body


def _newest_decided(kept: dict[str, Message], message: Message) -> None:
    invitation_id = message.body.invitation.invitation_id
    known = kept.get(invitation_id)
    if known is None or known.body.sequence < message.body.sequence:
        kept[invitation_id] = message


def in_order(bodies: Iterable[_Body]) -> list[_Body]:
    """By profile number in byte order."""
    return sorted(bodies, key=lambda body: str(body.profile_id))
