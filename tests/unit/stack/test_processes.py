"""Child processes: stopped in time, never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from shared.stack import processes
from shared.stack.processes import Ledger, NotReadyError, Process, living

DEADLINE_S = 20.0
SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[list[str]], Process]]:
    started: list[Process] = []

    def start_one(argv: list[str]) -> Process:
        process = Process(f"child {len(started)}", argv, tmp_path / f"{len(started)}.log")
        process.start()
        started.append(process)
        process.wait_until(lambda: "up" in process.log.read_text(), DEADLINE_S)
        return process

    yield start_one
    for process in started:
        process.kill()


def test_a_child_that_ends_when_asked_is_not_killed(start: Callable[[list[str]], Process]) -> None:
    assert start(SLEEPER).stop(DEADLINE_S) == -signal.SIGTERM


def test_a_child_that_does_not_listen_is_killed_after_the_deadline(start: Callable[[list[str]], Process]) -> None:
    assert start(DEAF).stop(0.1) == -signal.SIGKILL


def test_a_paused_child_stands_still_until_it_is_resumed(start: Callable[[list[str]], Process]) -> None:
    child = start(SLEEPER)
    child.pause()
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED)
    child.resume()
    until(lambda: psutil.Process(child.pid).status() != psutil.STATUS_STOPPED)


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = Process("broken", [sys.executable, "-c", "raise SystemExit('port 1 is taken')"], tmp_path / "log")
    child.start()
    with pytest.raises(NotReadyError, match=r"broken ended with status 1: see .*\n.*port 1 is taken"):
        child.wait_until(lambda: False, DEADLINE_S)


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from shared.stack.processes import Process\n"
        f"child = Process('child', {SLEEPER!r}, Path({str(tmp_path / 'log')!r})); child.start()\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_next_start_ends_what_was_left_and_spares_a_pid_that_was_used_again(
    tmp_path: Path, start: Callable[[list[str]], Process]
) -> None:
    left, stranger = start(SLEEPER), start(SLEEPER)
    Ledger(tmp_path).enter([left])
    known = (tmp_path / "processes.json").read_text("utf-8")
    reused = known.replace("]]", f"], [{stranger.pid}, 1.0]]")
    (tmp_path / "processes.json").write_text(reused, "utf-8")

    assert Ledger(tmp_path).clear_up() == 1
    assert not left.alive
    assert stranger.alive
    assert Ledger(tmp_path).clear_up() == 0


def test_a_process_that_ends_while_it_is_cleared_up_is_no_error(
    tmp_path: Path, start: Callable[[list[str]], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = start(SLEEPER)
    Ledger(tmp_path).enter([left])

    def found_and_then_gone(pid: int, started: float) -> psutil.Process | None:
        found = living(pid, started)
        left.kill()
        return found

    monkeypatch.setattr(processes, "living", found_and_then_gone)
    assert Ledger(tmp_path).clear_up() == 1


def test_a_process_that_ended_and_was_not_reaped_does_not_count_as_running() -> None:
    child = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
    process = psutil.Process(child.pid)
    started = process.create_time()
    assert living(child.pid, started) == process
    child.kill()
    until(lambda: process.status() == psutil.STATUS_ZOMBIE)
    assert living(child.pid, started) is None
    child.wait()


def test_a_folder_is_held_by_one_stack_at_a_time(tmp_path: Path) -> None:
    first, second = Ledger(tmp_path), Ledger(tmp_path)
    first.claim()
    with pytest.raises(NotReadyError, match="a stack runs already in"):
        second.claim()
    first.release()
    second.claim()
    second.release()


def test_a_signal_to_a_child_that_is_gone_does_nothing(start: Callable[[list[str]], Process]) -> None:
    child = start(SLEEPER)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(DEADLINE_S) == -signal.SIGKILL
    child.send(signal.SIGTERM)
    assert child.stop() == -signal.SIGKILL
