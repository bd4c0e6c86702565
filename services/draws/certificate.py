"""The certificate of a round: computed from the rows that it stood on, now and again years later."""

import hashlib
from dataclasses import dataclass

from services.draws import round_store, store
from services.draws.grouping import grouping_of
from services.draws.marks import mark_invited
from services.draws.round_store import RoundRow
from services.draws.settings import DrawsSettings
from services.draws.steps import SERVICE_ITSELF
from services.draws.store import QUERIES
from shared.contracts.rounds import Certificate, Invited, RoundState, TieBreak
from shared.rules.bands import distribution
from shared.rules.periods import utc_day
from shared.worker.failpoints import failpoint
from shared.worker.runtime import Runtime
from shared.worker.step import Connection


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The certificate, and the first of the grouping by rank as (profile number, score): who was to be invited."""

    certificate: Certificate
    first: list[tuple[str, int]]


async def certify(runtime: Runtime, settings: DrawsSettings, row: RoundRow) -> None:
    """Complete a held round: the marks in the pool, then its certificate and its fact, once.

    Can be done again from the start at any point.
    """
    await mark_invited(runtime)
    async with runtime.pool.acquire() as connection:
        made = await recompute(connection, row, settings.batch_timeout_s)
        failpoint("round_certificate_made")
        async with connection.transaction():
            step = runtime.step(connection, by_clock=True)
            await round_store.lock(connection, row.round_id)
            body = made.certificate.json_bytes().decode()
            if await connection.fetchval(QUERIES.put_certificate, row.round_id, body):
                await round_store.add_step(step, row, "certified", SERVICE_ITSELF)
                await round_store.add_fact(
                    step, row, RoundState.HELD, approved_by=row.approved_by, certificate=made.certificate
                )


async def recompute(connection: Connection, row: RoundRow, timeout_s: float) -> Recomputed:
    """The round again from the kept rows, as they were just before its change number."""
    assert row.result is not None
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(QUERIES.take_time, f"{int(timeout_s * 1000)}")
        bits = await store.grouping_bits(connection)
        mask = 1 << bits[grouping_of(row.instruction)]
        instant = row.instruction.instant
        counts = await connection.fetch(QUERIES.kept_counts, row.change_number, instant, mask, timeout=timeout_s)
        names = await connection.fetch(QUERIES.kept_rule_sets, row.change_number, timeout=timeout_s)
        lines = Lines(row.instruction.invitations)
        await connection.copy_from_query(
            QUERIES.kept_lines, row.change_number, instant, mask, output=lines.feed, timeout=timeout_s
        )
    certificate = Certificate(
        round_id=row.round_id,
        held_at=instant,
        on=utc_day(instant),
        eligible=sum(count["grouping_size"] for count in counts),
        invited=len(lines.first),
        cut_off=lines.first[-1][1] if lines.first else None,
        tie_break=lines.tie_break(),
        distribution=distribution({count["total"]: count["pool"] for count in counts}),
        grouping_hash=lines.hash.hexdigest(),
        rule_sets=sorted({name for found in names for name in found["names"].split(",")}),
        held_entries=row.result["held_entries"],
        change_number=row.change_number or 0,
        offsets=row.result["offsets"],
    )
    return Recomputed(certificate, [(profile_id, total) for profile_id, total, _ in lines.first])


async def differences(connection: Connection, row: RoundRow, timeout_s: float) -> list[str]:
    """Where the round as recomputed differs from its certificate or from its invitations; empty: the same."""
    made = await recompute(connection, row, timeout_s)
    published = row.certificate.model_dump(mode="json") if row.certificate else {}
    again = made.certificate.model_dump(mode="json")
    found = [name for name, value in again.items() if published.get(name) != value]
    issued = await connection.fetch(QUERIES.invitations_of_round, row.round_id)
    messages = [Invited.read(one["body"].encode()) for one in issued]
    if [(message.profile_id, message.total) for message in messages] != made.first:
        found.append("invitations")
    return found


class Lines:
    """The ordered grouping as it streams by: its hash, and the first `wanted` lines."""

    def __init__(self, wanted: int) -> None:
        self.hash = hashlib.sha256()
        self.first: list[tuple[str, int, str]] = []
        self._wanted = wanted
        self._rest = b""

    async def feed(self, chunk: bytes) -> None:
        """Take the next bytes: lines `score TAB instant of submission TAB profile number`."""
        self.hash.update(chunk)
        if len(self.first) == self._wanted:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines[: self._wanted - len(self.first)]:
            total, submitted_at, profile_id = line.decode().split("\t")
            self.first.append((profile_id, int(total), submitted_at))

    def tie_break(self) -> TieBreak | None:
        """The instant that closed the round, and the last profile invited."""
        if not self.first:
            return None
        profile_id, _, submitted_at = self.first[-1]
        return TieBreak.model_validate({"profile_id": profile_id, "submitted_at": submitted_at})
