"""Child processes: started with a log file, stopped in time, and never left behind."""

import contextlib
import ctypes
import fcntl
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_PORTS = 15_000, 32_000
"""Below those from which the kernel numbers outgoing connections."""
_RANDOM = random.SystemRandom()
_LIBC = ctypes.CDLL(None, use_errno=True)


class NotReadyError(Exception):
    """A process did not come up; the text names its log."""


@dataclass(slots=True)
class Process:
    """One child. If this process dies, however it dies, the kernel sends the child `death_signal`.

    The kernel means the thread that started it: start children from one that lives as long as they do.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    death_signal: signal.Signals = signal.SIGKILL
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to the end of its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        death, parent = int(self.death_signal), os.getpid()

        def tie_to_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, death)
            if os.getppid() != parent:  # it died before the tie was made: no signal would ever come
                os._exit(1)

        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 (our own command lines)
                list(self.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                start_new_session=True,  # Ctrl-C is for the parent, which stops its children in order
                preexec_fn=tie_to_parent,  # noqa: PLW1509 (one system call, no lock)
            )

    @property
    def pid(self) -> int:
        if self._child is None:
            raise NotReadyError(f"{self.name} was not started")
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return None if self._child is None else self._child.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.alive:
            os.kill(self.pid, number)

    def wait(self, deadline_s: float) -> int:
        """Its exit code. Raises `NotReadyError` when it has not ended in time."""
        if self._child is None:
            raise NotReadyError(f"{self.name} was not started")
        try:
            return self._child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise NotReadyError(f"{self.name} did not end within {deadline_s:g} s: see {self.log}") from None

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.send(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def pause(self) -> None:
        """SIGSTOP: it holds everything and does nothing."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.send(signal.SIGCONT)

    def stop(self, deadline_s: float = 30.0, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Ask it to end; SIGKILL after the deadline. Returns the exit code."""
        self.send(number)
        return self.end(deadline_s)

    def end(self, deadline_s: float = 30.0) -> int | None:
        """Wait until it has ended by itself; SIGKILL after the deadline. Returns the exit code.

        Who was asked already is not asked again: a process that has all but ended has let go of its handlers, so
        that a second SIGTERM would end it by the signal instead of with 0.
        """
        if self._child is None:
            return None
        try:
            self._child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
        return self._child.returncode

    def wait_until(self, ready: Callable[[], bool], deadline_s: float) -> None:
        """Return when `ready` says so. Raises `NotReadyError` when the process ends or the time is over."""
        until = time.monotonic() + deadline_s
        while not ready():
            if not self.alive:
                raise NotReadyError(f"{self.name} ended with status {self.exit_code}: see {self.log}{self._tail()}")
            if time.monotonic() > until:
                raise NotReadyError(f"{self.name} was not ready within {deadline_s:g} s: see {self.log}")
            time.sleep(POLL_S)

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text("utf-8", errors="replace").splitlines()
            return "".join(f"\n  {line}" for line in lines[-3:])
        return ""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now, and that no connection going out will be given in between."""
    while True:
        port = _RANDOM.randrange(*_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def answers(port: int) -> bool:
    """Whether something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Ledger:
    """The pids that were started in a folder, so that the next start ends what a killed one left behind."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "processes.json"
        self._lock: IO[bytes] | None = None

    def claim(self) -> None:
        """Hold the folder until `release` or death. Raises `NotReadyError` when a living process holds it."""
        lock = (self._file.parent / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise NotReadyError(
                f"a stack runs already in {self._file.parent}: stop that one, or name another folder"
            ) from None
        self._lock = lock

    def release(self) -> None:
        """Let the next start have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def enter(self, processes: Sequence[Process]) -> None:
        """Remember these children by pid and start time (pids are used again)."""
        known = [[p.pid, psutil.Process(p.pid).create_time()] for p in processes if p.alive]
        self._file.write_text(json.dumps(known), "utf-8")

    def clear_up(self) -> int:
        """Kill what still runs of an earlier start; returns how many."""
        if not self._file.exists():
            return 0
        left = [p for pid, started in json.loads(self._file.read_text("utf-8")) if (p := living(pid, started))]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself at any instant
                children = process.children(recursive=True)
                process.kill()
                for child in children:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
        psutil.wait_procs(left, timeout=10)
        self._file.unlink()
        return len(left)


def living(pid: int, started: float) -> psutil.Process | None:
    """The process of this pid, if it still runs and is the one that started then (pids are used again)."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # it ended, and whoever started it has not looked
            return None
        return process if abs(process.create_time() - started) < 1 else None
    except psutil.NoSuchProcess:
        return None
