"""A reader at two terminals, who types what the pages show, as it is printed."""

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.docs.pages import ROOT

PATIENCE_S = 180.0
DAY = "2026-09-10"
"""On it the example's papers are valid, whenever the test runs: there the clock stands, and `date` says it."""

_SHOWN = ("examples", "tests", "benchmarks", "services", "shared", "pyproject.toml")


class Reader:
    """In a folder that looks like a clone, so that `.dev`, `.venv` and `secrets` are its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _SHOWN:
            (folder / name).symlink_to(ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "date").write_text(f'#!/bin/sh\nTZ=UTC exec /bin/date -d {DAY}T00:00:00Z "$@"\n', "utf-8")
        (folder / "date").chmod(0o755)
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        bare = {name: value for name, value in os.environ.items() if not name.startswith("EE_")}
        self._env = {**bare, "PATH": path, "PYTHONPATH": str(ROOT)}

    def types(self, script: str, *, answers: str = "") -> str:
        """Run these lines, all of which succeed; what they printed. `answers`: what is typed when something asks."""
        ours, theirs = pty.openpty()
        os.write(ours, answers.encode())
        try:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self._env,
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        finally:
            os.close(ours)
            os.close(theirs)
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    def starts(self, script: str, until_said: str) -> "subprocess.Popen[str]":
        """Run what stays, up to a line with this in it."""
        process = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = threading.Timer(PATIENCE_S, os.killpg, (process.pid, signal.SIGKILL))
        deadline.start()
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if re.search(until_said, line):
                    return process
            raise AssertionError(f"{script}\n{''.join(said)}")
        finally:
            deadline.cancel()


def interrupt(process: "subprocess.Popen[str]") -> int:
    """Ctrl-C, which the terminal sends to all that runs in it; the exit status."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode
