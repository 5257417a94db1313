"""Wire shapes of the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import WithJsonSchema

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire

Told = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "null"}]})]
"""What was stored, as it was stored: amounts keep their decimals, because nothing here reads them."""


class AuditAnswer(Wire):
    id: UUID
    branch_id: UUID | None
    actor_id: UUID | None
    actor_name: str
    actor_role: str
    action: str
    resource_type: str
    resource_id: str
    before: Told
    after: Told
    outcome: str
    address: str | None
    device: str | None
    request_id: str | None
    occurred_at: datetime

    @classmethod
    def of(cls, row: Row) -> AuditAnswer:
        told = {name: orjson.Fragment(row[name]) if row[name] else None for name in ("before", "after")}
        return cls.model_validate(dict(row) | told)
