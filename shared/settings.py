"""How every part of the project reads its settings: environment first, then files of secrets."""

import os
from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SECRETS_DIR = "EE_SECRETS_DIR"
DEFAULT_SECRETS_DIR = "/run/secrets"


class Settings(BaseSettings):
    """Settings from `EE_...` variables, or from files of the same name in lower case in `EE_SECRETS_DIR`.

    A variable wins over a file. Errors name the setting and never quote its value.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # no .env file; the folder of secrets may be absent
        folder = Path(os.environ.get(SECRETS_DIR, DEFAULT_SECRETS_DIR))
        if not folder.is_dir():
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)
