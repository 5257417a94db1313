"""`/v1/audit`: who did what."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime, Cursor, Limit, Plain
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.audit import service
from tillvault.identity.audit.schemas import AuditAnswer
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=StrictRoute)

Word = Annotated[str | None, Query(min_length=1, max_length=64), Plain]


@router.get(
    "",
    response_model=Success[Page[AuditAnswer]],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED),
)
async def list_audit(
    *,
    edge: Authorised,
    action: Word = None,
    actor_id: Annotated[UUID | None, Query(alias="actorId")] = None,
    resource_type: Annotated[Word, Query(alias="resourceType")] = None,
    resource_id: Annotated[Word, Query(alias="resourceId")] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="From this moment on.")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """The audit trail, newest first. A manager sees what happened in their branches."""
    rows, following = await service.entries(
        edge.db,
        actor=edge.actor,
        filters={
            "action": action,
            "actor_id": actor_id,
            "resource_type": resource_type,
            "resource_id": resource_id,
        },
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return await edge.answer(Page(items=[AuditAnswer.of(row) for row in rows], next_cursor=following))
