"""Wire shapes of Telegram accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body, Label, Plain
from tillvault.identity.domain import Role
from tillvault.identity.telegram.domain import TELEGRAM_ID_MAX

Language = Literal["en", "fr", "es"]
TelegramId = Annotated[int, Field(strict=True, ge=1, le=TELEGRAM_ID_MAX)]
ChatId = Annotated[int, Field(strict=True, ge=-TELEGRAM_ID_MAX, le=TELEGRAM_ID_MAX)]


class LinkCode(Wire):
    """Told once, to the person at the desk."""

    id: UUID
    code: str | None = Field(description="Shown once; null when the request is repeated.")
    expires_at: datetime


class RedeemCode(Body):
    code: Annotated[str, StringConstraints(min_length=1, max_length=40), Plain]
    telegram_id: TelegramId
    chat_id: ChatId
    name: Label
    language: Language = "en"


class TelegramLink(Wire):
    """A Telegram account and the person behind it."""

    id: UUID
    organisation: str = Field(description="Its short name, the tenant of the vault.")
    user_id: UUID
    user_name: str
    role: Role
    branch_ids: list[UUID] = Field(description="The first is the person's own.")
    branch_names: list[str] = Field(description="In the order of `branchIds`.")
    telegram_id: int
    chat_id: int
    name: str
    language: Language
    linked_at: datetime

    @classmethod
    def of(cls, row: Row) -> TelegramLink:
        return cls.model_validate(dict(row) | {"linked_at": row["created_at"]})
