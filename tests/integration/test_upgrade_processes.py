"""A rolling upgrade: processes of the release before beside those of today, on the schema of the `pre` step."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from shared.contracts.cloudevents import Attributes, headers
from shared.db.migrate import apply
from shared.db.settings import DatabaseSettings
from shared.kafka.producer import Record
from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack
from tests.contract.release import RELEASES
from tests.faults.load import NOW, SOURCE, mixed
from tests.faults.rig import Rig, load, metric, own_stack, until
from tests.faults.test_kills import approve_round, order_round
from tests.integration.released import make_schema, unpack

RELEASE = RELEASES[-1]


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    async def until_the_services_are_replaced(settings: DatabaseSettings) -> None:
        await make_schema(settings, RELEASE)
        await apply(settings, step="pre")

    monkeypatch.setattr("shared.stack.stack.apply", until_the_services_are_replaced)
    with own_stack(tmp_path / "stack") as stack:
        yield stack


@pytest.fixture
async def system(servers: Stack) -> AsyncIterator[Rig]:
    async with Rig(servers, NOW) as made:
        yield made


async def test_services_are_replaced_one_by_one_while_profiles_flow(system: Rig, tmp_path: Path) -> None:
    code = unpack(RELEASE, tmp_path / "release")
    before = {service: system.start(service, **code) for service in SERVICES}
    await system.publish(mixed("OLD", 12))
    await _round(system, "1", NOW + timedelta(days=1))
    (first,) = await system.rows("SELECT invitation_id, profile_id FROM draws.invitation")
    for service in SERVICES:
        async with load(system, f"BESIDE{service.upper()}"):
            after = system.start(service)
            for process in (before[service], after):
                await until(partial(metric, process, "ee_partitions_assigned"), "each has its share")
            await system.until_length("scored", await system.length("scored") + 50)
            if service == "decisions":
                await system.publish([_declined(first["profile_id"], first["invitation_id"], system)])
            system.end(before[service])
    await _round(system, "2", NOW + timedelta(days=2))
    await system.reconciled()
    await system.ends_as_the_model_says("OLD")
    for service in SERVICES:
        await system.ends_as_the_model_says(f"BESIDE{service.upper()}")
    decided = [json.loads(one.value or b"") for one in await system.read("decided", first["profile_id"])]
    assert [one["outcome"] for one in decided] == ["declined"]
    assert await _held(system) == ["1", "2"]

    await apply(DatabaseSettings(), step="post")
    await system.publish(mixed("NEW", 12))
    await system.reconciled()
    await system.ends_as_the_model_says("NEW")


async def _round(system: Rig, round_id: str, instant: datetime) -> None:
    await system.quiet()
    await order_round(system, round_id, instant)
    await approve_round(system, round_id, instant)
    await system.advance(instant)


async def _held(system: Rig) -> list[str]:
    return [
        row["round_id"] for row in await system.rows("SELECT round_id FROM draws.round WHERE state = 'held' ORDER BY 1")
    ]


def _declined(profile_id: str, invitation_id: str, system: Rig) -> Record:
    type_ = "invitation.declined"
    body = {
        "type": type_,
        "profile_id": profile_id,
        "invitation_id": invitation_id,
        "received_at": system.now.isoformat(),
    }
    event = headers(Attributes(type_, SOURCE, "declined"), profile_id)
    return Record("application", profile_id.encode(), json.dumps(body).encode(), event)
