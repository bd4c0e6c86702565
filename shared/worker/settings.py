"""What every service can be told: `EE_...` (how to reach Kafka and PostgreSQL: their own settings classes)."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class WorkerSettings(Settings):
    """The worker's settings, the same for the four services."""

    model_config = SettingsConfigDict(env_prefix="EE_")

    clock: Literal["system", "topic"] = Field("system", description="whose time: the machine's, or topic `clock`")
    receipt_tolerance_s: int = Field(
        300,
        ge=0,
        description="how far an upstream's instant of receipt may be ahead of the business clock, seconds",
    )
    batch_max_records: int = Field(
        1000, ge=1, le=10_000, description="records in a batch: more is faster under load, less is smoother"
    )
    batch_timeout_ms: int = Field(50, ge=1, description="how long an empty poll waits, ms")
    fetch_max_bytes: int = Field(16_777_216, ge=1_048_576, description="bytes that one fetch may bring: bounds memory")
    session_timeout_ms: int = Field(30_000, description="after how long a silent member leaves the group, ms")
    rebalance_timeout_ms: int = Field(60_000, description="how long a rebalance waits for a member to drain, ms")
    drain_timeout_s: float = Field(20.0, description="how long a revoke waits for the batch in flight, seconds")
    retry_in_place_s: float = Field(60.0, description="how long a batch waits in place before it is read again, s")
    graceful_timeout_s: float = Field(20.0, description="how long a shutdown waits for the batch in flight, seconds")
    step_limit: int = Field(500, ge=1, description="due rows that a clock step takes in one transaction")
    step_poll_ms: int = Field(500, ge=10, description="how often clock steps look for due rows, ms")
    relay_poll_ms: int = Field(200, ge=5, description="how often the relay looks for outbox rows, ms")
    breaker_limit: int = Field(20, ge=1, description="own failures in a row after which the consumer stops")
    stalled_s: float = Field(
        120.0, ge=30, description="how long records may wait while nothing moves before a process is not ready, seconds"
    )
    http_host: str = Field("127.0.0.1", description="where /livez, /readyz and /metrics listen")
    http_port: int = Field(0, ge=0, le=65_535, description="their port; 0: none is opened")
    otlp_endpoint: str | None = Field(
        None, description="where traces go, by OTLP over HTTP, such as http://collector:4318; none: no traces"
    )
    trace_share: float = Field(1.0, gt=0, le=1, description="of the profiles, how many are traced, each whole")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
