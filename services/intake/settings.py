"""What intake can be told beside the worker's settings: `EE_INTAKE_...`, keys from files of secrets or variables."""

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings

KEY_HINT = "make one with `ee intake new-key`"


class IntakeSettings(Settings):
    """The keys of intake. Errors name the setting and never quote a key."""

    model_config = SettingsConfigDict(env_prefix="EE_INTAKE_")

    identity_keys: tuple[SecretStr, ...] = Field(
        min_length=1,
        description="keys that encrypt identity at rest, newest first: a JSON list of Fernet keys",
    )
    person_key: SecretStr = Field(
        min_length=32,
        description="key of the hashes by which one person is recognised, 32 characters or more; never changed",
    )

    @field_validator("identity_keys")
    @classmethod
    def _usable(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for place, key in enumerate(keys, 1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                raise ValueError(f"key {place} is no Fernet key (32 bytes in URL-safe base64); {KEY_HINT}") from None
        return keys
