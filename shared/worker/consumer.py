"""The consume loop: a batch in, one transaction, publish, await acks, commit the offsets.

What happens next is decided in `batch.py`; here it is done. The rules that keep messages (FastStream's and
aiokafka's defaults lose them): nothing raised here leaves a batch half done, offsets are explicit and come last, a
revoke waits for the batch in flight, and a batch that cannot be finished is rewound, never skipped.
"""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.ops import metrics
from shared.ops.log import log
from shared.worker import dead_letters
from shared.worker.batch import Batch, Breaker, Outcome, Phase, after, backoff_s
from shared.worker.decode import decode
from shared.worker.errors import is_transient
from shared.worker.failpoints import failpoint
from shared.worker.held import HeldTable, is_ours
from shared.worker.record import DeadLetter, Message, Poison, Record
from shared.worker.runtime import Runtime


class BreakerOpenError(Exception):
    """Too many failures of our own in a row: the topic backs up, nothing more goes to the dead letters."""


class GroupConsumer(Protocol):
    """The part of aiokafka's consumer that is used here."""

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...
    def assignment(self) -> Iterable[TopicPartition]: ...


@dataclass(slots=True)
class _Work:
    """One batch on its way: the records, and what is to be published for them."""

    records: Sequence[Record]
    deadline: float
    touched: dict[str, None] = field(default_factory=dict)
    announced: dict[str, None] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)

    def restart(self) -> None:
        self.touched, self.announced, self.dead = {}, {}, []


