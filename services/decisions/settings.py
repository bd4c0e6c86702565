"""What decisions can be told beside what every worker can: `EE_DECISIONS_...`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class DecisionsSettings(Settings):
    """Policies of the office."""

    model_config = SettingsConfigDict(env_prefix="EE_DECISIONS_")

    auto_approve: bool = Field(
        False,
        description="approve without an officer where all four grounds are met, applications read from then on",
    )


class OperatorSettings(Settings):
    """How an operator reaches the database of decisions, under a login of their own."""

    model_config = SettingsConfigDict(env_prefix="EE_")

    operator_postgres_dsn: SecretStr | None = Field(
        None, description="host, database and the operator's own user and password"
    )

    def dsn(self) -> str:
        """The DSN. Raises `ValueError` naming the setting that is missing."""
        if self.operator_postgres_dsn is None:
            raise ValueError("set EE_OPERATOR_POSTGRES_DSN to your own login at the database of decisions")
        return self.operator_postgres_dsn.get_secret_value()
