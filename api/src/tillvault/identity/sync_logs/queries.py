"""SQL of the sync log, as it is read; events/relay/queries.py writes it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row


async def records(
    db: Connection,
    *,
    target: str | None,
    operation: str | None,
    status: str | None,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Newest first."""
    return await db.fetch(
        """
        SELECT id, target, operation, status, attempts, event_id, event_count, response_code, error, started_at,
               finished_at
        FROM sync_logs
        WHERE organisation_id = $1
          AND ($2::text IS NULL OR target = $2)
          AND ($3::text IS NULL OR operation = $3)
          AND ($4::text IS NULL OR status = $4)
          AND ($5::timestamptz IS NULL OR started_at >= $5)
          AND ($6::timestamptz IS NULL OR started_at < $6)
          AND ($7::timestamptz IS NULL OR (started_at, id) < ($7, $8::uuid))
        ORDER BY started_at DESC, id DESC LIMIT $9
        """,
        db.organisation_id,
        target,
        operation,
        status,
        since,
        until,
        *after,
        limit,
    )
