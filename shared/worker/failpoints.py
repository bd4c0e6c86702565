"""Places in the worker where a test can make a process die, stop or fail: `EE_FAILPOINT=name:action[:nth]`.

Actions: `kill` (SIGKILL to itself), `stop` (SIGSTOP), `raise` (a bug), `transient` (a database that is away).
Without the variable a failpoint costs one comparison.
"""

import os
import signal
from dataclasses import dataclass

VARIABLE = "EE_FAILPOINT"


class InjectedBug(Exception):
    """Raised by a failpoint with the action `raise`."""


@dataclass(slots=True)
class _Armed:
    name: str
    action: str
    countdown: int


def _parse(value: str | None) -> _Armed | None:
    if not value:
        return None
    name, action, *nth = value.split(":")
    return _Armed(name, action, int(nth[0]) if nth else 1)


_armed = _parse(os.environ.get(VARIABLE))


def failpoint(name: str) -> None:
    """Do what the environment asks for when the step `name` is reached the nth time."""
    if _armed is None or _armed.name != name:
        return
    _armed.countdown -= 1
    if _armed.countdown == 0:
        _act(_armed.action)


def _act(action: str) -> None:
    if action in {"kill", "stop"}:
        os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
    elif action == "transient":
        raise ConnectionError("failpoint")
    else:
        raise InjectedBug("failpoint")
