"""Places in the worker where a test can make a process die, stop or fail.

`EE_FAILPOINT=name:action[:first[:times]]`: from the `first` time that the step `name` is reached (1), `times` times
(1). `EE_FAILPOINT=@FILE`: these words stand in a file that is read at every step, so that a process which runs can be
armed and disarmed.

Actions: `kill` (SIGKILL to itself), `stop` (SIGSTOP), `raise` (a bug), `transient` (a database that is away).
Without the variable a failpoint costs one comparison.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "EE_FAILPOINT"


class InjectedBug(Exception):
    """Raised by a failpoint with the action `raise`."""


@dataclass(slots=True)
class _Armed:
    name: str
    action: str
    first: int = 1
    times: int = 1
    reached: int = 0

    def reach(self, name: str) -> None:
        if name != self.name:
            return
        self.reached += 1
        if self.first <= self.reached < self.first + self.times:
            _act(self.action)


@dataclass(slots=True)
class _Watched:
    """What a file asks for. Other words in it count anew."""

    file: Path
    words: str = ""
    armed: _Armed | None = None

    def reach(self, name: str) -> None:
        words = self.file.read_text("utf-8").strip() if self.file.exists() else ""
        if words != self.words:
            self.words, self.armed = words, _armed_by(words)
        if self.armed is not None:
            self.armed.reach(name)


def _armed_by(words: str) -> _Armed | None:
    if not words:
        return None
    name, action, *counts = words.split(":")
    return _Armed(name, action, *map(int, counts))


def _parse(value: str | None) -> _Armed | _Watched | None:
    if value and value.startswith("@"):
        return _Watched(Path(value[1:]))
    return _armed_by(value or "")


_armed = _parse(os.environ.get(VARIABLE))


def failpoint(name: str) -> None:
    """Do what the environment asks for where the step `name` is reached."""
    if _armed is not None:
        _armed.reach(name)


def _act(action: str) -> None:
    if action in {"kill", "stop"}:
        os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
    elif action == "transient":
        raise ConnectionError("failpoint")
    else:
        raise InjectedBug("failpoint")
