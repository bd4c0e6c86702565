"""What a stretch of work has cost: wall time, CPU seconds by part, memory."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: monotonic seconds, and CPU seconds by part since each part's start."""

    at: float
    cpu: Mapping[str, float]

    def since(self, before: "Reading") -> "Reading":
        """What was used between two readings."""
        return Reading(self.at - before.at, {part: cpu - before.cpu[part] for part, cpu in self.cpu.items()})


@dataclass(frozen=True, slots=True)
class Meter:
    """Parts by name, each with the process ids that it is made of (their children count too)."""

    parts: Mapping[str, tuple[int, ...]]

    def read(self) -> Reading:
        """CPU seconds now."""
        return Reading(time.monotonic(), {part: sum(map(_cpu, pids)) for part, pids in self.parts.items()})

    def largest_mib(self, part: str) -> int:
        """Resident memory of the largest process of a part."""
        return max(psutil.Process(pid).memory_info().rss for pid in self.parts[part]) // _MIB


def _cpu(pid: int) -> float:
    process = psutil.Process(pid)
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system + sum(_of(process.children(True)))


def _of(processes: Iterable[psutil.Process]) -> Iterable[float]:
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        yield times.user + times.system
