"""Use cases of the sync log."""

from __future__ import annotations

from datetime import datetime

from tillvault.core import paging
from tillvault.core.db import Connection, Row
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require
from tillvault.identity.sync_logs import queries


async def entries(
    db: Connection,
    *,
    actor: Actor,
    target: str | None,
    operation: str | None,
    status: str | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """A page, newest first, for managers and admins alike: what leaves is no branch's own. Raises RoleForbidden."""
    require(actor, Permission.AUDIT_READ)
    rows = await queries.records(
        db,
        target=target,
        operation=operation,
        status=status,
        since=since,
        until=until,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, paging.encode(rows[-1]["started_at"], rows[-1]["id"]) if more else None
