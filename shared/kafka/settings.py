"""How to reach Kafka, and as whom."""

import ssl
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.kafka.topics import table
from shared.settings import Settings

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class KafkaSettings(Settings):
    """`EE_KAFKA_...`: bootstrap servers, security, and the size of the installation.

    `users` (principal to password) and `partitions`, `replication_factor`, `min_insync_replicas` are used
    only where topics, users and rights are applied.
    """

    model_config = SettingsConfigDict(env_prefix="EE_KAFKA_")

    bootstrap: str = Field(min_length=1, description="brokers to begin with: host:port, separated by commas")
    security_protocol: Protocol = Field("PLAINTEXT", description="how the brokers are spoken to")
    sasl_mechanism: Mechanism = Field("SCRAM-SHA-512", description="how a password is proved")
    sasl_username: str | None = Field(None, description="the principal of this process, where SASL is used")
    sasl_password: SecretStr | None = Field(None, description="its password")
    ssl_cafile: Path | None = Field(None, description="authorities of the brokers; none: those of the system")
    ssl_certfile: Path | None = Field(None, description="a certificate of our own, where brokers ask for one")
    ssl_keyfile: Path | None = Field(None, description="its key")
    partitions: int = Field(table().partitions, ge=1, description="of every topic; never changed on live topics")
    replication_factor: int = Field(1, ge=1, description="copies of every partition")
    min_insync_replicas: int = Field(1, ge=1, description="copies that must have a record before it is acknowledged")
    users: dict[str, SecretStr] = Field(
        default_factory=dict, description="principals that `ee topics apply` makes, with their passwords"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.uses_sasl and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"EE_KAFKA_SECURITY_PROTOCOL={self.security_protocol} needs EE_KAFKA_SASL_USERNAME and "
                "EE_KAFKA_SASL_PASSWORD (or the file ee_kafka_sasl_password): set both"
            )
        if self.ssl_keyfile and not self.ssl_certfile:
            raise ValueError("EE_KAFKA_SSL_KEYFILE without EE_KAFKA_SSL_CERTFILE: set both or neither")
        if self.min_insync_replicas > self.replication_factor:
            raise ValueError("EE_KAFKA_MIN_INSYNC_REPLICAS is above EE_KAFKA_REPLICATION_FACTOR: lower it")
        return self

    @property
    def uses_sasl(self) -> bool:
        """Whether a user and a password are sent."""
        return self.security_protocol.startswith("SASL")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def is_secured(self) -> bool:
        """Whether the broker knows who we are, so that rights mean something."""
        return self.uses_sasl or (self.uses_tls and self.ssl_certfile is not None)

    @cached_property
    def ssl_context(self) -> ssl.SSLContext | None:
        """Verifies the broker's name and chain; with a certificate of our own if one is set."""
        if not self.uses_tls:
            return None
        context = ssl.create_default_context(cafile=self.ssl_cafile)
        if self.ssl_certfile:
            context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        return context

    def aiokafka(self) -> dict[str, Any]:
        """Connection arguments for aiokafka's producer and consumer. Holds the password: never log it."""
        kwargs: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
        }
        if self.uses_sasl and self.sasl_password:
            kwargs |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password.get_secret_value(),
            }
        return kwargs

    def confluent(self) -> dict[str, Any]:
        """Connection configuration for confluent-kafka. Holds the password: never log it."""
        conf: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol,
            "socket.keepalive.enable": True,
            "log_level": 0,  # librdkafka writes to stderr by itself, 20 lines a second while a broker is away
            "reconnect.backoff.ms": 200,
            "reconnect.backoff.max.ms": 2_000,
        }
        if self.uses_sasl and self.sasl_password:
            conf |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password.get_secret_value(),
            }
        if self.uses_tls:
            paths = {
                "ssl.ca.location": self.ssl_cafile,
                "ssl.certificate.location": self.ssl_certfile,
                "ssl.key.location": self.ssl_keyfile,
            }
            conf |= {name: str(path) for name, path in paths.items() if path}
        return conf
