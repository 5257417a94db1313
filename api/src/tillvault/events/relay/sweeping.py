"""What the outbox forgets: delivered events and what was noted of them, when their time is over."""

from __future__ import annotations

from datetime import datetime

from tillvault.core.db import Connection, Database

_PART = 5000
"""Rows in one transaction: a sweep must not hold locks for long."""

_DELIVERIES = """
DELETE FROM event_deliveries d USING (
    SELECT o.target, o.event_id FROM event_deliveries o
    WHERE o.organisation_id = $1 AND o.status <> 'PENDING'
      AND o.updated_at < CASE o.status WHEN 'DEAD' THEN $3::timestamptz ELSE $2::timestamptz END
    LIMIT $4) old
WHERE d.organisation_id = $1 AND d.target = old.target AND d.event_id = old.event_id
"""

_EVENTS = """
DELETE FROM outbox_events e USING (
    SELECT o.id FROM outbox_events o
    WHERE o.organisation_id = $1 AND o.occurred_at < $2 AND o.relayed_at < $2
      AND NOT EXISTS (
          SELECT FROM (SELECT event_id FROM event_deliveries WHERE organisation_id = $1 AND status = 'PENDING'
                       UNION ALL SELECT event_id FROM event_deliveries WHERE organisation_id = $1 AND status = 'DEAD') d
          WHERE d.event_id = o.id)
    ORDER BY o.occurred_at, o.id LIMIT $3) old
WHERE e.organisation_id = $1 AND e.id = old.id
"""

_SYNC_LOGS = """
DELETE FROM sync_logs l USING (
    SELECT o.id FROM sync_logs o WHERE o.organisation_id = $1 AND o.started_at < $2 ORDER BY o.started_at LIMIT $3) old
WHERE l.organisation_id = $1 AND l.id = old.id
"""


async def sweep(database: Database, *, before: datetime, dead_before: datetime) -> int:
    """Remove what is older, in every organisation; gives the number of rows. What waits, and dead letters with their
    events until `dead_before`, stay."""
    async with database.transaction(None) as db:
        rows = await db.fetch("SELECT organisation_id FROM directory_swept($1)", before)
    removed = 0
    for row in rows:
        for statement, arguments in (
            (_DELIVERIES, (before, dead_before)),
            (_EVENTS, (before,)),
            (_SYNC_LOGS, (before,)),
        ):
            while True:
                async with database.transaction(row["organisation_id"]) as db:
                    part = await _deleted(db, statement, *arguments)
                removed += part
                if part < _PART:
                    break
    return removed


async def _deleted(db: Connection, statement: str, *arguments: object) -> int:
    status = await db.execute(statement, db.organisation_id, *arguments, _PART)
    return int(status.rsplit(" ", 1)[1])
