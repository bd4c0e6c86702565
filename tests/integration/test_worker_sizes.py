"""A state that its topic does not take is refused where it is written, so that the relay never meets it."""

import asyncpg
import pytest

from shared.worker.errors import is_transient
from tests.conftest import Connect

WRITES = {
    "intake": (
        "INSERT INTO profile (profile_id, revision, sequence, newest, status, language, invited, body, changed_at)"
        " VALUES ('A', 1, 1, 1, 'in_pool', 'en', false, repeat('x', {}), now())"
    ),
    "scoring": (
        "INSERT INTO result (profile_id, sequence, profile_sequence, facts_sequence, status, evaluated_on, changed_at,"
        " rules, total, provisional, scored, eligible)"
        " VALUES ('A', {0}, 1, 1, 'in_pool', '2026-08-01', now(), 1, 1, false, '{{}}', repeat('x', {0}))"
    ),
}


@pytest.mark.parametrize("service", WRITES)
async def test_a_body_beyond_the_limit_of_its_topic_fails_what_causes_it(service: str, connect: Connect) -> None:
    connection = await connect(service)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await connection.execute(WRITES[service].format(1_000_001))
    assert not is_transient(refused.value)
    await connection.execute(WRITES[service].format(1_000_000))
