"""`ee top --once` on a real broker."""

import pytest
from typer.testing import CliRunner

from services.cli import app
from shared.kafka.topics import SERVICES
from shared.stack.stack import Stack


def test_one_frame_shows_every_service(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", stack.backend.bootstrap)
    monkeypatch.setenv("COLUMNS", "120")
    result = CliRunner().invoke(app, ["top", "--once", "--every", "0.2"])
    assert result.exit_code == 0, result.output
    head, *rows = result.output.splitlines()
    assert "records/s" in head
    assert [row.split()[0] for row in rows] == list(SERVICES)


def test_a_broker_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr("shared.kafka.offsets.REQUEST_TIMEOUT_S", 0.5)
    monkeypatch.setattr("shared.top.look.REQUEST_TIMEOUT_S", 0.5)
    result = CliRunner().invoke(app, ["top", "--once"])
    assert result.exit_code == 1
    assert "ee config check" in result.output
