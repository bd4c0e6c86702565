"""The consume loop: a batch in, one transaction, publish, await acks, commit the offsets.

What happens next is decided in `batch.py`; here it is done. The rules that keep messages (FastStream's and
aiokafka's defaults lose them): nothing raised here leaves a batch half done, offsets are explicit and come last, a
revoke waits for the batch in flight, and a batch that cannot be finished is rewound, never skipped.
"""

import asyncio
import random
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from aiokafka import ConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from shared.ops import metrics, traces
from shared.ops.log import log
from shared.worker import dead_letters
from shared.worker.batch import Batch, Breaker, Outcome, Phase, after, first
from shared.worker.decode import decode
from shared.worker.errors import is_slow, is_transient
from shared.worker.failpoints import failpoint
from shared.worker.guard import Guard
from shared.worker.held import HeldTable, is_ours
from shared.worker.orders import unordered
from shared.worker.record import DeadLetter, Message, Origin, Poison, Record
from shared.worker.runtime import Runtime
from shared.worker.work import Part, Work

_YIELD_S = 0.5


class FloodError(Exception):
    """So much of our own is unreadable that the breaker has to look at each record."""


class BreakerOpenError(Exception):
    """Too many failures of our own in a row: what was done until then is a part of its own."""


class GroupConsumer(Protocol):
    """The part of aiokafka's consumer that is used here."""

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...
    def assignment(self) -> Iterable[TopicPartition]: ...


