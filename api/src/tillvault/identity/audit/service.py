"""Writing and reading the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.events import queries as events_queries
from tillvault.events import service as events
from tillvault.events.domain import AuditEntry
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require, sees_whole_organisation


def record(
    db: Connection,
    actor: Actor,
    action: str,
    *,
    resource_type: str,
    resource_id: UUID | str,
    branch_id: UUID | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Tell what the actor did; written with the act or not at all."""
    events.record_audit(
        db,
        AuditEntry(
            id=new_id(),
            branch_id=branch_id,
            actor_id=actor.id,
            actor_name=actor.name,
            actor_role=actor.role_name,
            action=action,
            resource_type=resource_type,
            resource_id=str(resource_id),
            before=before,
            after=after,
            outcome="SUCCESS",
            address=actor.caller.address,
            device=actor.caller.device,
            request_id=actor.caller.request_id,
            occurred_at=utc_now(),
        ),
    )


async def entries(
    db: Connection,
    *,
    actor: Actor,
    filters: Mapping[str, Any],
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """A page, newest first. A manager sees what happened in their branches. Raises RoleForbidden."""
    require(actor, Permission.AUDIT_READ)
    rows = await events_queries.list_audit(
        db,
        branch_ids=None if sees_whole_organisation(actor) else sorted(actor.branch_ids),
        filters=filters,
        since=since,
        until=until,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, paging.encode(rows[-1]["occurred_at"], rows[-1]["id"]) if more else None