class Consumer:
    """Takes batches for one service. One batch at a time: `_busy` is what a revoke waits for."""

    def __init__(self, runtime: Runtime, listener: "DrainOnRevoke") -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._service = runtime.service
        self._held = HeldTable(runtime.service.name)
        self._breaker = Breaker(runtime.settings.breaker_limit)
        self._busy = listener.busy
        self._yielding = listener.yielding

    async def take(self, records: Sequence[Record], consumer: GroupConsumer) -> None:
        """Do one batch to its end: committed, or given back uncommitted. Raises nothing but cancellation."""
        failpoint("after_poll")
        async with self._busy:
            started = time.monotonic()
            work = _Work(records, started + self._settings.retry_in_place_s)
            batch = Batch()
            while not batch.over:
                outcome = await self._do(batch.phase, work, consumer)
                batch = after(batch, outcome, may_wait=self._may_wait(work))
                if batch.waits and not batch.over:
                    await self._pause(batch)
            if batch.phase is Phase.ABANDON:
                self._rewind(work, consumer)
            else:
                metrics.batch_done(self._service.name, records, time.monotonic() - started)

    async def _do(self, phase: Phase, work: _Work, consumer: GroupConsumer) -> Outcome:
        counted = self._breaker.in_a_row
        try:
            match phase:
                case Phase.APPLY:
                    work.restart()
                    await self._apply(work, work.records)
                case Phase.ISOLATE:
                    work.restart()
                    await self._isolate(work)
                case Phase.PUBLISH:
                    await self._publish(work)
                case _:
                    return await self._commit(work, consumer)
        except BreakerOpenError:
            return Outcome.BREAKER_OPEN
        except Exception as error:
            outcome = self._classify(phase, error)
            if outcome is Outcome.TRANSIENT:  # the same records are counted again, or an outage opens the breaker
                self._breaker.in_a_row = min(self._breaker.in_a_row, counted)
            return outcome
        return Outcome.OK

    def _classify(self, phase: Phase, error: Exception) -> Outcome:
        transient = is_transient(error)
        metrics.retry(self._service.name, phase.name.lower())
        report = log.warning if transient else log.error
        report("batch_step_failed", phase=phase.name, error=type(error).__name__, transient=transient)
        return Outcome.TRANSIENT if transient else Outcome.BUG

    async def _apply(self, work: _Work, records: Sequence[Record]) -> None:
        """Decode and handle these records in one transaction; the unreadable ones become dead letters in it."""
        messages, dead = self._read(records)
        self._weigh(messages, dead)
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            step = self._runtime.step(connection, by_clock=False)
            await self._service.handle(step, messages)
            dead += [_described(letter) for letter in step.dead]
            await self._held.settle(step, messages)
            await self._held.open(step, dead)
            await self._service.passed(step, records)
            failpoint("inside_transaction")
        failpoint("after_transaction")
        if messages:
            self._closed()
        work.touched |= step.touched
        work.announced |= step.announced
        work.dead += dead

    def _read(self, records: Sequence[Record]) -> tuple[list[Message], list[DeadLetter]]:
        messages, dead = [], []
        for record in records:
            try:
                messages.append(decode(self._service, record))
            except Poison as poison:
                dead.append(dead_letters.describe(record, poison))
        return messages, dead

    async def _isolate(self, work: _Work) -> None:
        """A bug somewhere in the batch: record by record, so that only the culprit goes to the dead letters."""
        for record in work.records:
            try:
                await self._apply(work, [record])
            except Exception as error:
                if is_transient(error) or isinstance(error, BreakerOpenError):
                    raise
                log.exception("record_failed", topic=record.topic, partition=record.partition, offset=record.offset)
                self._failed(1)
                await self._give_up(work, record, error)

    def _weigh(self, messages: Sequence[Message], dead: Sequence[DeadLetter]) -> None:
        """Unreadable records on topics that we write ourselves are our own failures too."""
        ours = sum(is_ours(letter.record.topic) for letter in dead)
        # None is no failure: an open breaker must let the records be tried again, or it would never close.
        if ours and not any(is_ours(message.topic) for message in messages):
            self._failed(ours)

    def _failed(self, times: int) -> None:
        self._breaker.failed(times)
        if self._breaker.open:
            metrics.breaker(self._service.name, is_open=True)
            raise BreakerOpenError

    def _closed(self) -> None:
        self._breaker.succeeded()
        metrics.breaker(self._service.name, is_open=False)

    async def _give_up(self, work: _Work, record: Record, error: Exception) -> None:
        letter = dead_letters.describe(record, Poison("bug", type(error).__name__))
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            step = self._runtime.step(connection, by_clock=False)
            await self._held.open(step, [letter])
            await self._service.passed(step, [record])
        work.announced |= step.announced
        work.dead.append(letter)

    async def _publish(self, work: _Work) -> None:
        """Dead letters, facts, state; returns when the broker has all of it."""
        await self._runtime.publisher.raw(dead_letters.outgoing(self._service.name, work.dead))
        failpoint("after_dead_letters")
        await self._runtime.publisher.after_messages(list(work.touched), list(work.announced))
        metrics.dead_letters(self._service.name, work.dead)

    async def _commit(self, work: _Work, consumer: GroupConsumer) -> Outcome:
        failpoint("before_commit")
        ends: dict[TopicPartition, int] = {}
        for record in work.records:
            partition = TopicPartition(record.topic, record.partition)
            ends[partition] = max(ends.get(partition, 0), record.offset + 1)
        try:
            await consumer.commit({p: OffsetAndMetadata(end, "") for p, end in ends.items()})
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("commit_refused", error=type(error).__name__)
            return Outcome.LOST
        except KafkaError as error:
            return self._classify(Phase.COMMIT, error)
        failpoint("after_commit")
        return Outcome.OK

    def _may_wait(self, work: _Work) -> bool:
        return not self._yielding.is_set() and time.monotonic() < work.deadline

    async def _pause(self, batch: Batch) -> None:
        seconds = backoff_s(batch.waits) * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)
        try:
            await asyncio.wait_for(self._yielding.wait(), seconds)
        except TimeoutError:
            return

    def _rewind(self, work: _Work, consumer: GroupConsumer) -> None:
        """Read the batch again: nothing of it was committed. Partitions of others are theirs to read."""
        firsts: dict[TopicPartition, int] = {}
        for record in work.records:
            partition = TopicPartition(record.topic, record.partition)
            firsts[partition] = min(firsts.get(partition, record.offset), record.offset)
        mine = set(consumer.assignment())
        for partition, offset in firsts.items():
            if partition in mine:
                consumer.seek(partition, offset)
        metrics.rewound(self._service.name)
        log.warning("batch_given_back", records=len(work.records))


def _described(letter: DeadLetter) -> DeadLetter:
    return dead_letters.describe(letter.record, Poison(letter.code, letter.detail))


class DrainOnRevoke(ConsumerRebalanceListener):
    """Before partitions go to another member, the batch in flight is finished (bounded), not done twice."""

    def __init__(self, timeout_s: float) -> None:
        self.busy = asyncio.Lock()
        """Held while a batch is in flight."""
        self.yielding = asyncio.Event()
        """Set while a batch that would have to wait should be given back instead: a revoke, a shutdown."""
        self.assigned: frozenset[Any] = frozenset()
        self._timeout_s = timeout_s

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        stopping = self.yielding.is_set()
        self.yielding.set()
        try:
            await asyncio.wait_for(self.busy.acquire(), self._timeout_s)
            self.busy.release()
        except TimeoutError:
            log.warning("drain_timed_out", partitions=len(list(revoked)))
        finally:
            if not stopping:
                self.yielding.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.assigned = frozenset(assigned)
        metrics.assigned(len(self.assigned))
        log.info("partitions_assigned", partitions=len(self.assigned))
