"""What draws can be told beside what every worker can: `EE_DRAWS_...`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class DrawsSettings(Settings):
    """The patience of a round."""

    model_config = SettingsConfigDict(env_prefix="EE_DRAWS_")

    round_time_limit_s: float = Field(
        1800.0, gt=0, description="how long a round waits for what is in flight before it refuses, seconds"
    )
    round_poll_ms: int = Field(100, ge=5, description="how often a waiting round looks again, ms")
    batch_timeout_s: float = Field(
        300.0, gt=0, description="how long one statement may take that reads the whole pool after a round, seconds"
    )
