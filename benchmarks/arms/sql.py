"""`python -m benchmarks.arms.sql scoring`: all profiles at once, in one transaction.

The nightly batch, trivially right. It takes the published `profile` messages, the newest of each profile: they are the
contract, and what the other arms read; intake's table is intake's own. It evaluates them with the service's own
functions, then a COPY and one INSERT write the rows of scoring, on empty tables. It connects as the administrator,
since no service may make a temporary table. Nothing is published and nothing is kept up to date: draws would have to
read the table, a profile that comes a minute later waits for the next night, and one that can't be evaluated stops all.
"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.scoring.evaluation import Result, result_of, subject_of
from shared.contracts.profile import ProfileState
from shared.db.settings import DatabaseSettings
from shared.kafka.reader import latest
from shared.kafka.settings import KafkaSettings
from shared.rules.periods import utc_day

DEADLINE_S = 1800.0

INCOMING = """
CREATE TEMPORARY TABLE incoming (
    profile_id text, sequence bigint, profile_sequence bigint, status text, submitted_at timestamptz,
    expires_at timestamptz, correspondence_language text, facts text, due_at timestamptz, rule_sets text [],
    evaluated_on date, changed_at timestamptz, total smallint, provisional boolean, scored text, eligible text
) ON COMMIT DROP
"""

INSERT = """
WITH met AS (
    INSERT INTO rules (rule_sets) SELECT DISTINCT rule_sets FROM incoming
    ON CONFLICT (rule_sets) DO UPDATE SET rule_sets = excluded.rule_sets RETURNING id, rule_sets
),

kept AS (
    INSERT INTO facts (profile_id, profile_sequence, correspondence_language, expires_at, facts)
    SELECT profile_id, profile_sequence, correspondence_language, expires_at, facts FROM incoming
),

results AS (
    INSERT INTO result (
        profile_id, sequence, profile_sequence, facts_sequence, status, evaluated_on, changed_at, rules, total,
        provisional, scored, eligible
    )
    SELECT
        i.profile_id, i.sequence, i.profile_sequence, i.profile_sequence, i.status, i.evaluated_on, i.changed_at,
        m.id, i.total, i.provisional, i.scored, i.eligible
    FROM incoming AS i INNER JOIN met AS m USING (rule_sets)
)

INSERT INTO score (
    profile_id, sequence, profile_sequence, facts_sequence, status, submitted_at, evaluated_on, due_at, rules
)
SELECT
    i.profile_id, i.sequence, i.profile_sequence, i.profile_sequence, i.status, i.submitted_at, i.evaluated_on,
    i.due_at, m.id
FROM incoming AS i INNER JOIN met AS m USING (rule_sets)
"""


async def main(name: str) -> None:
    """The batch, once; then wait to be ended, so that the memory can be read."""
    settings = {"search_path": name, "timezone": "UTC", "jit": "off", "application_name": f"sql-{name}"}
    connection = await asyncpg.connect(
        DatabaseSettings().admin_dsn(name), server_settings=settings, command_timeout=DEADLINE_S
    )
    published = await latest(KafkaSettings(), "profile")
    states = [ProfileState.read(one.value) for one in published.values() if one.value is not None]
    rows = list(_rows(states, datetime.now(UTC)))
    async with connection.transaction():
        await connection.execute(INCOMING)
        await connection.copy_records_to_table("incoming", records=rows)
        await connection.execute(INSERT)
    await asyncio.Event().wait()


def _rows(states: list[ProfileState], now: datetime) -> Iterator[tuple[Any, ...]]:
    for state in states:
        result = result_of(subject_of(state, state.sequence), 1, max(utc_day(now), state.on), now)
        yield _row(result, state.facts.model_dump_json())


def _row(result: Result, facts: str) -> tuple[Any, ...]:
    """The columns of `incoming`, in order."""
    subject = result.subject
    return (
        *(subject.profile_id, result.sequence, subject.profile_sequence, subject.status.value, subject.submitted_at),
        *(subject.expires_at, subject.correspondence_language, facts, result.due_at, list(result.rule_sets)),
        *(result.on, result.changed_at, result.total, result.provisional, result.scored, result.eligible),
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
