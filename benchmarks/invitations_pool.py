"""A pool of any size, made by the database itself: ten categories, nominees, ties, one rule set."""

from datetime import UTC, date, datetime, timedelta

import asyncpg

from services.draws.offenders import names_in_force

INSTANT = datetime(2026, 8, 18, 14, 0, tzinfo=UTC)
DAY = INSTANT.date()
FIRST, LAST = date(2026, 3, 1), date(2026, 8, 17)
"""Days of submission, all under one combination of rule sets."""

RARE = "physicians"
CATEGORIES = {
    "education": 0.02,
    "french": 0.10,
    "healthcare": 0.06,
    "military": 0.0005,
    RARE: 0.002,
    "researchers": 0.01,
    "senior_managers": 0.01,
    "stem": 0.15,
    "trade": 0.04,
    "transport": 0.005,
}
"""The share of the pool that is eligible for each."""

PROGRAMS = {"CEC": 0.45, "FSW": 1.0, "FST": 0.02}
NOMINEES = 0.02

_ROWS = """
INSERT INTO pool
SELECT
    'B' || lpad(r.n::text, 9, '0'), 1, 1, 'in_pool', r.at, r.at + interval '365 days', $2::date,
    $2::date + 1 + (r.n %% 300)::integer, $3, false, CASE WHEN r.nominee THEN 600 ELSE 0 END + r.total,
    '{"A": {"total": 380, "age": 110, "education": 120}, "B": {"total": 0}, "C": {"total": 50}, "D": {"total": 0}}',
    'en', 1, CASE WHEN r.nominee THEN %(nominee)s ELSE %(others)s END, false, 1
FROM (
    SELECT
        n, random() < %(share)s AS nominee, (380 + 70 * random_normal())::integer %% 600 AS total,
        $4::timestamptz + floor(random() * $5) * interval '1 second' AS at
    FROM generate_series(1, $1) AS n
) AS r
"""


async def fill(admin: "asyncpg.Connection[asyncpg.Record]", candidates: int) -> None:
    """Fill the empty pool. The indexes are made afterwards, which is a tenth of the work."""
    names = names_in_force(DAY, FIRST)
    assert names == names_in_force(DAY, LAST)
    rule_sets = await admin.fetchval("INSERT INTO rule_sets (names) VALUES ($1) RETURNING id", names)
    keys = [f"category:{key}" for key in CATEGORIES]
    await admin.execute(
        "INSERT INTO grouping_bit SELECT key, 4 + n FROM unnest($1::text []) WITH ORDINALITY AS k (key, n)", keys
    )
    bits = {row["key"]: row["bit"] for row in await admin.fetch("SELECT key, bit FROM grouping_bit")}
    await admin.execute("INSERT INTO change (at) VALUES ($1)", INSTANT)
    indexes = await admin.fetch(
        "SELECT indexname, indexdef FROM pg_indexes "
        "WHERE schemaname = 'draws' AND tablename = 'pool' AND indexname <> 'pool_pkey'"
    )
    for row in indexes:
        await admin.execute(f"DROP INDEX {row['indexname']}")
    chances = {**PROGRAMS, **{f"category:{key}": share for key, share in CATEGORIES.items()}}
    others = " + ".join(
        ["1", *(f"CASE WHEN random() < {share} THEN {1 << bits[key]} ELSE 0 END" for key, share in chances.items())]
    )
    statement = _ROWS % {"nominee": 1 + (1 << bits["PNP"]), "others": others, "share": NOMINEES}
    seconds = int((LAST - FIRST) / timedelta(seconds=1))
    begin = datetime.combine(FIRST, datetime.min.time(), UTC)
    await admin.execute(statement, candidates, DAY, rule_sets, begin, seconds, timeout=7200)
    for row in indexes:
        await admin.execute(row["indexdef"], timeout=7200)
    await admin.execute("VACUUM ANALYZE pool", timeout=7200)
    await admin.execute("CHECKPOINT", timeout=7200)  # or what is measured pays for it
