"""SIGKILL at every step of the consume loop, the clock steps and the relay, of every service.

In each case a process of every service that comes by is killed there, and one without the fault takes its place.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest

from services.draws import operators
from services.draws.instruction import content_hash
from shared.contracts.rounds import Instruction
from shared.db.operators import create_operator, session
from shared.kafka.topics import SERVICES
from shared.stack.processes import Process
from tests.faults.load import mixed, submission
from tests.faults.model import ended
from tests.faults.rig import Rig, until

STATE_WRITERS = ("intake", "scoring")
MESSAGE_STEP = {
    "after_poll": SERVICES,
    "inside_transaction": SERVICES,
    "after_transaction": SERVICES,
    "after_dead_letters": SERVICES,
    "after_facts_published": SERVICES,
    "before_state_published": STATE_WRITERS,
    "after_state_published": STATE_WRITERS,
    "after_states_published": SERVICES,
    "after_outbox_deleted": SERVICES,
    "before_commit": SERVICES,
    "after_commit": SERVICES,
}
BY_CLOCK = ("intake", "scoring", "draws")
CLOCK_STEP = {
    "inside_clock_step": BY_CLOCK,
    "after_clock_step": BY_CLOCK,
    "relay_locked": SERVICES,
    "relay_after_facts_published": BY_CLOCK,
    "relay_before_state_published": STATE_WRITERS,
    "relay_after_state_published": STATE_WRITERS,
    "relay_after_states_published": BY_CLOCK,
    "relay_after_outbox_deleted": BY_CLOCK,
}
DEADLINE = (
    "inside_clock_step",
    "after_clock_step",
    "relay_after_facts_published",
    "relay_after_states_published",
    "relay_after_outbox_deleted",
)
DAY = timedelta(days=1)


def arm(system: Rig, services: Sequence[str], point: str) -> list[str]:
    """Arm the processes of these services; returns their names."""
    victims: list[Process] = [process for service in services for process in system.of(service)]
    for process in victims:
        system.arm(process, f"{point}:kill")
    assert len(victims) == len(services)
    return sorted(process.name for process in victims)


@pytest.mark.parametrize("point", MESSAGE_STEP)
async def test_a_message_step_that_is_killed_is_done_again_by_its_successor(system: Rig, point: str) -> None:
    prefix = f"STEP{list(MESSAGE_STEP).index(point):02d}"
    victims = arm(system, MESSAGE_STEP[point], point)
    async with system.replacing_the_killed() as killed:
        await system.publish(mixed(prefix, 12))
        await until(lambda: sorted(p.name for p in killed) == victims, f"all killed {point}")
        await system.reconciled()
    await system.ends_as_the_model_says(prefix)


@pytest.mark.parametrize("point", CLOCK_STEP)
async def test_what_the_clock_causes_is_said_whoever_is_killed_while_saying_it(system: Rig, point: str) -> None:
    """A birthday, the end of a profile and a round, all on the next day."""
    number, tomorrow = list(CLOCK_STEP).index(point), system.now + DAY
    birth, end, round_id = f"BIRTH-{number:05d}", f"ENDS-{number:05d}", str(900 + number)
    entered = tomorrow.replace(year=tomorrow.year - 1).isoformat()
    born = tomorrow.date().replace(year=tomorrow.year - 31).isoformat()
    await system.publish([submission(birth, date_of_birth=born), submission(end, submitted_at=entered)])
    await system.quiet()
    await order_round(system, round_id, tomorrow)
    victims = arm(system, CLOCK_STEP[point], point)
    async with system.replacing_the_killed() as killed:
        await approve_round(system, round_id, tomorrow)
        await system.advance(tomorrow)
        await until(lambda: sorted(p.name for p in killed) == victims, f"all killed {point}")
        await system.reconciled()
    scored = ended(await system.read("scored", birth), [birth])[birth]
    closed = ended(await system.read("scored", end), [end])[end]
    assert json.loads(scored)["on"] == tomorrow.date().isoformat()
    assert json.loads(closed)["status"] == "expired"
    steps = {r.value for r in await system.read("round") if r.key == round_id.encode()}
    invited = {r.value for r in await system.read("invited") if json.loads(r.value or b"")["round_id"] == round_id}
    assert sorted(json.loads(step or b"")["state"] for step in steps) == ["approved", "held"]
    assert len(invited) == 1


@pytest.mark.parametrize("point", DEADLINE)
async def test_an_invitation_lapses_once_whoever_is_killed_meanwhile(system: Rig, point: str) -> None:
    open_now = await system.rows("SELECT invitation_id, deadline FROM intake.invitation WHERE state = 'open'")
    deadline = min(row["deadline"] for row in open_now)  # one day may be that of two: none falls on a Sunday
    due = {row["invitation_id"] for row in open_now if row["deadline"] == deadline}
    lapsed = await _lapsed(system)
    victims = arm(system, ["decisions"], point)
    async with system.replacing_the_killed() as killed:
        await system.advance(deadline + timedelta(microseconds=1))
        await until(lambda: sorted(p.name for p in killed) == victims, f"decisions was killed {point}")
        await system.reconciled()
    assert await _lapsed(system) - lapsed == due


async def _lapsed(system: Rig) -> set[str]:
    bodies = [json.loads(record.value or b"")["invitation"] for record in await system.read("decided")]
    return {body["invitation_id"] for body in bodies if body["state"] == "lapsed"}


# Orders of two operators


def _instruction(round_id: str, instant: datetime, invitations: int) -> Instruction:
    return Instruction(
        round_id=round_id,
        kind="general",
        invitations=invitations,
        instant=instant,
        period_from=instant.date(),
        period_to=instant.date(),
        legal_base="A10.3(1)(h.1)(i)",
        accept_provisional=True,
    )


async def order_round(system: Rig, round_id: str, instant: datetime, invitations: int = 1) -> None:
    """A draft by one operator; carried out when it returns."""
    body = _instruction(round_id, instant, invitations).json_bytes().decode()
    async with session("draws", await _login(system, "ada")) as ada:
        command = await operators.draft(ada, round_id, body)
        assert await operators.outcome(ada, command, 60.0) == []


async def approve_round(system: Rig, round_id: str, instant: datetime, invitations: int = 1) -> None:
    """The approval by another, on its way when it returns."""
    async with session("draws", await _login(system, "grace")) as grace:
        await operators.approve(grace, round_id, content_hash(_instruction(round_id, instant, invitations)))


async def _login(system: Rig, name: str) -> str:
    admin = system.stack.backend.admin_dsn
    await create_operator(admin, name, name, ["draws"])
    parts = urlsplit(admin)
    return urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.netloc.rpartition('@')[2]}"))
