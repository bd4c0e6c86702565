"""Recognising a person, and sealing who they are."""

import pytest
from cryptography.fernet import Fernet, InvalidToken
from pydantic import ValidationError

from services.intake.person import Recognition, Vault, plain
from services.intake.settings import IntakeSettings
from shared.contracts.submission import Identity
from tests.unit.intake.given import SETTINGS, body


def identity(**changes: str | None) -> Identity:
    return Identity.model_validate(body()["identity"] | changes)


@pytest.mark.parametrize("number", ["A01234", "a 012-34", "A.012/34", "Ａ０１２３４"])
def test_case_width_and_separators_do_not_count(number: str) -> None:
    assert plain(number) == "A01234"


def test_the_same_number_of_another_country_is_another_person() -> None:
    recognition = Recognition(SETTINGS)
    assert recognition.people(identity()).passport != recognition.people(identity(passport_country="FRA")).passport


def test_a_client_number_is_never_taken_for_a_passport() -> None:
    people = Recognition(SETTINGS).people(identity(client_id="A01234"))
    assert people.client not in (None, people.passport)


def test_hashes_depend_on_the_key() -> None:
    other = SETTINGS.model_copy(update={"person_key": IntakeSettings.model_validate(_keys("x" * 32)).person_key})
    assert Recognition(other).people(identity()) != Recognition(SETTINGS).people(identity())


def test_what_is_sealed_opens_with_any_key_of_the_list_and_with_no_other() -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Vault(IntakeSettings.model_validate(_keys("k" * 32, first))).seal(identity())
    rotated = Vault(IntakeSettings.model_validate(_keys("k" * 32, second, first))).rotate(sealed)
    assert Vault(IntakeSettings.model_validate(_keys("k" * 32, second))).open(rotated) == identity()
    with pytest.raises(InvalidToken):
        Vault(IntakeSettings.model_validate(_keys("k" * 32, first))).open(rotated)


def test_a_bad_key_is_named_and_not_quoted() -> None:
    with pytest.raises(ValidationError) as caught:
        IntakeSettings.model_validate(_keys("short", "no key at all"))
    text = str(caught.value)
    assert "identity_keys" in text
    assert "person_key" in text
    assert "no key at all" not in text
    assert "short\n" not in text
    assert "k" * 32 not in repr(SETTINGS)


def _keys(person: str, *identity_keys: str) -> dict[str, object]:
    return {"person_key": person, "identity_keys": list(identity_keys) or [Fernet.generate_key().decode()]}
