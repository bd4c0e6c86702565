"""`make soak`: random faults under load for as long as asked; at the end nothing is lost, nothing twice, nothing grew.

    python -m tests.faults.soak --minutes 10 --seed 7

The same seed gives the same order of faults. One process of each service, the witness, is never killed itself: what
it holds (memory, file handles, connections, rows that wait in the outbox) is compared at the end with what it held at
the beginning.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median

import asyncpg
import psutil

from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack
from shared.worker.progress import Growth
from tests.faults.load import NOW
from tests.faults.rig import Rig, load, own_stack

PORTION_EVERY_S = 0.3
LOOK_EVERY_S = 0.25
MEMORY_MAY_GROW = 1.2
HANDLES_MAY_GROW = 16
"""What a pool or a client may hold more after a fault than before it."""
WAIT_MAY_GROW_S = 15
"""A broker or a database that is away for longer in one part of the run than in the other."""

Held = Mapping[str, tuple[float, ...]]
"""Service to bytes of memory, file handles and connections to the database of its witness, and to the longest wait of
a row in its outbox, seconds.
"""

HOLDS: Mapping[str, Callable[[float], float]] = {
    "bytes of memory": lambda before: before * MEMORY_MAY_GROW,
    "file handles": lambda before: before + HANDLES_MAY_GROW,
    "connections": lambda before: before + HANDLES_MAY_GROW,
    "seconds in the outbox": lambda before: before + WAIT_MAY_GROW_S,
}
"""What is compared, and how much of it there may be at the end."""


class Outboxes:
    """For how long rows wait in the outboxes, looked at all the time."""

    def __init__(self, system: Rig) -> None:
        self._system = system
        self._growth = {service: Growth() for service in SERVICES}
        self._longest = dict.fromkeys(SERVICES, 0.0)

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the database is away: look later
                for service in SERVICES:
                    await self._look(service)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, service: str) -> None:
        extent = f"SELECT min(id) AS first, max(id) AS last FROM {service}.outbox"
        ((first, last),) = await self._system.rows(extent)
        if first is not None:
            waiting_s = self._growth[service].waiting_s(time.monotonic(), last, first - 1)
            self._longest[service] = max(self._longest[service], waiting_s)

    def longest(self) -> dict[str, float]:
        """The longest wait since this was last asked, seconds."""
        found, self._longest = self._longest, dict.fromkeys(SERVICES, 0.0)
        return found


class Soak:
    """One run on a system that is up."""

    def __init__(self, system: Rig, random: Random) -> None:
        self._system = system
        self._random = random
        self._witnesses = {service: system.start(service) for service in SERVICES}
        self._others = {service: system.start(service) for service in SERVICES}
        self._held: list[Held] = []
        self._outboxes = Outboxes(system)
        self.faults: dict[str, Callable[[], Awaitable[None]]] = {
            "a worker is killed": self._kill,
            "a worker is frozen and wakes up late": self._freeze,
            "a worker is exchanged": self._exchange,
            "the broker is killed": self._broker,
            "the database crashes": self._database,
            "everything but the witnesses is killed": self._everything,
            "a day passes": self._midnight,
        }

    async def run(self, minutes: float) -> list[str]:
        """Fault after fault; returns what was wrong."""
        watching = asyncio.create_task(self._outboxes.watch())
        try:
            await self._rounds(minutes)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        return self._grown()

    async def _rounds(self, minutes: float) -> None:
        until, round_ = time.monotonic() + 60 * minutes, 0
        while time.monotonic() < until:
            name = self._random.choice(list(self.faults))
            prefix = f"SOAK{round_}X"
            async with load(self._system, prefix, pause_s=PORTION_EVERY_S):
                await self.faults[name]()
            report = await self._system.reconciled()
            await self._system.ends_as_the_model_says(prefix)
            self._held.append(await self._holding())
            round_ += 1
            clean = f"clean, {report.counts['submission: records']:,} submissions"
            waited_s = max(held[-1] for held in self._held[-1].values())
            print(f"{round_:>4}  {name}: {clean}; a row waited for {waited_s:.1f} s", flush=True)

    def _other(self) -> str:
        return self._random.choice(SERVICES)

    async def _kill(self) -> None:
        service = self._other()
        self._others[service].kill()
        self._replace(service)

    async def _freeze(self) -> None:
        victim = self._others[self._other()]
        victim.pause()
        await asyncio.sleep(self._random.uniform(0.5, 8))  # around the session timeout, on both sides of it
        victim.resume()

    async def _exchange(self) -> None:
        service = self._other()
        await asyncio.to_thread(self._system.end, self._others[service])
        self._others[service] = self._system.start(service)

    async def _broker(self) -> None:
        (node,) = self._system.servers.kafka.nodes
        node.process.kill()
        self._system.servers.kafka.restart(node)
        await self._system.reconnect()

    async def _database(self) -> None:
        self._system.servers.postgres.crash()
        self._system.servers.postgres.start()
        await self._system.reconnect()

    async def _everything(self) -> None:
        for service in SERVICES:
            self._others[service].kill()
        await self._broker()
        await self._database()
        for service in SERVICES:
            self._replace(service)

    async def _midnight(self) -> None:
        await self._system.advance(self._system.now + timedelta(days=1))

    def _replace(self, service: str) -> None:
        self._system.stack.processes.remove(self._others[service])
        self._others[service] = self._system.start(service)

    async def _holding(self) -> Held:
        found, waited = {}, self._outboxes.longest()
        for service, witness in self._witnesses.items():
            assert witness.alive, f"{witness.name} ended by itself: see {witness.log}"
            process = psutil.Process(witness.pid)
            rows = await self._system.rows(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE client_port = ANY($1::integer[])",
                _ports(process),
            )
            found[service] = process.memory_info().rss, process.num_fds(), rows[0]["n"], waited[service]
        return found

    def _grown(self) -> list[str]:
        """What the last third of the run held more than the first third after a warm-up."""
        third = max(len(self._held) // 3, 1)
        early, late = self._held[1 : 1 + third] or self._held, self._held[-third:]
        wrong = []
        for service in SERVICES:
            for place, (what, limit) in enumerate(HOLDS.items()):
                before, after = (median(held[service][place] for held in part) for part in (early, late))
                print(f"{service:<10} {what:<22} {before:>14,.1f} -> {after:>14,.1f}")
                if after > limit(before):
                    wrong.append(f"{service} holds {after:,.1f} {what} at the end, {before:,.1f} at the beginning")
        return wrong


def _ports(process: psutil.Process) -> list[int]:
    return [c.laddr.port for c in process.net_connections("inet") if c.status == psutil.CONN_ESTABLISHED]


async def soak(stack: Stack, minutes: float, seed: int) -> list[str]:
    """Run on a stack that is up."""
    async with Rig(stack, NOW) as system:
        return await Soak(system, Random(seed)).run(minutes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a broker is gone is the point
    with tempfile.TemporaryDirectory(prefix="ee-soak-") as folder, own_stack(Path(folder)) as stack:
        wrong = asyncio.run(soak(stack, given.minutes, given.seed))
    print("\n".join(wrong) or "nothing lost, nothing twice, nothing grew")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
