"""No secret is shown by the settings that hold it, wherever it comes from."""

import json
import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from services.cli import SETTINGS
from shared.ops.config import name
from shared.settings import Settings
from tests.docs.settings_table import is_secret

MARK = "correct-horse-battery-staple-0123456789"
KEY = Fernet.generate_key().decode()
SPECIAL = {"EE_KAFKA_USERS": json.dumps({"intake": MARK}), "EE_INTAKE_IDENTITY_KEYS": json.dumps([KEY])}
PLAIN = {"EE_KAFKA_BOOTSTRAP": "one:9092"}


def secrets(settings: type[Settings]) -> dict[str, str]:
    """A value for each secret of a class, by its name in the environment."""
    names = [name(settings, field) for field, info in settings.model_fields.items() if is_secret(info.annotation)]
    return {one: SPECIAL.get(one, MARK) for one in names}


SECRET = [settings for settings in SETTINGS.values() if secrets(settings)]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [variable for variable in os.environ if variable.startswith("EE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("EE_SECRETS_DIR", str(tmp_path))
    for variable, value in PLAIN.items():
        monkeypatch.setenv(variable, value)


def shown(settings: Settings) -> str:
    """Everything that a log, a page or a debugger might show of settings."""
    return "\n".join([repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())])


def test_the_classes_with_secrets_are_these() -> None:
    assert {one.__name__ for one in SECRET} == {
        "KafkaSettings",
        "DatabaseSettings",
        "IntakeSettings",
        "OperatorSettings",
    }


@pytest.mark.parametrize("settings", SECRET)
def test_no_secret_of_the_environment_is_shown(settings: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in secrets(settings).items():
        monkeypatch.setenv(variable, value)
    text = shown(settings())
    assert MARK not in text
    assert KEY not in text


@pytest.mark.parametrize("settings", SECRET)
def test_every_secret_may_come_from_a_file_and_is_not_shown(settings: type[Settings], tmp_path: Path) -> None:
    for variable, value in secrets(settings).items():
        (tmp_path / variable.lower()).write_text(value + "\n", "utf-8")
    found = settings()
    assert all(getattr(found, field) for field, info in settings.model_fields.items() if is_secret(info.annotation))
    assert MARK not in shown(found)
    assert KEY not in shown(found)


@pytest.mark.parametrize("settings", [one for one in SECRET if one.__name__ in {"KafkaSettings", "IntakeSettings"}])
def test_a_secret_that_cannot_be_read_is_not_quoted(settings: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {variable: f'["{MARK}"' if variable in SPECIAL else MARK for variable in secrets(settings)}
    for variable, value in wrong.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - a ValidationError, or that of the source before it
        settings()
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert all(MARK not in str(one) for one in chain if one is not None)


def test_a_key_that_is_none_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.intake.settings import IntakeSettings

    monkeypatch.setenv("EE_INTAKE_IDENTITY_KEYS", json.dumps([MARK]))
    monkeypatch.setenv("EE_INTAKE_PERSON_KEY", MARK[:5])
    with pytest.raises(ValidationError) as caught:
        IntakeSettings()
    assert MARK[:5] not in str(caught.value)
