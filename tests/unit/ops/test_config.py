"""`ee config check` without servers: what it says of settings, and of servers that are not there."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner

from services.cli import SETTINGS, app
from shared.kafka import admin
from shared.ops.config import names

SECRET = "not-a-key-and-nobody-may-see-it"
SOUND = {
    "EE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "EE_POSTGRES_DSN": "postgresql://127.0.0.1:1/nowhere",
    "EE_INTAKE_IDENTITY_KEYS": f'["{Fernet.generate_key().decode()}"]',
    "EE_INTAKE_PERSON_KEY": "x" * 32,
}


def run(monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, str], *words: str) -> tuple[int, list[str]]:
    for variable in SOUND:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(admin, "REQUEST_TIMEOUT_S", 0.5)
    result = CliRunner().invoke(app, ["config", "check", *words])
    return result.exit_code, result.output.splitlines()


def test_a_setting_that_is_missing_is_named_with_both_places_where_it_may_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status, lines = run(monkeypatch, {})
    assert status == 1
    assert (
        "WRONG  EE_KAFKA_BOOTSTRAP: is required: set it, or put it into the file ee_kafka_bootstrap in the folder of "
        "EE_SECRETS_DIR"
    ) in lines
    assert lines[-1] == "3 to mend"


def test_a_wrong_value_is_named_with_its_meaning_and_never_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**SOUND, "EE_INTAKE_IDENTITY_KEYS": f'["{SECRET}"]', "EE_BATCH_MAX_RECORDS": "0"}
    status, lines = run(monkeypatch, wrong)
    assert status == 1
    assert any(line.startswith("WRONG  EE_BATCH_MAX_RECORDS: Input should be greater than") for line in lines)
    assert any(line.startswith("WRONG  EE_INTAKE_IDENTITY_KEYS: key 1 is no Fernet key") for line in lines)
    assert SECRET not in "\n".join(lines)


def test_settings_that_contradict_each_other_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, lines = run(monkeypatch, {**SOUND, "EE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"})
    assert any(line.startswith("WRONG  settings of Kafka: EE_KAFKA_SECURITY_PROTOCOL=SASL_SSL needs") for line in lines)


def test_a_slip_of_the_pen_is_found_in_variables_and_in_files() -> None:
    found = list(names(SETTINGS.values(), ["EE_KAFKA_BOTSTRAP", "EE_STACK", "HOME"], ["ee_zzz", "postgres_password"]))
    assert [(one.subject, one.problem) for one in found] == [
        ("EE_KAFKA_BOTSTRAP", "is no setting: did you mean EE_KAFKA_BOOTSTRAP?"),
        ("file ee_zzz", "is no setting: remove it"),
    ]


def test_a_file_of_secrets_counts_as_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ee_intake_person_key").write_text("x" * 32)
    monkeypatch.setenv("EE_SECRETS_DIR", str(tmp_path))
    without = {name: value for name, value in SOUND.items() if name != "EE_INTAKE_PERSON_KEY"}
    _, lines = run(monkeypatch, without)
    assert "ok     settings of intake" in lines


def test_servers_that_do_not_answer_are_told_with_the_settings_that_lead_to_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    status, lines = run(monkeypatch, SOUND, "--service", "scoring")
    assert status == 1
    assert any(line.startswith("WRONG  database of scoring: does not answer") for line in lines)
    assert any(line.startswith("WRONG  Kafka: Kafka does not answer at 127.0.0.1:1") for line in lines)
    assert lines[-1] == "2 to mend"


def test_a_service_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, SOUND, "--service", "nothing")[0] == 2
