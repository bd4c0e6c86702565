"""A stop and what comes after it: the start, the catch-up of what queued up meanwhile, and a round among them."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.request import urlopen

import psutil

from benchmarks.bed import PIPELINE, Bed, on_a_bed, submissions
from benchmarks.invitations import approved, pool_of
from shared.stack.processes import Process
from shared.worker.clock import SystemClock

BEFORE = 500
"""Profiles in the pool before the stop."""
INVITATIONS = 5_000
READY_S = 120.0
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds to readiness of all four services and to the first row after a stop; profiles a second from there on;
    seconds from the instant of a round to its last `invited`; memory by service, MiB, early and late in the catch-up.
    """

    ready_s: float
    first_s: float
    per_s: float
    invited_s: float
    memory_mib: Mapping[str, tuple[int, int]]


def after_a_stop(queued: int) -> Found:
    """All services end, so many submissions queue up, all services start again."""
    sent = submissions(queued)

    async def run(on: Bed) -> Found:
        await on.publish(submissions(BEFORE, "W"))
        on.start("ours", (*PIPELINE, "decisions"))
        await on.until(BEFORE, "draws.pool")
        on.stop()
        await on.publish(sent)
        began = time.monotonic()
        on.start("ours", (*PIPELINE, "decisions"))
        ready = asyncio.create_task(_ready(on, began))
        first = await on.until(BEFORE + 1, "draws.pool")
        first_at = time.monotonic()
        await on.until(BEFORE + queued // 10, "draws.pool")
        early = _memory(on)
        await on.until(BEFORE + queued, "draws.pool")
        per_s = (BEFORE + queued - first) / (time.monotonic() - first_at)
        late = _memory(on)
        invited_s = await _round(on, min(INVITATIONS, queued // 2))
        memory = {service: (early[service], late[service]) for service in early}
        return Found(await ready, first_at - began, per_s, invited_s, memory)

    return on_a_bed(run)


async def _ready(on: Bed, began: float) -> float:
    for process in on.running:
        await asyncio.to_thread(process.wait_until, partial(_is_ready, process), READY_S)
    return time.monotonic() - began


def _is_ready(process: Process) -> bool:
    with suppress(OSError):  # not there yet, or there and not ready (503)
        return bool(urlopen(f"http://127.0.0.1:{process.env['EE_HTTP_PORT']}/readyz", timeout=1).status == 200)
    return False


def _memory(on: Bed) -> dict[str, int]:
    return {
        process.name.partition("-")[0]: psutil.Process(process.pid).memory_info().rss // _MIB for process in on.running
    }


async def _round(on: Bed, invitations: int) -> float:
    """A general round of now; its tables may be provisional, since today's need not be confirmed yet."""
    now = datetime.now(UTC)
    async with pool_of(on.backend.admin_dsn, clock=SystemClock()) as runtime:
        day = {"instant": now, "period_from": now.date(), "period_to": now.date()}
        await approved(runtime, invitations=invitations, accept_provisional=True, **day)
    began = time.monotonic()
    await on.until_published("invited", invitations)
    return time.monotonic() - began
