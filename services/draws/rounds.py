"""Rounds of invitations, one at a time: wait until nothing is in flight, hold, certify.

Everything is taken up again from the stored row: a process that dies leaves an approved round, which the next one
waits for from the start, or a held one, which only lacks its certificate.
"""

import time
from collections.abc import Sequence
from functools import partial

from services.draws import round_store
from services.draws.certificate import certify
from services.draws.holding import hold
from services.draws.preview import eligible_moved
from services.draws.round_store import RoundRow
from services.draws.settings import DrawsSettings
from services.draws.steps import SERVICE_ITSELF
from services.draws.waiting import RoundRefused, RoundWithdrawn, Wait
from shared.contracts.base import Reason
from shared.contracts.rounds import RoundState
from shared.ops.log import log
from shared.worker.alone import alone
from shared.worker.loops import forever
from shared.worker.runtime import Runtime


async def hold_rounds(runtime: Runtime) -> None:
    """The task: go on with the next round whose instant has come, for ever."""
    settings = DrawsSettings()
    await forever("rounds", partial(one_round, runtime, settings, {}), settings.round_poll_ms / 1000)


async def one_round(runtime: Runtime, settings: DrawsSettings, patience: dict[str, float]) -> bool:
    """Go on with one round to its end; True if there was one.

    One process at a time; should one that was taken for frozen wake up, then a round is still held once, and two of
    them one after the other, since its transaction locks the round and the turn. `patience` keeps for each waiting
    round until when it waits, so that a failed turn does not begin it anew.
    """
    async with alone(runtime.pool, "draws.rounds") as mine:
        row = await _next(runtime) if mine else None
        if row is None:
            return False
        if row.state == "held":
            await certify(runtime, settings, row)
        else:
            until = patience.setdefault(row.content_hash, time.monotonic() + settings.round_time_limit_s)
            await _wait_and_hold(runtime, settings, row, until)
            patience.pop(row.content_hash, None)
        return True


async def _next(runtime: Runtime) -> RoundRow | None:
    async with runtime.pool.acquire() as connection:
        return await round_store.next_due(connection, runtime.clock.now())


async def _wait_and_hold(runtime: Runtime, settings: DrawsSettings, row: RoundRow, until: float) -> None:
    wait = Wait(runtime, settings, row, until)
    try:
        await wait.nothing_in_flight()
        while True:
            await wait.no_offenders()
            await _as_previewed(runtime, row)
            attempt = await hold(runtime, row)
            if attempt.held:
                log.info("round_over", round_id=row.round_id)
                return
            log.info("round_waits_again", round_id=row.round_id, waits_for=[one.code for one in attempt.found])
    except RoundWithdrawn:
        log.info("round_withdrawn", round_id=row.round_id)
    except RoundRefused as refused:
        await _refuse(runtime, row, refused.reasons)


async def _as_previewed(runtime: Runtime, row: RoundRow) -> None:
    """The number eligible is counted outside the transaction: it takes a scan, for which nobody should wait."""
    async with runtime.pool.acquire() as connection:
        moved = await eligible_moved(connection, row.instruction, row.preview)
    if moved:
        raise RoundRefused(moved)


async def _refuse(runtime: Runtime, row: RoundRow, reasons: Sequence[Reason]) -> None:
    async with runtime.pool.acquire() as connection, connection.transaction():
        current = await round_store.lock(connection, row.round_id)
        if current is None or current.state != "approved" or current.content_hash != row.content_hash:
            return
        step = runtime.step(connection, by_clock=True)
        await round_store.put_state(step, current, RoundState.REFUSED, SERVICE_ITSELF, reasons)
    log.warning("round_refused", round_id=row.round_id, reasons=[one.code for one in reasons])
