"""A service logs in as itself, with what the settings say, and no more."""

import os

import pytest

from shared.db.migrate import position
from shared.db.pool import arguments
from shared.db.settings import DatabaseSettings

ADMIN_DSN = "postgresql://root:everything@db:5432/ee?sslmode=verify-full"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test: a stack that another test started has set its own."""
    for name in [name for name in os.environ if name.startswith("EE_")]:
        monkeypatch.delenv(name)


def test_the_user_of_the_common_dsn_is_never_a_services() -> None:
    settings = DatabaseSettings.model_validate({"postgres_dsn": ADMIN_DSN, "intake_postgres_password": "own"})
    found = arguments(settings, "intake", "intake-1")
    assert (found["user"], found["password"]) == ("intake_app", "own")
    without = arguments(settings, "draws", "draws-1")
    assert (without["user"], without["password"]) == ("draws_app", "")


def test_a_slice_with_a_server_of_its_own_may_name_its_user() -> None:
    settings = DatabaseSettings.model_validate(
        {"postgres_dsn": ADMIN_DSN, "draws_postgres_dsn": "postgresql://someone:secret@other:5432/draws"}
    )
    assert "user" not in arguments(settings, "draws", "draws-1")
    assert arguments(settings, "draws", "draws-1")["dsn"] == "postgresql://someone:secret@other:5432/draws"
    assert arguments(settings, "intake", "intake-1")["user"] == "intake_app"


def test_the_tls_of_a_dsn_is_not_weakened() -> None:
    settings = DatabaseSettings.model_validate({"postgres_dsn": ADMIN_DSN})
    assert arguments(settings, "intake", "intake-1")["ssl"] is None


def test_every_wait_has_a_limit() -> None:
    settings = DatabaseSettings.model_validate({"postgres_dsn": ADMIN_DSN})
    found = arguments(settings, "intake", "intake-1")
    server = found["server_settings"]
    assert (server["statement_timeout"], server["lock_timeout"]) == ("10s", "3s")
    assert server["idle_in_transaction_session_timeout"] == "30s"
    assert found["command_timeout"] == 15.0
    assert server["search_path"] == "intake"


def test_a_missing_dsn_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EE_POSTGRES_DSN", "EE_INTAKE_POSTGRES_DSN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="EE_INTAKE_POSTGRES_DSN"):
        DatabaseSettings().dsn("intake")


def test_no_password_is_shown() -> None:
    settings = DatabaseSettings.model_validate({"postgres_dsn": ADMIN_DSN, "intake_postgres_password": "hidden-one"})
    assert "everything" not in repr(settings)
    assert "hidden-one" not in repr(settings) + str(settings)


def test_migrations_go_by_number_and_before_the_new_code_first() -> None:
    names = ["0002_b.pre.sql", "0001_a.post.sql", "0001_a.pre.sql", "0002_b.post.sql"]
    assert sorted(names, key=position) == ["0001_a.pre.sql", "0001_a.post.sql", "0002_b.pre.sql", "0002_b.post.sql"]
