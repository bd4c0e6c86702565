"""Settings come from the environment or from files of secrets, say what is wrong, and show no password."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.kafka.settings import KafkaSettings

MARK = "correct-horse"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("BOOTSTRAP", "REPLICATION_FACTOR", "MIN_INSYNC_REPLICAS"):
        monkeypatch.delenv(f"EE_KAFKA_{name}", raising=False)
    monkeypatch.setenv("EE_SECRETS_DIR", str(tmp_path))


def test_the_bootstrap_servers_are_all_that_a_plain_cluster_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "one:9092,two:9092")
    settings = KafkaSettings()
    assert settings.aiokafka()["bootstrap_servers"] == "one:9092,two:9092"
    assert settings.confluent()["security.protocol"] == "PLAINTEXT"
    assert not settings.is_secured


def test_a_password_may_come_from_a_file_of_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ee_kafka_sasl_password").write_text(MARK + "\n", "utf-8")
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "one:9092")
    monkeypatch.setenv("EE_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("EE_KAFKA_SASL_USERNAME", "intake")
    settings = KafkaSettings()
    assert settings.is_secured
    assert settings.aiokafka()["sasl_plain_password"] == MARK
    assert settings.confluent()["sasl.password"] == MARK


def test_no_password_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "one:9092")
    monkeypatch.setenv("EE_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("EE_KAFKA_SASL_USERNAME", "intake")
    monkeypatch.setenv("EE_KAFKA_SASL_PASSWORD", MARK)
    monkeypatch.setenv("EE_KAFKA_USERS", f'{{"intake": "{MARK}"}}')
    settings = KafkaSettings()
    assert settings.users["intake"].get_secret_value() == MARK
    assert MARK not in repr(settings) + str(settings) + settings.model_dump_json()


def test_an_error_names_the_setting_and_quotes_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "one:9092")
    monkeypatch.setenv("EE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("EE_KAFKA_SASL_PASSWORD", MARK)
    with pytest.raises(ValidationError, match="EE_KAFKA_SASL_USERNAME") as caught:
        KafkaSettings()
    assert MARK not in str(caught.value)


def test_more_replicas_in_sync_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EE_KAFKA_BOOTSTRAP", "one:9092")
    monkeypatch.setenv("EE_KAFKA_MIN_INSYNC_REPLICAS", "2")
    with pytest.raises(ValidationError, match="EE_KAFKA_MIN_INSYNC_REPLICAS"):
        KafkaSettings()
