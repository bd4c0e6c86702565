"""Which move each state of an application allows: the one table."""

from enum import Enum, auto

from shared.contracts.decided import ApplicationState as S


class Move(Enum):
    """What a message asks of an application."""

    FINDING = auto()
    APPROVE = auto()
    REFUSE = auto()
    RETURN = auto()
    SEND_LETTER = auto()
    ANSWER = auto()
    SUSPEND = auto()
    RESUME = auto()
    TERMINATE = auto()
    WITHDRAW = auto()


class Allowed(Enum):
    """What becomes of it."""

    YES = auto()
    LATER = auto()
    """It waits: a later state can allow it."""
    NO = auto()
    """Rejected with the state that was found."""


OFFICER = {
    "approve": Move.APPROVE,
    "refuse": Move.REFUSE,
    "return": Move.RETURN,
    "send_fairness_letter": Move.SEND_LETTER,
    "suspend": Move.SUSPEND,
    "resume": Move.RESUME,
    "terminate": Move.TERMINATE,
}
"""`action` of `officer.decided` to move."""

_DECIDING = {Move.APPROVE, Move.REFUSE, Move.RETURN, Move.SEND_LETTER}
_ALWAYS = {Move.FINDING, Move.ANSWER, Move.TERMINATE, Move.WITHDRAW}

_YES: dict[S, set[Move]] = {
    S.IN_PROCESS: _ALWAYS | _DECIDING | {Move.SUSPEND},
    S.FAIRNESS_LETTER: _ALWAYS | _DECIDING | {Move.SUSPEND},
    S.SUSPENDED: _ALWAYS | {Move.RESUME},
    S.RETURNED: set(),
    S.TERMINATED: set(),
    S.WITHDRAWN: set(),
    S.APPROVED: set(),
    S.REFUSED: set(),
}
_LATER: dict[S, set[Move]] = {
    S.SUSPENDED: _DECIDING,
    S.RETURNED: set(Move) - {Move.ANSWER},
}

ALIVE = frozenset({S.IN_PROCESS, S.FAIRNESS_LETTER, S.SUSPENDED})
"""States in which an application is being processed."""


def allowed(state: S, move: Move) -> Allowed:
    """Whether the state allows the move, a later one may, or none can.

    A returned application may be sent again while the period runs: what answers the new one waits for it.
    """
    if move in _YES[state]:
        return Allowed.YES
    return Allowed.LATER if move in _LATER.get(state, ()) else Allowed.NO
