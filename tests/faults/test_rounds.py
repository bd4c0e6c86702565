"""SIGKILL of draws at each step of a round: always no round or one whole round, and each invitation with one id.

`ROUND_KILLS=5 python -m pytest tests/faults/test_rounds.py` kills 55 times, at each step five times; without it once.
"""

import json
import os
from collections import defaultdict

import pytest

from tests.faults.load import number, submission
from tests.faults.rig import Rig, until
from tests.faults.test_kills import approve_round, arm, order_round

STEPS = (
    "round_stage_1",
    "round_stage_2",
    "round_stage_3",
    "round_stage_4",
    "round_stage_5",
    "round_before_selection",
    "round_before_invitations",
    "round_before_commit",
    "round_after_commit",
    "round_before_marks",
    "round_certificate_made",
)
HELD_BEFORE = {"round_after_commit", "round_before_marks", "round_certificate_made"}
"""Steps after the transaction: the round is held, whoever is killed there."""

KILLS = range(int(os.environ.get("ROUND_KILLS", "1")))
INVITATIONS = 3


@pytest.mark.parametrize("kill", KILLS)
@pytest.mark.parametrize("step", STEPS)
async def test_a_round_whose_process_is_killed_is_none_or_whole(system: Rig, step: str, kill: int) -> None:
    place = len(KILLS) * STEPS.index(step) + kill
    round_id = str(2000 + place)
    candidates = [number(f"ROUND{place:02d}", n) for n in range(INVITATIONS)]
    await system.publish([submission(key) for key in candidates])
    await system.quiet()
    await order_round(system, round_id, system.now, INVITATIONS)
    victims = arm(system, ["draws"], step)
    async with system.replacing_the_killed() as killed:
        await approve_round(system, round_id, system.now, INVITATIONS)
        await until(lambda: [process.name for process in killed] == victims, f"draws was killed {step}")
        if step in HELD_BEFORE:
            assert await _invited(system, round_id) == INVITATIONS
        await until(lambda: _certified(system, round_id), "the certificate")
        await system.quiet()
    assert await _invited(system, round_id) == INVITATIONS
    published = await _published(system, round_id)
    assert len(published) == INVITATIONS
    assert all(len(bodies) == 1 for bodies in published.values())
    states = {record.value for record in await system.read("round", round_id)}
    assert sorted(json.loads(state or b"")["state"] for state in states) == ["approved", "held"]


async def _invited(system: Rig, round_id: str) -> int:
    rows = await system.rows("SELECT count(*) AS n FROM draws.invitation WHERE round_id = $1", round_id)
    return int(rows[0]["n"])


async def _certified(system: Rig, round_id: str) -> bool:
    """Whether it is over; until then there is none of it, or all."""
    assert await _invited(system, round_id) in {0, INVITATIONS}
    return bool(await system.rows("SELECT FROM draws.round WHERE round_id = $1 AND certificate IS NOT NULL", round_id))


async def _published(system: Rig, round_id: str) -> dict[str, set[bytes]]:
    """What was published of the invitations of a round, by `ce_id`."""
    found: dict[str, set[bytes]] = defaultdict(set)
    for record in await system.read("invited"):
        value = record.value or b""
        if json.loads(value)["round_id"] == round_id:
            found[(dict(record.headers)["ce_id"] or b"").decode()].add(value)
    return found
