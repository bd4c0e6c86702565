"""Three brokers, each record on all of them: one may die at any time, and each may be exchanged, without anybody."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from shared.stack.kafka import Node
from shared.stack.stack import Stack
from tests.faults.load import NOW
from tests.faults.rig import Rig, load, own_stack, until

BROKERS = 3
SMALLER = {"EE_KAFKA_PARTITIONS": "3", "EE_STEP_POLL_MS": "500", "EE_RELAY_POLL_MS": "200"}
"""A broker that starts has every partition to open; and what polls leaves it less of the machine to do so."""
ROLLING_RESTARTS = 2


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_stack(tmp_path_factory.mktemp("cluster"), brokers=BROKERS, **SMALLER) as stack:
        yield stack


@pytest.fixture(scope="module")
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        made.scale(intake=1, scoring=1, draws=1, decisions=1)
        yield made


async def test_brokers_are_killed_in_turn_and_restarted_in_turn_under_load(system: Rig) -> None:
    processes = list(system.stack.processes)
    nodes = system.servers.kafka.nodes
    async with load(system, "THREE", pause_s=0.5):
        for node in nodes:
            await _through(system)
            node.process.kill()
            await _through(system)
            await _back(system, node)
        for node in nodes * ROLLING_RESTARTS:
            await asyncio.to_thread(node.process.stop)
            assert node.process.exit_code == 128 + signal.SIGTERM
            await _back(system, node)
    await system.reconciled()
    await system.ends_as_the_model_says("THREE")
    assert all(process.alive for process in processes)
    assert processes == system.stack.processes


async def _through(system: Rig) -> None:
    """Something more has come through all stages: what is done next is done under load."""
    await system.until_length("eligible", await system.length("eligible") + 12)


async def _back(system: Rig, node: Node) -> None:
    """Start a broker again; return when it has everything that the others have."""
    node.process.start()
    admin = AdminClient({"bootstrap.servers": system.stack.backend.bootstrap, "log_level": "0"})

    def in_sync() -> bool:
        try:
            topics = admin.list_topics(timeout=2).topics.values()
        except KafkaException:
            return False
        return all(len(p.isrs) == BROKERS for topic in topics for p in topic.partitions.values())

    await until(lambda: asyncio.to_thread(in_sync), "every partition on every broker", every_s=0.5)
