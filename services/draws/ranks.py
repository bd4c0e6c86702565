"""Where a profile stands in every grouping that it is in, as the pool stands."""

from datetime import datetime

from services.draws import store
from services.draws.grouping import groupings_in
from services.draws.store import QUERIES
from shared.contracts.base import Instant, Message, ProfileId
from shared.contracts.profile import Status
from shared.worker.step import Connection


class Rank(Message):
    """A place in the ranking of a grouping, and how many can be invited in it."""

    rank: int
    eligible: int


class Standing(Message):
    """A profile in the pool. `ranks` is empty for one that cannot be invited."""

    profile_id: ProfileId
    status: str
    total: int
    submitted_at: Instant
    days_in_pool: int
    has_invitation: bool
    ranks: dict[str, Rank]


async def standing(connection: Connection, profile_id: str, now: datetime) -> Standing | None:
    """The standing of a profile, of one look at the pool; None where no score of it is known."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(QUERIES.profile_row, profile_id)
        if row is None or row["status"] is None:
            return None
        ranks: dict[str, Rank] = {}
        if row["status"] == Status.IN_POOL and not row["has_invitation"]:
            bits = await store.grouping_bits(connection)
            for key in sorted(groupings_in(row["groupings"], bits), key=lambda key: bits[key]):
                before, eligible = await connection.fetchrow(
                    QUERIES.count_before.format(mask=1 << bits[key]), row["total"], row["submitted_at"], profile_id
                ) or (0, 0)
                ranks[key] = Rank(rank=before + 1, eligible=eligible)
    return Standing(
        profile_id=profile_id,
        status=row["status"],
        total=row["total"],
        submitted_at=row["submitted_at"],
        days_in_pool=(now - row["submitted_at"]).days,
        has_invitation=row["has_invitation"],
        ranks=ranks,
    )
