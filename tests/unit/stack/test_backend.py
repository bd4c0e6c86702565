"""Which servers the environment asks for."""

import gc
from pathlib import Path

import pytest

from shared.stack.backend import Embedded, Existing, choose
from shared.stack.processes import NotReadyError

VARIABLES = ("EE_KAFKA_BOOTSTRAP", "EE_ADMIN_POSTGRES_DSN", "EE_POSTGRES_DSN", "EE_STACK")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_child_processes_are_the_default(tmp_path: Path) -> None:
    assert isinstance(choose(tmp_path), Embedded)


def test_an_existing_cluster_is_used_as_it_is_and_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "kafka:9092")
    monkeypatch.setenv("EE_ADMIN_POSTGRES_DSN", "postgresql://postgres/express_entry")
    chosen = choose(tmp_path)
    assert isinstance(chosen, Existing)
    chosen.start()
    chosen.stop()
    assert (chosen.bootstrap, chosen.admin_dsn) == ("kafka:9092", "postgresql://postgres/express_entry")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("EE_KAFKA_BOOTSTRAP", "set EE_ADMIN_POSTGRES_DSN"),
        ("EE_ADMIN_POSTGRES_DSN", "set EE_KAFKA_BOOTSTRAP"),
        ("EE_POSTGRES_DSN", "set EE_KAFKA_BOOTSTRAP"),
    ],
)
def test_half_a_cluster_is_refused_with_what_is_missing(
    given: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(given, "somewhere")
    with pytest.raises(NotReadyError, match=missing):
        choose(tmp_path)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_containers_without_an_engine_are_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EE_STACK", "docker")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")
    with pytest.raises(NotReadyError, match="no Docker engine answers: start one, or unset EE_STACK"):
        choose(tmp_path)
    gc.collect()  # the client of Docker leaves its socket open: else a later test is blamed for it
