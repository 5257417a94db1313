"""SQL of the outbox and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.core.jsontext import dumps

# Both kinds in one statement: a request pays one round trip for all that it has to tell.
_WRITE_JOURNAL = """
WITH audit AS (
    INSERT INTO audit_log (organisation_id, id, branch_id, actor_id, actor_name, actor_role, action, resource_type,
                           resource_id, before, after, outcome, address, device, request_id, occurred_at)
    SELECT $1, r.* FROM jsonb_to_recordset($2::jsonb) AS r(
        id uuid, branch_id uuid, actor_id uuid, actor_name text, actor_role text, action text, resource_type text,
        resource_id text, before jsonb, after jsonb, outcome text, address text, device text, request_id text,
        occurred_at timestamptz)
)
INSERT INTO outbox_events (organisation_id, id, branch_id, type, version, key, data, occurred_at)
SELECT $1, r.* FROM jsonb_to_recordset($3::jsonb) AS r(
    id uuid, branch_id uuid, type text, version smallint, key text, data jsonb, occurred_at timestamptz)
"""

_LIST_AUDIT = """
SELECT id, branch_id, actor_id, actor_name, actor_role, action, resource_type, resource_id, before, after, outcome,
       address, device, request_id, occurred_at
FROM audit_log
WHERE organisation_id = $1
  AND ($2::uuid[] IS NULL OR branch_id = ANY($2))
  AND ($3::text IS NULL OR action = $3)
  AND ($4::uuid IS NULL OR actor_id = $4)
  AND ($5::text IS NULL OR resource_type = $5)
  AND ($6::text IS NULL OR resource_id = $6)
  AND ($7::timestamptz IS NULL OR occurred_at >= $7)
  AND ($8::timestamptz IS NULL OR occurred_at < $8)
  AND ($9::timestamptz IS NULL OR (occurred_at, id) < ($9, $10::uuid))
ORDER BY occurred_at DESC, id DESC
LIMIT $11
"""


async def write_journal(db: Connection) -> None:
    """Write the audit entries and events gathered on the transaction. Runs just before COMMIT."""
    await db.execute(
        _WRITE_JOURNAL, db.organisation_id, dumps(db.journal.audit).decode(), dumps(db.journal.events).decode()
    )


async def list_audit(
    db: Connection,
    *,
    branch_ids: list[UUID] | None,
    filters: Mapping[str, Any],
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Newest first. `branch_ids` None means the whole organisation."""
    return await db.fetch(
        _LIST_AUDIT,
        db.organisation_id,
        branch_ids,
        filters.get("action"),
        filters.get("actor_id"),
        filters.get("resource_type"),
        filters.get("resource_id"),
        since,
        until,
        *after,
        limit,
    )
