"""`GET /v1/sync-logs`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime, Cursor, Limit, Plain
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.sync_logs import service
from tillvault.identity.sync_logs.schemas import SyncLogAnswer, SyncStatus

router = APIRouter(prefix="/v1/sync-logs", tags=["sync logs"], route_class=StrictRoute)

Word = Annotated[str | None, Query(min_length=1, max_length=100), Plain]


@router.get(
    "",
    response_model=Success[Page[SyncLogAnswer]],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED),
)
async def list_sync_logs(
    *,
    edge: Authorised,
    target: Word = None,
    operation: Word = None,
    status: SyncStatus | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="From this moment on.")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """Every attempt to bring data out to webhooks, streams and exports, newest first."""
    rows, following = await service.entries(
        edge.db,
        actor=edge.actor,
        target=target,
        operation=operation,
        status=status,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return await edge.answer(Page(items=[SyncLogAnswer.of(row) for row in rows], next_cursor=following))
