"""`ee top` without `--once`: it goes on until Ctrl-C, also while the broker is away."""

import pytest
from aiokafka.structs import TopicPartition
from typer.testing import CliRunner

from services.cli import app
from shared.kafka.offsets import OffsetsUnavailable
from shared.top.look import Look, Stage


class Observer:
    """Sees twice, is cut off once between, and is ended by Ctrl-C."""

    def __init__(self, _: object) -> None:
        self.looks = 0
        self.closed = False
        observers.append(self)

    async def look(self) -> Look:
        self.looks += 1
        if self.looks == 2:
            raise OffsetsUnavailable("can't read the offsets of submission: it timed out")
        if self.looks > 3:
            raise KeyboardInterrupt
        end = {TopicPartition("profile", 0): 100 * self.looks}
        return Look(float(self.looks), [Stage("scoring", "stable", 1, end, {}, 0)])

    async def close(self) -> None:
        self.closed = True


observers: list[Observer] = []


def test_it_goes_on_while_the_broker_is_away_and_ends_with_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("shared.top.cli.Observer", Observer)
    result = CliRunner().invoke(app, ["top", "--every", "0.2"])
    assert result.exit_code == 0
    assert observers[-1].looks == 4
    assert observers[-1].closed
    (row,) = [line for line in result.output.splitlines() if line.startswith("scoring")]
    assert row.split() == ["scoring", "stable", "1", "100", "0", "0"]
