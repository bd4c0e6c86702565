"""What decisions can be told beside what every worker can: `EE_DECISIONS_...`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class DecisionsSettings(Settings):
    """Policies of the office."""

    model_config = SettingsConfigDict(env_prefix="EE_DECISIONS_")

    auto_approve: bool = Field(
        False,
        description="approve without an officer where all four grounds are met, applications read from then on",
    )
