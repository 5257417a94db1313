"""Wire shapes of API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body, Label
from tillvault.identity.permissions import MACHINE_SCOPES
from tillvault.identity.schemas import Distinct


def _for_machines(scope: str) -> str:
    if scope not in MACHINE_SCOPES:
        raise ValueError(f"must be one of {', '.join(sorted(MACHINE_SCOPES))}")
    return scope


Scope = Annotated[
    str, AfterValidator(_for_machines), WithJsonSchema({"type": "string", "enum": sorted(MACHINE_SCOPES)})
]
Scopes = Annotated[
    list[Scope],
    Field(min_length=1, max_length=len(MACHINE_SCOPES), json_schema_extra={"uniqueItems": True}),
    Distinct,
]


class NewApiKey(Body):
    name: Label
    scopes: Scopes


class ApiKeyAnswer(Wire):
    id: UUID
    name: str
    hint: str = Field(description="The first characters of the key, to tell keys apart.")
    scopes: list[str]
    created_by: UUID | None
    created_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> ApiKeyAnswer:
        return cls.model_validate(dict(row))


class ApiKeyGiven(ApiKeyAnswer):
    key: str | None = Field(description="Shown once; null when the request is repeated.")

    @classmethod
    def giving(cls, row: Row, key: str | None) -> ApiKeyGiven:
        return cls.model_validate(dict(row) | {"key": key})
