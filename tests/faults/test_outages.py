"""Servers that die, workers that freeze or are exchanged, all under load: nothing is lost, nobody is needed."""

import asyncio
from collections import Counter

import psutil
import pytest

from shared.kafka.producer import Record
from shared.worker.settings import WorkerSettings
from tests.faults.load import mixed, no_json, number, submission
from tests.faults.rig import Rig, load, metric, until

EXIT_S = 20.0
"""How long a worker may take to end when it is asked to."""

STORM = 5
"""Members that come, each in the place of one that goes."""

PATIENT = {"EE_SESSION_TIMEOUT_MS": "30000"}
"""Where nothing may be done twice, no member may be missed for being slow on a busy machine."""


async def test_the_broker_is_killed_and_comes_back(system: Rig) -> None:
    processes = list(system.stack.processes)
    (node,) = system.servers.kafka.nodes
    async with load(system, "BROKER"):
        node.process.kill()
        system.servers.kafka.restart(node)
        await system.reconnect()
    await system.publish(mixed("BROKERX", 12))
    await system.reconciled()
    await system.ends_as_the_model_says("BROKER")
    assert all(process.alive for process in processes)


async def test_the_database_crashes_and_comes_back(system: Rig) -> None:
    processes = list(system.stack.processes)
    dead = {service: await system.length(f"profile.{service}.dlq") for service in ("scoring", "decisions")}
    async with load(system, "TABLES"):
        system.servers.postgres.crash()
        system.servers.postgres.start()
        await system.reconnect()
    await system.reconciled()
    await system.ends_as_the_model_says("TABLES")
    assert all(process.alive for process in processes)
    assert dead == {service: await system.length(f"profile.{service}.dlq") for service in dead}


async def test_everything_is_killed_at_once(system: Rig) -> None:
    (node,) = system.servers.kafka.nodes
    async with load(system, "ALL"):
        for process in (*system.stack.processes, node.process, system.servers.postgres.process):
            process.kill()
        system.servers.postgres.start()
        system.servers.kafka.restart(node)
        system.scale(intake=1, scoring=1, draws=1, decisions=1)
        await system.reconnect()
    await system.reconciled()
    await system.ends_as_the_model_says("ALL")


@pytest.mark.parametrize("point", ["after_transaction", "before_state_published", "before_commit"])
async def test_a_frozen_worker_that_wakes_up_late_moves_nothing_back(system: Rig, point: str) -> None:
    prefix = f"ICE{point[:1].upper()}{len(point)}"
    keys = [number(prefix, place) for place in range(24)]
    frozen = system.of("scoring")[0]
    system.arm(frozen, f"{point}:stop")
    await system.publish(submission(key) for key in keys)
    await until(lambda: psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED, f"frozen {point}")
    system.scale(scoring=2)
    await system.publish(submission(key, 2) for key in keys)
    await system.quiet()
    system.arm(frozen, "")
    frozen.resume()
    await system.publish(submission(key, 3) for key in keys)
    await system.reconciled()
    await system.ends_as_the_model_says(prefix)
    assert frozen.alive
    system.scale(scoring=1)


async def test_three_workers_are_exchanged_one_by_one_and_nothing_is_done_twice(system: Rig) -> None:
    system.scale(scoring=0)
    for _ in range(3):
        system.start("scoring", **PATIENT)
    await until(lambda: all(metric(p, "ee_partitions_assigned") for p in system.of("scoring")), "three members")
    async with load(system, "ROLL", _once_each):
        for process in system.of("scoring"):
            codes = await asyncio.to_thread(system.stack.stop, process, deadline_s=EXIT_S)
            assert codes == [0]
            system.start("scoring", **PATIENT)
    await system.reconciled()
    await system.ends_as_the_model_says("ROLL")
    assert await _told_again(system, "ROLL") == []
    system.scale(scoring=1)


async def test_workers_that_come_and_go_all_the_time_lose_nothing_and_do_nothing_twice(system: Rig) -> None:
    system.scale(scoring=0)
    await _member(system)
    async with load(system, "STORM", _once_each):
        for _ in range(STORM):
            await _member(system)
            assert await asyncio.to_thread(system.stack.stop, system.of("scoring")[0], deadline_s=EXIT_S) == [0]
    await system.reconciled()
    await system.ends_as_the_model_says("STORM")
    assert await _told_again(system, "STORM") == []
    system.scale(scoring=1)


async def _member(system: Rig) -> None:
    """A new worker; returns when it has partitions."""
    process = system.start("scoring", **PATIENT)
    await until(lambda: metric(process, "ee_partitions_assigned"), "a new member")


async def _told_again(system: Rig, prefix: str) -> list[object]:
    """Results that were published more than once."""
    told = Counter((r.key, dict(r.headers)["ce_id"]) for r in await system.read("scored", prefix))
    return [event for event, times in told.items() if times > 1]


def _once_each(prefix: str, profiles: int) -> list[Record]:
    """Without copies: a copy that comes in is a copy that goes out."""
    return [submission(number(prefix, place)) for place in range(profiles)]


async def test_a_flood_of_our_own_bugs_trips_the_breaker_and_it_closes_by_itself(system: Rig) -> None:
    (intake,) = system.of("intake")
    limit, dead = WorkerSettings().breaker_limit, await system.length("submission.intake.dlq")
    system.arm(intake, "inside_transaction:raise:1:1000000")
    keys = [number("BUGS", place) for place in range(4 * limit)]
    await system.publish(submission(key) for key in keys)
    await until(lambda: metric(intake, "ee_breaker_open") == 1, "the breaker opened")
    assert await system.length("submission.intake.dlq") <= dead + limit
    system.arm(intake, "")
    await until(lambda: metric(intake, "ee_breaker_open") == 0, "the breaker closed")
    await system.reconciled()
    lost = {record.key for record in await system.read("submission.intake.dlq", "BUGS")}
    assert len(lost) <= limit
    assert {record.key for record in await system.read("profile", "BUGS")} | lost == {key.encode() for key in keys}


async def test_a_flood_of_bad_input_stops_nobody(system: Rig) -> None:
    (intake,) = system.of("intake")
    bad = [no_json(number("FLOOD", place)) for place in range(3 * WorkerSettings().breaker_limit)]
    good = submission("FLOODX-00001")
    dead = await system.length("submission.intake.dlq")
    await system.publish([*bad, good, *bad])
    await system.until_length("submission.intake.dlq", dead + 2 * len(bad))
    await system.reconciled()
    assert metric(intake, "ee_breaker_open") == 0
    assert len(await system.read("profile", "FLOODX")) == 1
