"""One process of a service, as an operator sees it: ready or not and why, its metrics, its row in `ee top`."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from services.cli import app
from shared.kafka.settings import KafkaSettings
from shared.stack.processes import Process, free_port
from shared.stack.stack import Stack
from shared.top.look import Observer
from tests.faults.proxy import Link

READY_S = 120.0


@pytest.fixture(scope="module")
def draws(stack: Stack) -> Iterator[Process]:
    process = stack.service("draws")
    process.wait_until(lambda: _ask(process, "/readyz")[0] == 200, READY_S)
    yield process
    assert stack.stop(process) == [0]


def _ask(process: Process, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{process.env['EE_HTTP_PORT']}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def _shows(process: Process, *lines: str) -> bool:
    page = _ask(process, "/metrics")[1].splitlines()
    return all(line in page for line in lines)


def test_a_process_that_is_ready_shows_lag_outbox_pool_and_rounds(draws: Process) -> None:
    assert json.loads(_ask(draws, "/readyz")[1]) == {}
    wanted = (
        'ee_lag_records{service="draws"} 0.0',
        'ee_lag_seconds{service="draws"} 0.0',
        'ee_outbox_age_seconds{service="draws"} 0.0',
        'ee_pool_profiles{band="601-1200"} 0.0',
        "ee_round_late_seconds 0.0",
        "ee_partitions_assigned 72.0",
        "ee_rebalances_total 1.0",
    )
    with suppress(TimeoutError):
        draws.wait_until(lambda: _shows(draws, *wanted), READY_S)
    page = _ask(draws, "/metrics")[1].splitlines()
    assert [line for line in wanted if line not in page] == []


async def test_a_process_says_what_it_waits_for_from_its_first_moment_on(stack: Stack) -> None:
    database, broker = free_port(), free_port()
    dsn, bootstrap = urlsplit(stack.environment["EE_POSTGRES_DSN"]), stack.backend.bootstrap
    process = stack.service(
        "scoring",
        EE_POSTGRES_DSN=urlunsplit(dsn._replace(netloc=f"127.0.0.1:{database}")),
        EE_KAFKA_BOOTSTRAP=f"127.0.0.1:{broker}",
    )

    async def says(status: int, words: str) -> None:
        def said() -> bool:
            found = _ask(process, "/readyz")
            return found[0] == status and words in found[1]

        await asyncio.to_thread(process.wait_until, said, READY_S)
        assert _ask(process, "/livez") == (200, "{}")
        assert _ask(process, "/metrics")[0] == 200

    await says(503, '"start": "waits for the database"')
    async with Link(dsn.port or 5432).on(database):
        await says(503, '"start": "waits for the broker"')
        async with Link(int(bootstrap.rpartition(":")[2])).on(broker):
            await says(200, "{}")
            assert await asyncio.to_thread(stack.stop, process) == [0]


async def test_a_process_that_waits_for_the_database_ends_when_it_is_asked_to(stack: Stack) -> None:
    process = stack.service("scoring", EE_POSTGRES_DSN=f"postgresql://127.0.0.1:{free_port()}/x")
    await asyncio.to_thread(process.wait_until, lambda: "the database" in _ask(process, "/readyz")[1], READY_S)
    assert await asyncio.to_thread(stack.stop, process) == [0]


async def test_the_group_is_seen_with_its_worker(draws: Process, stack: Stack) -> None:
    observer = Observer(KafkaSettings(bootstrap=stack.backend.bootstrap))
    async with asyncio.timeout(READY_S):
        stages = {stage.service: stage for stage in (await observer.look()).stages}
    await observer.close()
    assert (stages["draws"].state, stages["draws"].workers) == ("stable", 1)
    assert stages["scoring"].workers == 0


def test_top_shows_it(draws: Process, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", stack.backend.bootstrap)
    monkeypatch.setenv("COLUMNS", "120")
    result = CliRunner().invoke(app, ["top", "--once", "--every", "0.2"])
    (row,) = [line for line in result.output.splitlines() if line.startswith("draws")]
    assert row.split()[1:3] == ["stable", "1"]
