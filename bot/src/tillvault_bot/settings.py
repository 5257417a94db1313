"""Every setting of the bot, once; `bot/env.example` is written from here by `python -m tillvault_bot.settings`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment; each name begins with BOT_."""

    model_config = SettingsConfigDict(env_prefix="BOT_", extra="ignore", env_ignore_empty=True)

    telegram_token: SecretStr = Field(description="Token of the bot, from @BotFather.")
    telegram_url: str = Field(
        default="https://api.telegram.org", description="Address of the Bot API: Telegram's, or a stand-in's."
    )
    api_url: str = Field(default="http://127.0.0.1:8000", description="Address of Tillvault's API.")
    api_key: SecretStr = Field(
        description="API key with the scopes bot:link, cash:read, deposits:read, deposits:write and tickets:read."
    )
    api_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="How long the API may take to answer, in seconds."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis that keeps conversations. Unset: a file in BOT_STATE_DIR."
    )
    state_dir: Path = Field(default=Path("var/bot"), description="Folder of the file that keeps conversations.")
    webhook_url: str | None = Field(
        default=None,
        description="Public https address at which Telegram reaches this bot, path included. Unset: the bot asks "
        "Telegram itself (long polling).",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="What Telegram sends with every call of the webhook: 16 to 256 letters, digits, _ and -. Needed "
        "with BOT_WEBHOOK_URL.",
    )
    host: str = Field(default="127.0.0.1", description="Address on which the bot listens, for /health and the webhook.")
    port: int = Field(default=8090, ge=0, le=65535, description="Port on which the bot listens.")
    conversation_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="How long the bot waits for the next answer of a deposit."
    )
    retry_seconds: float = Field(
        default=5.0, gt=0, le=600, description="How often the bot tries again while the API does not answer."
    )
    alerts_seconds: float = Field(default=15.0, gt=0, le=3600, description="How often the bot looks for alerts.")
    vault_seconds: float = Field(default=300.0, gt=0, le=86_400, description="How often the bot checks the vault.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error."
    )

    @model_validator(mode="after")
    def _secret_with_webhook(self) -> Settings:
        if self.webhook_url is None:
            return self
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if not 16 <= len(secret) <= 256 or not secret.replace("_", "").replace("-", "").isalnum():
            raise ValueError("BOT_WEBHOOK_SECRET must have 16 to 256 letters, digits, _ and - with BOT_WEBHOOK_URL")
        return self


def example() -> str:
    """The text of `bot/env.example`."""
    lines = ["# Settings of the Telegram bot. Written by `make openapi` from the class; edit that."]
    for name, info in Settings.model_fields.items():
        lines += ["", f"# {info.description}"]
        if info.is_required():
            lines.append(f"BOT_{name.upper()}=")
        else:
            lines.append(f"# BOT_{name.upper()}={'' if info.default is None else info.default}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(example())
