"""Wire shapes of webhooks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import AwareDatetime, Body, Note, Plain
from tillvault.events.webhooks.secrets import ROTATION
from tillvault.events.webhooks.sending import Answer
from tillvault.identity.schemas import Change, Distinct, StrictFlag

_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)
_URL_LENGTH = 2000
_EXAMPLE = "https://erp.example.com/tillvault"


def _address(text: str) -> str:
    """The address as every client reads it (WHATWG URL): `https://0x7f.1/` is 127.0.0.1, a name in any script is its
    ASCII form. So what is judged is what is connected to."""
    try:
        return str(_URL.validate_python(text.strip()))
    except ValidationError:
        raise ValueError("must be an http or https address") from None


Address = Annotated[
    str,
    Plain,
    StringConstraints(min_length=8, max_length=_URL_LENGTH),
    AfterValidator(_address),
    WithJsonSchema(
        {"type": "string", "format": "uri", "minLength": 8, "maxLength": _URL_LENGTH, "examples": [_EXAMPLE]}
    ),
]
EventType = Annotated[str, StringConstraints(min_length=1, max_length=100), Plain]
Types = Annotated[
    list[EventType],
    Field(min_length=1, max_length=100, json_schema_extra={"uniqueItems": True}, examples=[["sale.finalized"]]),
    Distinct,
]


class NewWebhook(Body):
    url: Address
    types: Types | None = Field(None, description="Types of docs/reference/events.md; null or left out: all of them.")
    description: Note | None = None


class WebhookChange(Body):
    url: Change[Address] = None
    types: Types | None = Field(None, description="null: all types. Left out: as it is.")
    description: Note | None = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class ReplayWebhook(Body):
    """What is delivered again: one of the three."""

    dead_letters: Literal[True] | None = Field(None, description="true: all that was given up.")
    since: AwareDatetime | None = Field(None, description="All that occurred from this moment on.")
    event_id: UUID | None = Field(None, description="This event.")

    @model_validator(mode="after")
    def _one(self) -> ReplayWebhook:
        if sum(value is not None for value in (self.dead_letters, self.since, self.event_id)) != 1:
            raise ValueError("name one of deadLetters, since and eventId")
        return self


class WebhookAnswer(Wire):
    id: UUID
    url: str
    types: list[str] | None = Field(description="null: every type.")
    description: str | None
    is_active: bool
    old_secret_until: datetime | None = Field(description="Until then deliveries carry a second signature.")
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> WebhookAnswer:
        return cls.model_validate(dict(row) | _rotation(row))


class WebhookGiven(WebhookAnswer):
    secret: str | None = Field(description="Shown once; null when the request is repeated.")

    @classmethod
    def giving(cls, row: Row, secret: str | None) -> WebhookGiven:
        return cls.model_validate(dict(row) | _rotation(row) | {"secret": secret})


def _rotation(row: Row) -> dict[str, Any]:
    return {"old_secret_until": None if row["rotated_at"] is None else row["rotated_at"] + ROTATION}


class TestAnswer(Wire):
    delivered: bool
    response_code: int | None
    error: str | None
    duration_ms: float

    @classmethod
    def of(cls, answer: Answer) -> TestAnswer:
        return cls(
            delivered=answer.error is None,
            response_code=answer.status,
            error=answer.error,
            duration_ms=round((answer.finished_at - answer.started_at).total_seconds() * 1000, 1),
        )


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class DeliveryAnswer(Wire):
    event_id: UUID
    type: str
    key: str
    occurred_at: datetime
    status: DeliveryStatus
    attempts: int
    response_code: int | None = Field(description="Of the last attempt; null when there was no answer.")
    error: str | None
    updated_at: datetime
    next_attempt_at: datetime | None = Field(description="When it is tried again, while it waits.")

    @classmethod
    def of(cls, row: Row) -> DeliveryAnswer:
        return cls.model_validate(dict(row) | {"event_id": row["id"]})


class ReplayAnswer(Wire):
    replayed: int = Field(description="Events that will be delivered; at most 10,000 at once. Ask again for the rest.")
