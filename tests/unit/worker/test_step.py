"""A fact that its topic does not take fails where it is made."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.base import Message
from shared.worker.step import FactDraft, FactTooLarge, Step

NOW = datetime(2026, 8, 1, tzinfo=UTC)


class Long(Message):
    """A body of any length."""

    text: str


class Database:
    """Gives the first number, and keeps what is put in the outbox."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def fetch(self, _: str, topics: list[str], keys: list[str], __: list[int]) -> list[dict[str, Any]]:
        return [{"topic": topics[0], "key": keys[0], "last": 1}]

    async def execute(self, _: str, *columns: list[Any]) -> None:
        self.bodies += columns[-1]


def draft(length: int) -> FactDraft:
    return FactDraft("notice", "A", "t", NOW, lambda _: Long(text="x" * length))


async def test_a_fact_that_is_too_large_for_its_topic_never_gets_into_the_outbox() -> None:
    database: Any = Database()
    step = Step(database, NOW)
    await step.add([draft(1_000_000)])
    with pytest.raises(FactTooLarge, match="notice"):
        await step.add([draft(1_048_576)])
    assert len(database.bodies) == 1
