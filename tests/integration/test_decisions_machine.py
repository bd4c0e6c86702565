"""Cases on a real database against the reference: batches that fail and come again, copies, any order, restarts."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.contracts.base import iso
from shared.rules.periods import deadline
from shared.worker.record import Message
from tests.conftest import Connect
from tests.integration.decisions_bench import NOW, Bench, issued, profile, received
from tests.unit.decisions import reference_terms
from tests.unit.decisions.given import facts, invitation
from tests.unit.decisions.reference import World
from tests.unit.decisions.test_machine import LETTERS, STARTS, bodies, candidate, instants

TABLES = "case_file, received_input, profile_facts, acted_deadline, said, invitation, outbox"


class Lost(Exception):
    """The process dies before it commits."""


def _kept(start: datetime) -> Message:
    declared = facts(**candidate(start)).model_dump(mode="json", by_alias=True)
    return profile(facts=declared, submitted_at=iso(start - timedelta(30)))


@st.composite
def stories(draw: st.DrawFn) -> tuple[datetime, list[tuple[str, dict[str, Any]]]]:
    """An invitation and what was received on `application`, each with its number."""
    start = draw(st.sampled_from(STARTS[:-1]))
    sent = [("0", invitation("I1", at=start, deadline=deadline(start), declared=facts(**candidate(start))))]
    for _ in range(draw(st.integers(2, 9))):
        choice = [one for one in bodies(start, draw(st.sampled_from(instants(start)))) if "type" in one]
        body = choice[draw(st.integers(0, len(choice) - 1))]
        letter = body.get("action") == "send_fairness_letter" and LETTERS[0] not in dict(sent)
        sent.append((LETTERS[0] if letter else f"m{len(sent)}", body))
    return start, sent


def as_message(number: str, body: dict[str, Any]) -> Message:
    return received(body, number) if "type" in body else issued(body, number)


def as_reference(number: str, body: dict[str, Any]) -> reference_terms.Message:
    names = ("received_at", "recorded_at", "decided_at", "invited_at")
    at = datetime.fromisoformat(next(body[name] for name in names if name in body))
    return reference_terms.Message(at, number, body.get("type", "invitation.issued"), body)


async def deliver(bench: Bench, *messages: Message, dies: bool) -> None:
    """One batch; a process that dies has done nothing, and the batch comes again to the next one."""
    if dies:
        try:
            async with bench.connection.transaction():
                await bench.take(*messages)
                raise Lost
        except Lost:
            pass
    await bench.take(*messages)


async def stands(bench: Bench) -> tuple[Counter[str], dict[str, tuple[str, datetime]], int]:
    said = await bench.connection.fetch(
        "SELECT code, at FROM said WHERE withdrawn_by IS NULL AND identity IS NOT NULL AND code <> 'proposed'"
    )
    rows = await bench.connection.fetch("SELECT invitation_id, state, deadline FROM invitation")
    invitations = {row["invitation_id"]: (row["state"], row["deadline"]) for row in rows}
    return Counter(f"{row['code']} {row['at']}" for row in said), invitations, await bench.waiting()


def expected(world: World) -> tuple[Counter[str], dict[str, tuple[str, datetime]], int]:
    said = Counter(f"{code} {at}" for code, at, _ in world.said)
    return said, {key: (one["state"], one["deadline"]) for key, one in world.invitations.items()}, len(world.waiting)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(story=stories(), data=st.data())
async def test_what_is_stored_and_said_is_what_the_reference_says(
    connect: Connect, database: str, story: tuple[datetime, list[tuple[str, dict[str, Any]]]], data: st.DataObject
) -> None:
    start, sent = story
    admin = await asyncpg.connect(database, server_settings={"search_path": "decisions"})
    await admin.execute(f"TRUNCATE {TABLES} CASCADE")
    await admin.close()
    bench = Bench(await connect("decisions"), database)
    arrivals = data.draw(st.permutations([*sent, *data.draw(st.lists(st.sampled_from(sent), max_size=3))]))
    left = [_kept(start), *(as_message(*one) for one in arrivals)]
    while left:
        size = data.draw(st.integers(1, 4))
        await deliver(bench, *left[:size], dies=data.draw(st.booleans()))
        left = left[size:]
        if data.draw(st.booleans()):
            await bench.tick(data.draw(st.sampled_from(instants(start))))
        bench = Bench(bench.connection, database)  # another process takes over: it knows nothing but the rows
    await bench.tick(NOW)
    world = World().run([as_reference(*one) for one in sent], NOW)
    assert await stands(bench) == expected(world)
    await bench.connection.close()
