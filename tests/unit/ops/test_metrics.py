"""What is counted: each number that dashboards and alerts stand on."""

import time
from dataclasses import dataclass

import pytest
from prometheus_client import REGISTRY

from shared.ops import metrics
from shared.rules.bands import PARTS, counted


@dataclass(frozen=True)
class Record:
    topic: str
    timestamp_ms: int = 0


@dataclass(frozen=True)
class Letter:
    record: Record
    code: str
    source: str | None


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_batch_is_counted_by_topic_with_its_size_and_the_age_of_its_oldest_record() -> None:
    now_ms = int(time.time() * 1000)
    metrics.batch_done(
        "m1", [Record("profile", now_ms), Record("profile", now_ms - 90_000), Record("decided", now_ms)], 2
    )
    assert value("ee_records_total", service="m1", topic="profile") == 2
    assert value("ee_records_total", service="m1", topic="decided") == 1
    assert value("ee_batch_records_sum", service="m1") == 3
    assert value("ee_batch_seconds_sum", service="m1") == 2
    assert value("ee_stage_seconds_bucket", service="m1", le="60.0") == 0
    assert value("ee_stage_seconds_bucket", service="m1", le="300.0") == 1


def test_a_record_of_a_clock_ahead_of_ours_has_no_negative_age() -> None:
    metrics.batch_done("m2", [Record("profile", int(time.time() * 1000) + 3_600_000)], 1)
    assert value("ee_stage_seconds_sum", service="m2") == 0


def test_only_dead_letters_of_inputs_are_counted_by_source() -> None:
    letters = [Letter(Record("submission"), "body_invalid", "/a"), Letter(Record("profile"), "bug", "/intake")]
    metrics.dead_letters("m3", letters)
    assert value("ee_dead_letters_total", service="m3", topic="submission", reason="body_invalid") == 1
    assert value("ee_dead_letters_total", service="m3", topic="profile", reason="bug") == 1
    assert value("ee_bad_input_total", service="m3", source="/a") == 1
    assert value("ee_bad_input_total", service="m3", source="/intake") == 0


def test_strangers_do_not_make_time_series_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_sources", set())
    for number in range(metrics.MAX_SOURCES + 5):
        metrics.dead_letters("m4", [Letter(Record("submission"), "body_invalid", f"/{number}")])
    assert value("ee_bad_input_total", service="m4", source="/0") == 1
    assert value("ee_bad_input_total", service="m4", source="other") == 5


def test_lag_and_outbox_are_told_in_rows_and_in_seconds() -> None:
    metrics.lag("m5", 7, 12.5)
    metrics.outbox("m5", 3, 4.5)
    assert value("ee_lag_records", service="m5") == 7
    assert value("ee_lag_seconds", service="m5") == 12.5
    assert value("ee_outbox_rows", service="m5") == 3
    assert value("ee_outbox_age_seconds", service="m5") == 4.5


def test_the_bands_of_the_pool_do_not_overlap_and_add_up_to_the_pool() -> None:
    bands = counted({601: 1, 495: 2, 451: 3, 450: 4, 0: 5}, PARTS)
    assert {band: count for band, count in bands.items() if count} == {
        "601-1200": 1,
        "491-500": 2,
        "451-460": 3,
        "441-450": 4,
        "0-300": 5,
    }
    metrics.pool(bands)
    assert value("ee_pool_profiles", band="491-500") == 2


def test_rounds_are_told_by_state_and_a_state_that_is_over_is_gone() -> None:
    metrics.rounds({"draft": 1, "held": 2}, 30)
    metrics.rounds({"held": 3}, 0)
    assert value("ee_rounds", state="held") == 3
    assert REGISTRY.get_sample_value("ee_rounds", {"state": "draft"}) is None
    assert value("ee_round_late_seconds") == 0
