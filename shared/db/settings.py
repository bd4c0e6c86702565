"""How to reach PostgreSQL. Each service's slice may move to a server of its own: a DSN per service."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class DatabaseSettings(Settings):
    """`EE_POSTGRES_...`: one DSN for all services, or `EE_<SERVICE>_POSTGRES_DSN`, and a password for each.

    The DSN names host and database. A service connects as its role `<service>_app`; a user in a DSN of that
    service's own wins, a user in the common one is never used.
    """

    model_config = SettingsConfigDict(env_prefix="EE_")

    postgres_dsn: SecretStr | None = Field(None, description="where every service's schema is, without a user")
    admin_postgres_dsn: SecretStr | None = Field(None, description="as a role that may make roles and schemas")
    intake_postgres_dsn: SecretStr | None = Field(None, description="where the schema of intake is, if elsewhere")
    scoring_postgres_dsn: SecretStr | None = Field(None, description="where the schema of scoring is, if elsewhere")
    draws_postgres_dsn: SecretStr | None = Field(None, description="where the schema of draws is, if elsewhere")
    decisions_postgres_dsn: SecretStr | None = Field(None, description="where the schema of decisions is, if elsewhere")
    intake_admin_postgres_dsn: SecretStr | None = Field(None, description="who migrates it there")
    scoring_admin_postgres_dsn: SecretStr | None = Field(None, description="who migrates it there")
    draws_admin_postgres_dsn: SecretStr | None = Field(None, description="who migrates it there")
    decisions_admin_postgres_dsn: SecretStr | None = Field(None, description="who migrates it there")
    intake_postgres_password: SecretStr | None = Field(None, description="of the role intake_app")
    scoring_postgres_password: SecretStr | None = Field(None, description="of the role scoring_app")
    draws_postgres_password: SecretStr | None = Field(None, description="of the role draws_app")
    decisions_postgres_password: SecretStr | None = Field(None, description="of the role decisions_app")
    postgres_ssl: SslMode | None = Field(
        None, description="sslmode, where the DSN has none: verify-full but for a laptop"
    )
    postgres_sslrootcert: Path | None = Field(None, description="authorities of the server")
    postgres_pool_max: int = Field(8, ge=4, le=64, description="connections that one process may hold")

    def dsn(self, service: str) -> str:
        """The DSN of a service. Raises `ValueError` naming the setting that is missing."""
        own: SecretStr | None = getattr(self, f"{service}_postgres_dsn")
        chosen = own or self.postgres_dsn
        if chosen is None:
            raise ValueError(f"set EE_POSTGRES_DSN or EE_{service.upper()}_POSTGRES_DSN")
        return chosen.get_secret_value()

    def names_user(self, service: str) -> bool:
        """Whether the service has a DSN of its own that says as whom to log in."""
        own: SecretStr | None = getattr(self, f"{service}_postgres_dsn")
        return own is not None and urlsplit(own.get_secret_value()).username is not None

    def password(self, service: str) -> str | None:
        """The password of the role `<service>_app`; None where the DSN or the server needs none."""
        found: SecretStr | None = getattr(self, f"{service}_postgres_password")
        return found.get_secret_value() if found else None

    def admin_dsn(self, service: str) -> str:
        """As who makes roles and schemas, on the server of this service. Raises `ValueError`."""
        own: SecretStr | None = getattr(self, f"{service}_admin_postgres_dsn")
        chosen = own or self.admin_postgres_dsn
        if chosen is None:
            raise ValueError("set EE_ADMIN_POSTGRES_DSN to a role that may make roles and schemas")
        return chosen.get_secret_value()


def app_role(service: str) -> str:
    """The role under which a service runs: no DDL, no other schema."""
    return f"{service}_app"


class OperatorSettings(Settings):
    """How an operator reaches the database, under a login of their own."""

    model_config = SettingsConfigDict(env_prefix="EE_")

    operator_postgres_dsn: SecretStr | None = Field(
        None, description="host, database and the operator's own user and password: `ee operator create` prints it"
    )

    def dsn(self) -> str:
        """The DSN. Raises `ValueError` naming the setting that is missing."""
        if self.operator_postgres_dsn is None:
            raise ValueError("set EE_OPERATOR_POSTGRES_DSN to your own login at the database: `ee operator create`")
        return self.operator_postgres_dsn.get_secret_value()


AUDITOR = "auditor"
"""The group of the people who read what operators did, in every service."""


def owner_role(service: str) -> str:
    """The role that owns a service's schema and migrates it; nobody logs in as it."""
    return f"{service}_owner"


def operator_role(service: str) -> str:
    """The group of the people who may give commands to a service, each under a login of their own."""
    return f"{service}_operator"
