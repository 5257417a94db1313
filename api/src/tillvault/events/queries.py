"""SQL of the outbox and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.core.jsontext import dumps

# Both kinds in one statement, and where a use case ends in a write of its own, in that one: a request pays one round
# trip for all that it has to tell, or none.
_JOURNAL = """
audit AS (
    INSERT INTO audit_log (organisation_id, id, branch_id, actor_id, actor_name, actor_role, action, resource_type,
                           resource_id, before, after, outcome, address, device, request_id, occurred_at)
    SELECT $1, r.* FROM jsonb_to_recordset({audit}::jsonb) AS r(
        id uuid, branch_id uuid, actor_id uuid, actor_name text, actor_role text, action text, resource_type text,
        resource_id text, before jsonb, after jsonb, outcome text, address text, device text, request_id text,
        occurred_at timestamptz)
), outbox AS (
    INSERT INTO outbox_events (organisation_id, id, branch_id, type, version, key, data, occurred_at)
    SELECT $1, r.* FROM jsonb_to_recordset({events}::jsonb) AS r(
        id uuid, branch_id uuid, type text, version smallint, key text, data jsonb, occurred_at timestamptz)
)
"""

_WRITE_JOURNAL = f"WITH {_JOURNAL.format(audit='$2', events='$3')} SELECT 1"

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
    audit, told = db.journal.take()
    await db.execute(_WRITE_JOURNAL, db.organisation_id, dumps(audit).decode(), dumps(told).decode())


async def write_telling(db: Connection, statement: str, *args: object) -> list[Row]:
    """Run the last write of a use case, and with it write what the journal holds so far.

    `$1` of the statement is the organisation. Gives the rows of its RETURNING.
    """
    audit, told = db.journal.take()
    return await db.fetch(_telling(statement, len(args)), *args, dumps(audit).decode(), dumps(told).decode())


@lru_cache(maxsize=64)
def _telling(statement: str, arguments: int) -> str:
    journal = _JOURNAL.format(audit=f"${arguments + 1}", events=f"${arguments + 2}")
    bare = statement.strip()
    # A statement with parts of its own (WITH …) takes the journal's in before them.
    return f"WITH {journal}, {bare[5:]}" if bare.startswith("WITH ") else f"WITH {journal} {bare}"


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
