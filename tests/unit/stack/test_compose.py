"""docker-compose.yml: what its schema does not see: names that point nowhere, and settings that nobody reads."""

from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from services.cli import app
from shared.db.settings import DatabaseSettings
from shared.kafka.topics import SERVICES
from shared.stack.backend import KAFKA_IMAGE, POSTGRES_IMAGE

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return found


def test_every_dependency_secret_and_volume_is_declared(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= compose["services"].keys(), name
        assert set(service.get("secrets", [])) <= compose["secrets"].keys(), name
        sources = {volume.split(":")[0] for volume in service.get("volumes", [])}
        folders = {source for source in sources if source.startswith("./")}
        assert sources - folders <= compose["volumes"].keys(), name
        assert all((ROOT / folder).is_dir() for folder in folders), name


def test_every_secret_that_is_declared_is_used(compose: dict[str, Any]) -> None:
    used = {secret for service in compose["services"].values() for secret in service.get("secrets", [])}
    assert used == compose["secrets"].keys()


def test_every_service_runs_under_its_own_password_alone(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        passwords = [s for s in compose["services"][service]["secrets"] if s.endswith("_postgres_password")]
        assert passwords == [f"ee_{service}_postgres_password"]
        assert passwords[0].removeprefix("ee_") in DatabaseSettings.model_fields
        assert compose["services"][service]["command"] == [f"services.{service}"]


def test_services_are_closed_and_are_given_time_to_stop(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        settings = compose["services"][service]
        assert settings["read_only"] is True
        assert settings["cap_drop"] == ["ALL"]
        assert settings["restart"] == "unless-stopped"
        assert settings["stop_grace_period"] == "60s"
        assert "/readyz" in str(settings["healthcheck"]["test"])


def test_services_wait_for_topics_and_migrations(compose: dict[str, Any]) -> None:
    for service in SERVICES:
        depends = compose["services"][service]["depends_on"]
        assert depends == {job: {"condition": "service_completed_successfully"} for job in ("migrate", "topics")}


def test_an_upgrade_is_prepared_before_the_services_and_finished_after_them(compose: dict[str, Any]) -> None:
    before, after = (compose["services"][job] for job in ("migrate", "finish"))
    assert (before["command"], after["command"]) == (["migrate", "--step", "pre"], ["migrate", "--step", "post"])
    assert after["depends_on"] == {service: {"condition": "service_healthy"} for service in SERVICES}


@pytest.mark.parametrize("job", ["migrate", "topics", "finish"])
def test_jobs_run_a_command_that_exists_once(compose: dict[str, Any], job: str) -> None:
    settings = compose["services"][job]
    assert (settings["restart"], settings["entrypoint"]) == ("no", ["ee"])
    command: Any = typer.main.get_command(app)
    for word in settings["command"]:
        if not hasattr(command, "commands"):
            break
        command = command.commands[word]


def test_only_the_migration_may_make_roles(compose: dict[str, Any]) -> None:
    holders = [name for name, one in compose["services"].items() if "ee_admin_postgres_dsn" in one.get("secrets", [])]
    assert holders == ["migrate", "finish"]


def test_prometheus_and_grafana_start_only_when_asked_for_and_are_closed(compose: dict[str, Any]) -> None:
    asked = {name for name, service in compose["services"].items() if service.get("profiles") == ["observe"]}
    assert asked == {"prometheus", "grafana"}
    for name in asked:
        settings = compose["services"][name]
        assert settings["read_only"] is True
        assert all(port.startswith("127.0.0.1:") for port in settings["ports"])


def test_grafana_finds_its_dashboards_where_they_are_mounted(compose: dict[str, Any]) -> None:
    settings = compose["services"]["grafana"]
    mounted = dict(volume.split(":")[:2] for volume in settings["volumes"])
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/express-entry.yml").read_text("utf-8"))[
        "providers"
    ][0]
    assert provider["options"]["path"] == mounted["./deploy/grafana/dashboards"]
    home = Path(settings["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (ROOT / "deploy/grafana/dashboards" / home.name).is_file()


def test_containers_for_tests_are_the_same_servers(compose: dict[str, Any]) -> None:
    assert compose["services"]["kafka"]["image"] == KAFKA_IMAGE
    assert compose["services"]["postgres"]["image"] == POSTGRES_IMAGE
