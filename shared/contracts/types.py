"""`ce_type` of every message, and the model of its body: one table for writers, readers and the schemas.

A breaking change gets a new type with a new major version, on a new topic; an unknown type is a dead letter.
"""

from shared.contracts.base import Message
from shared.contracts.decided import Decided
from shared.contracts.ops import ClockInstant, Held
from shared.contracts.outcomes import Notice, Rejected
from shared.contracts.profile import ProfileState
from shared.contracts.rounds import Instruction, Invited, Round
from shared.contracts.scored import Eligible, Scored

PROFILE = "profile.changed.v1"
SCORED = "profile.scored.v1"
ELIGIBLE = "profile.eligible.v1"
REJECTED = "input.rejected.v1"
NOTICE = "candidate.notice.v1"
INVITED = "invitation.issued.v1"
ROUND = "round.changed.v1"
DECIDED = "application.decided.v1"
INSTRUCTION = "round.instructed.v1"
HELD = "record.held.v1"
CLOCK = "clock.advanced.v1"

MODELS: dict[str, dict[str, type[Message]]] = {
    "profile": {PROFILE: ProfileState},
    "scored": {SCORED: Scored},
    "eligible": {ELIGIBLE: Eligible},
    "rejected": {REJECTED: Rejected},
    "notice": {NOTICE: Notice},
    "invited": {INVITED: Invited},
    "round": {ROUND: Round},
    "decided": {DECIDED: Decided},
    "instruction": {INSTRUCTION: Instruction},
    "held": {HELD: Held},
    "clock": {CLOCK: ClockInstant},
}
"""Topic to type to model, for every topic whose messages we write ourselves (and `instruction`)."""
