"""Wire shapes of the sync log."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire


class SyncStatus(StrEnum):
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class SyncLogAnswer(Wire):
    id: UUID
    target: str = Field(description="`webhook:…` with its id, `redis` or `nats`, or what was exported.")
    operation: str = Field(description="deliver, test, append or export.")
    status: SyncStatus
    attempts: int = Field(description="Which try this was.")
    event_id: UUID | None
    event_count: int = Field(description="Events, or rows of an export.")
    response_code: int | None
    error: str | None
    started_at: datetime
    finished_at: datetime

    @classmethod
    def of(cls, row: Row) -> SyncLogAnswer:
        return cls.model_validate(dict(row))
