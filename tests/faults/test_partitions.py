"""A worker that is cut off from the broker alone, or from the database alone: it does no harm, and comes back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.stack.processes import free_port
from tests.faults.load import number, submission
from tests.faults.proxy import Link
from tests.faults.rig import DEADLINE_S, Rig, metric, until


@pytest.fixture
async def to_broker(system: Rig) -> AsyncIterator[Link]:
    """The listener whose clients are told to come by the link."""
    inside, outside = system.proxied
    async with Link(inside).on(outside) as link:
        yield link
        await asyncio.to_thread(system.scale, scoring=0)  # the link carries what they say to the end
    await _one_worker(system)


@pytest.fixture
async def to_database(system: Rig) -> AsyncIterator[tuple[Link, int]]:
    port = free_port()
    async with Link(system.servers.postgres.port).on(port) as link:
        yield link, port
        await asyncio.to_thread(system.scale, scoring=0)  # the link carries what they say to the end
    await _one_worker(system)


async def _one_worker(system: Rig) -> None:
    system.scale(scoring=1)
    (worker,) = system.of("scoring")
    await until(lambda: metric(worker, "ee_partitions_assigned") > 0, "a member in its place")


async def test_a_worker_that_is_cut_off_from_the_broker_is_replaced_and_its_late_words_change_nothing(
    system: Rig, to_broker: Link
) -> None:
    keys = [number("CUTK", place) for place in range(60)]
    cut_off = system.start("scoring", EE_KAFKA_BOOTSTRAP=f"127.0.0.1:{system.proxied[1]}")
    await until(lambda: metric(cut_off, "ee_partitions_assigned") > 0, "a member by the link")
    await system.publish(submission(key) for key in keys)
    carried = to_broker.carried
    await until(lambda: to_broker.carried > carried, "something on its way")
    to_broker.cut()
    await system.publish(submission(key, 2) for key in keys)
    await system.quiet()  # the other member has all of it, while this one holds on to its connections
    assert metric(cut_off, "ee_partitions_assigned") > 0
    to_broker.mend()
    await system.publish(submission(key, 3) for key in keys)
    await system.reconciled()
    await system.ends_as_the_model_says("CUTK")
    await until(lambda: metric(cut_off, "ee_partitions_assigned") > 0, "back in the group")
    assert cut_off.alive


async def test_a_worker_that_is_cut_off_from_the_database_waits_in_place_and_goes_on(
    system: Rig, to_database: tuple[Link, int]
) -> None:
    link, port = to_database
    system.scale(scoring=0)
    dsn = f"postgresql://127.0.0.1:{port}/postgres"
    worker = system.start("scoring", EE_SCORING_POSTGRES_DSN=dsn, EE_SESSION_TIMEOUT_MS="10000")
    await until(lambda: metric(worker, "ee_partitions_assigned") > 0, "the only member")
    await system.publish([submission("CUTD-00000")])
    await system.quiet()
    scored, dead = await system.length("scored"), await system.length("profile.scoring.dlq")
    link.cut()
    keys = [number("CUTD", place) for place in range(60)]
    await system.publish(submission(key) for key in keys)
    await until(lambda: metric(worker, "ee_retries_total") > 0, "a statement that was given up")
    assert await system.length("scored") == scored
    assert await system.lag("scoring") > 0
    link.mend()
    async with asyncio.timeout(DEADLINE_S):
        await system.reconciled()
    await system.ends_as_the_model_says("CUTD")
    assert await system.length("profile.scoring.dlq") == dead
    assert metric(worker, "ee_partitions_assigned") > 0