class Consumer:
    """Takes batches for one service. One batch at a time: `_busy` is what a revoke waits for."""

    def __init__(self, runtime: Runtime, listener: "DrainOnRevoke", guard: Guard) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._service = runtime.service
        self._held = HeldTable(runtime.service.name)
        self._breaker = Breaker(runtime.settings.breaker_limit)
        self._busy = listener.busy
        self._yielding = listener.yielding
        self._guard = guard
        self._last = Batch()

    async def take(self, records: Sequence[Record], consumer: GroupConsumer) -> None:
        """Do one batch to its end: committed, or given back uncommitted. Raises nothing but cancellation."""
        failpoint("after_poll")
        began = time.monotonic()
        work = Work(records, began, began + self._settings.retry_in_place_s)
        if self._yielding.is_set():  # nothing is begun now; a member that stops would read it again and again
            self._rewind(work, consumer)
            await asyncio.sleep(_YIELD_S)
            return
        async with self._busy:
            batch = first(self._last)
            while not batch.over:
                outcome = await self._do(batch, work, consumer)
                batch = after(batch, outcome, may_wait=self._may_wait(work))
                if batch.waits and not batch.over:
                    await self._pause(batch)
            self._last = batch
            if batch.phase is Phase.ABANDON:
                self._rewind(work, consumer)

    async def _do(self, batch: Batch, work: Work, consumer: GroupConsumer) -> Outcome:
        try:
            match batch.phase:
                case Phase.GUARD:
                    return await self._guard.admits(work.records, consumer)
                case Phase.APPLY:
                    await self._apply_all(work, batch.pieces)
                case Phase.ISOLATE:
                    await self._isolate(work)
                case Phase.PUBLISH:
                    await self._publish(work)
                case _:
                    return await self._commit(work, consumer)
        except BreakerOpenError:
            return Outcome.PART
        except FloodError:
            return Outcome.BUG
        except Exception as error:
            return self._classify(batch.phase, error)
        return Outcome.OK

    def _classify(self, phase: Phase, error: Exception) -> Outcome:
        transient = is_transient(error)
        metrics.retry(self._service.name, phase.name.lower())
        report = log.warning if transient else log.error
        report("batch_step_failed", phase=phase.name, error=type(error).__name__, transient=transient)
        if is_slow(error):
            return Outcome.SLOW
        return Outcome.TRANSIENT if transient else Outcome.BUG

    async def _apply_all(self, work: Work, pieces: int) -> None:
        """All records, cut into this many transactions of the same size; nothing is kept of a half."""
        size = max(-(-len(work.records) // pieces), 1)
        starts = range(0, len(work.records), size)
        parts = [await self._apply(work.records[start : start + size]) for start in starts]
        for part in parts:
            work.add(part)
            self._weigh(part)

    async def _apply(self, records: Sequence[Record], *, alone: bool = False) -> Part:
        """Decode and handle these records in one transaction; the unreadable ones become dead letters in it."""
        messages, dead = self._read(records, await unordered(self._runtime.pool, records))
        failures = self._own_failures(messages, dead)
        if failures and not alone and self._breaker.opens_by(failures):
            raise FloodError
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            step = self._runtime.step(connection, by_clock=False)
            await self._service.handle(step, messages)
            refused = {id(letter.record) for letter in step.dead}
            dead += [_described(letter) for letter in step.dead]
            await self._held.settle(step, [one for one in messages if id(one.record) not in refused])
            await self._held.open(step, dead)
            await self._service.passed(step, records)
            failpoint("inside_transaction")
        failpoint("after_transaction")
        return Part(len(records), step.touched, step.announced, dead, failures, handled=bool(messages))

    def _read(self, records: Sequence[Record], stray: Collection[Origin]) -> tuple[list[Message], list[DeadLetter]]:
        messages, dead = [], []
        for record in records:
            if record.origin in stray:
                dead.append(dead_letters.as_it_lies(record, Poison("replay_not_ordered")))
                continue
            try:
                messages.append(decode(self._service, record))
            except Poison as poison:
                dead.append(dead_letters.describe(record, poison))
        return messages, dead

    def _own_failures(self, messages: Sequence[Message], dead: Sequence[DeadLetter]) -> int:
        """Unreadable records on topics that we write ourselves, where nothing of ours could be read."""
        if any(is_ours(message.topic) for message in messages):
            return 0
        return sum(is_ours(letter.record.topic) for letter in dead)

    async def _isolate(self, work: Work) -> None:
        """A bug somewhere in the batch: record by record, so that only the culprit goes to the dead letters.

        Behind an open breaker it ends after one record that fails.
        """
        while work.done < len(work.records):
            record = work.records[work.done]
            try:
                part = await self._apply([record], alone=True)
            except Exception as error:
                if is_transient(error):
                    raise
                log.exception("record_failed", topic=record.topic, partition=record.partition, offset=record.offset)
                part = await self._give_up(record, error)
            work.add(part)
            self._weigh(part)
            if self._breaker.open and work.done < len(work.records):
                raise BreakerOpenError

    def _weigh(self, part: Part) -> None:
        if part.failures:
            self._breaker.failed(part.failures)
        elif part.handled:
            self._breaker.succeeded()
        metrics.breaker(self._service.name, is_open=self._breaker.open)

    async def _give_up(self, record: Record, error: Exception) -> Part:
        letter = dead_letters.describe(record, Poison("bug", type(error).__name__))
        async with self._runtime.pool.acquire() as connection, connection.transaction():
            step = self._runtime.step(connection, by_clock=False)
            await self._held.open(step, [letter])
            await self._service.passed(step, [record])
        return Part(1, announced=step.announced, dead=[letter], failures=1)

    async def _publish(self, work: Work) -> None:
        """Dead letters, facts, state; returns when the broker has all of it."""
        traces.handling(work.part)
        await self._runtime.publisher.raw(dead_letters.outgoing(self._service.name, work.dead))
        failpoint("after_dead_letters")
        await self._runtime.publisher.after_messages(list(work.touched), list(work.announced))
        metrics.dead_letters(self._service.name, work.dead)

    async def _commit(self, work: Work, consumer: GroupConsumer) -> Outcome:
        failpoint("before_commit")
        ends: dict[TopicPartition, int] = {}
        for record in work.part:
            partition = TopicPartition(record.topic, record.partition)
            ends[partition] = max(ends.get(partition, 0), record.offset + 1)
        try:
            await consumer.commit({p: OffsetAndMetadata(end, "") for p, end in ends.items()})
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("commit_refused", error=type(error).__name__)
            return Outcome.LOST
        self._guard.passed(ends)
        metrics.batch_done(self._service.name, work.part, time.monotonic() - work.began)
        traces.handled(work.part, time.monotonic() - work.began)
        work.committed()
        failpoint("after_commit")
        return Outcome.OK

    def _may_wait(self, work: Work) -> bool:
        return not self._yielding.is_set() and time.monotonic() < work.deadline

    async def _pause(self, batch: Batch) -> None:
        seconds = batch.pause_s * random.uniform(0.5, 1.0)  # noqa: S311 (jitter, no secret)
        try:
            await asyncio.wait_for(self._yielding.wait(), seconds)
        except TimeoutError:
            return

    def _rewind(self, work: Work, consumer: GroupConsumer) -> None:
        """Read again what was not committed. Partitions of others are theirs to read."""
        firsts: dict[TopicPartition, int] = {}
        for record in work.rest:
            partition = TopicPartition(record.topic, record.partition)
            firsts[partition] = min(firsts.get(partition, record.offset), record.offset)
        mine = set(consumer.assignment())
        for partition, offset in firsts.items():
            if partition in mine:
                consumer.seek(partition, self._guard.goes_on_at(partition, offset))
        metrics.rewound(self._service.name)
        log.warning("batch_given_back", records=len(work.rest))


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
        self.guard: Guard | None = None
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
            self.assigned = frozenset()  # all of them are taken, whoever gets them next
            metrics.revoked()
            if not stopping:
                self.yielding.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.assigned = frozenset(assigned)
        if self.guard is not None:
            self.guard.forget()
        metrics.assigned(len(self.assigned))
        log.info("partitions_assigned", partitions=len(self.assigned))
