"""A stop and what comes after it: the start, the catch-up of what queued up meanwhile, and a round among them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from benchmarks.bed import PIPELINE, POOL, Bed, on_a_bed, submissions
from benchmarks.invitations import approved, pool_of
from shared.worker.clock import SystemClock

BEFORE = 500
"""Profiles in the pool before the stop."""
INVITATIONS = 5_000
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds to readiness of all four services and to the first row after a stop; profiles a second from there on,
    and in each half of them; seconds from the instant of a round to its last `invited`; memory by service, MiB, early
    and late in the catch-up.
    """

    ready_s: float
    first_s: float
    per_s: float
    halves_per_s: tuple[float, float]
    invited_s: float
    memory_mib: Mapping[str, tuple[int, int]]


def after_a_stop(queued: int) -> Found:
    """All services end, so many submissions queue up, all services start again."""
    sent = submissions(queued)

    async def run(on: Bed) -> Found:
        await on.publish(submissions(BEFORE, "W"))
        on.start("ours", (*PIPELINE, "decisions"))
        await on.until(BEFORE, POOL)
        on.stop()
        await on.publish(sent)
        began = time.monotonic()
        on.start("ours", (*PIPELINE, "decisions"))
        ready = asyncio.create_task(_ready(on, began))
        first = await on.until(BEFORE + 1, POOL)
        first_at = time.monotonic()
        await on.until(BEFORE + queued // 10, POOL)
        early = _memory(on)
        half, half_at = await on.until(BEFORE + queued // 2, POOL), time.monotonic()
        whole, whole_at = await on.until(BEFORE + queued, POOL), time.monotonic()
        late = _memory(on)
        invited_s = await _round(on, min(INVITATIONS, queued // 2))
        memory = {service: (early[service], late[service]) for service in early}
        halves = (half - first) / (half_at - first_at), (whole - half) / (whole_at - half_at)
        per_s = (whole - first) / (whole_at - first_at)
        return Found(await ready, first_at - began, per_s, halves, invited_s, memory)

    return on_a_bed(run)


async def _ready(on: Bed, began: float) -> float:
    await asyncio.to_thread(on.wait_until_ready)
    return time.monotonic() - began


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
