"""The real consume loop over interleavings of poll, crash, revoke, and every call that fails or loses its answer."""

import asyncio
from collections import defaultdict
from typing import Any
from unittest.mock import patch

from aiokafka import TopicPartition
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.worker.record import Record
from tests.unit.worker.simulated import BUG, FACT, GOOD, POISON, STATE, TOPIC, Broker, Database, Noted, Worker

PARTITIONS = tuple(TopicPartition(TOPIC, number) for number in range(2))
KEYS = {PARTITIONS[0]: (b"A", b"B"), PARTITIONS[1]: (b"C",)}
TICKS = 40
"""Turns of the event loop in which everything comes to its next gate."""


class ConsumeLoop(RuleBasedStateMachine):
    """Two workers share two partitions."""

    def __init__(self) -> None:
        super().__init__()
        self.patches: list[Any] = [patch("shared.worker.consumer.log"), patch("shared.worker.consumer._YIELD_S", 0.0)]
        for one in self.patches:
            one.start()
        self.loop = asyncio.new_event_loop()
        self.broker = Broker()
        self.database, self.workers = self.loop.run_until_complete(self._start())
        self.broker.owner = {PARTITIONS[0]: 0, PARTITIONS[1]: 1}

    async def _start(self) -> tuple[Database, list[Worker]]:
        database = Database()
        return database, [Worker(self.broker, database, number) for number in range(2)]

    def _turn(self) -> None:
        async def ticks() -> None:
            for _ in range(TICKS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(ticks())

    @rule(place=st.integers(0, 2), values=st.lists(st.sampled_from((GOOD, GOOD, GOOD, POISON, BUG)), max_size=6))
    def produce(self, place: int, values: list[bytes]) -> None:
        partition, key = [(p, key) for p, keys in KEYS.items() for key in keys][place]
        log = self.broker.log[partition]
        log += [Record(TOPIC, partition.partition, len(log) + n, key, value, (), 0) for n, value in enumerate(values)]

    @rule(number=st.integers(0, 1), size=st.integers(1, 6))
    def poll(self, number: int, size: int) -> None:
        worker = self.workers[number]
        if not worker.busy and (records := worker.member.poll(size)):
            worker.overtaken = False
            worker.task = self.loop.create_task(worker.consumer.take(records, worker.member))
            self._turn()

    @rule(number=st.integers(0, 1), answer=st.sampled_from(("ok", "ok", "ok", "fails", "lost")))
    def step(self, number: int, answer: str) -> None:
        """What the worker waits to do is done, fails, or is done and the answer is lost."""
        gate = self.workers[number].gate
        if gate.waiting is not None and not gate.leave.done():
            gate.waiting = None
            gate.leave.set_result(answer)
            self._turn()

    @rule(number=st.integers(0, 1))
    def crash(self, number: int) -> None:
        """A process ends at whatever it is about to do, and another takes its place.

        Only one that owns its partitions: what a member does after it was taken for dead, and dies of then, can leave
        an older state behind a newer one, which reconciliation finds.
        """
        if self.workers[number].busy and self.workers[number].overtaken:
            return
        self._stop(number)
        self.workers[number] = self.loop.run_until_complete(self._worker(number))

    def _stop(self, number: int) -> None:
        worker = self.workers[number]
        if worker.busy and worker.task is not None:
            worker.task.cancel()
            self._turn()

    async def _worker(self, number: int) -> Worker:
        return Worker(self.broker, self.database, number)

    @rule(place=st.integers(0, 1), to=st.integers(0, 1))
    def rebalance(self, place: int, to: int) -> None:
        """A partition goes to another member, also while its batch is in flight there: the drain ran out of time."""
        partition = PARTITIONS[place]
        before = self.broker.owner[partition]
        if before == to:
            return
        worker = self.workers[before]
        if worker.busy:
            worker.overtaken = True
        self.broker.owner[partition] = to
        worker.member.position.pop(partition, None)
        self.workers[to].member.position.pop(partition, None)

    @rule(number=st.integers(0, 1))
    def give_back(self, number: int) -> None:
        """A revoke or a shutdown: a batch that would have to wait is given back instead."""
        self.workers[number].listener.yielding.set()

    @rule(number=st.integers(0, 1))
    @precondition(lambda self: any(worker.listener.yielding.is_set() for worker in self.workers))
    def go_on(self, number: int) -> None:
        self.workers[number].listener.yielding.clear()

    @invariant()
    def what_is_committed_was_published(self) -> None:
        facts = {(r.key, Noted.read(r.value or b"").offset) for r in self.broker.of(FACT)}
        states: dict[bytes | None, int] = defaultdict(int)
        for record in self.broker.of(STATE):
            states[record.key] = max(states[record.key], int(record.value or b""))
        dead = self._dead()
        for partition, end in self.broker.committed.items():
            for read in self.broker.log[partition][:end]:
                if read.value == GOOD:
                    assert (read.key, read.offset) in facts
                    assert states[read.key] >= read.offset
                else:
                    assert (partition.partition, read.offset) in dead

    def _dead(self) -> set[tuple[int, int]]:
        found = set()
        for record in self.broker.of(f"{TOPIC}.intake.dlq"):
            added = dict(record.headers)
            found.add((int(added["dlq-partition"] or b""), int(added["dlq-offset"] or b"")))
        return found

    @invariant()
    def facts_of_a_key_are_numbered_and_first_come_in_order(self) -> None:
        first: dict[bytes | None, list[tuple[int, int]]] = defaultdict(list)
        for record in self.broker.of(FACT):
            fact = Noted.read(record.value or b"")
            if (fact.sequence, fact.offset) not in first[record.key]:
                first[record.key].append((fact.sequence, fact.offset))
        for found in first.values():
            assert [sequence for sequence, _ in found] == list(range(1, len(found) + 1))
            assert found == sorted(found, key=lambda one: one[1])

    def teardown(self) -> None:
        try:
            self._come_to_an_end()
            self._everything_is_there()
        finally:
            for number in range(2):
                self._stop(number)
            self.loop.close()
            for one in self.patches:
                one.stop()

    def _come_to_an_end(self) -> None:
        for _ in range(2000):
            for number, worker in enumerate(self.workers):
                worker.listener.yielding.clear()
                self.step(number, "ok")
                self.poll(number, 4)
            if not any(worker.busy for worker in self.workers):
                break
        for worker in self.workers:
            repaying = worker.task = self.loop.create_task(worker.publisher.repay())
            for _ in range(50):
                self._turn()
                if not repaying.done() and not worker.gate.leave.done():
                    worker.gate.leave.set_result("ok")

    def _everything_is_there(self) -> None:
        ends = {partition: len(log) for partition, log in self.broker.log.items() if log}
        assert {partition: end for partition, end in self.broker.committed.items() if end} == ends
        self.what_is_committed_was_published()
        last = {record.key: record.value for record in self.broker.of(STATE)}
        rows = self.database.tables.rows
        assert last == {key.encode(): str(offset).encode() for key, (_, offset) in rows.items()}
        assert self.database.tables.outbox == {}
        bad = {(p.partition, r.offset) for p, log in self.broker.log.items() for r in log if r.value != GOOD}
        assert self._dead() == bad


TestConsumeLoop = ConsumeLoop.TestCase
TestConsumeLoop.settings = settings(max_examples=30, stateful_step_count=50, deadline=None)
