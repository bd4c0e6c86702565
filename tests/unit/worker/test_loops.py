"""How a background loop goes on after failures, and that none begins in a process that is asked to end."""

import asyncio

import pytest

from services.scoring.handler import SERVICE
from shared.kafka.settings import KafkaSettings
from shared.worker import loops
from shared.worker.process import Process
from shared.worker.settings import WorkerSettings


@pytest.mark.parametrize("poll_s", [0.0, 0.2])
async def test_a_loop_that_fails_waits_longer_each_time_but_never_long(
    poll_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2000:
            raise asyncio.CancelledError

    async def fail() -> bool:
        raise ConnectionError

    monkeypatch.setattr("shared.worker.loops.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await loops.forever("test", fail, poll_s)
    assert waits[:6] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert set(waits[6:]) == {5.0}


async def test_no_loop_begins_where_the_end_was_asked_for_during_the_start() -> None:
    process = Process(SERVICE, WorkerSettings(), KafkaSettings(bootstrap="127.0.0.1:1"))
    before = asyncio.all_tasks()
    await process.quiesce()
    await process.run()
    assert asyncio.all_tasks() == before
