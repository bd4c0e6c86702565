"""What draws shows of the pool and of its rounds."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.draws.gauges import measure_pool, measure_rounds
from shared.contracts.profile import Status
from shared.stack.stack import Stack
from tests.conftest import service_dsn
from tests.integration.draws_bench import Bench, bench
from tests.unit.draws.samples import INSTANT, instruction, scored


@pytest.fixture
async def draws(stack: Stack, database: str) -> AsyncIterator[Bench]:
    async with bench(service_dsn(stack, database, "draws"), database) as opened:
        yield opened


async def test_the_pool_is_shown_by_band_and_a_round_that_waits_by_how_late_it_is(draws: Bench) -> None:
    await draws.read(scored("A00001", 500), scored("A00002", 491), scored("A00003", 700))
    await draws.read(scored("A00004", 495, status=Status.EXPIRED))
    await draws.approved(instruction("436", 10))
    draws.at(INSTANT - timedelta(hours=1))
    await measure_pool(draws.runtime)
    await measure_rounds(draws.runtime)
    assert REGISTRY.get_sample_value("ee_pool_profiles", {"band": "491-500"}) == 2
    assert REGISTRY.get_sample_value("ee_pool_profiles", {"band": "601-1200"}) == 1
    assert REGISTRY.get_sample_value("ee_rounds", {"state": "approved"}) == 1
    assert REGISTRY.get_sample_value("ee_round_late_seconds") == 0
    draws.at(INSTANT + timedelta(seconds=90))
    await measure_rounds(draws.runtime)
    assert REGISTRY.get_sample_value("ee_round_late_seconds") == 90
