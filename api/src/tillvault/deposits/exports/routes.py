"""`/v1/deposits/export` and `/v1/deposits/exports`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.deposits.exports import service
from tillvault.deposits.exports.domain import MEDIA_TYPES, ExportFormat
from tillvault.deposits.exports.errors import (
    EurRateMissing,
    ExportNotDue,
    ExportNotFound,
    ExportsTooMany,
    ExportTargetRefused,
)
from tillvault.deposits.exports.schemas import ExportAnswer, ExportChange, ExportGiven, NewExport
from tillvault.deposits.periods import BranchId, Since, Until
from tillvault.deposits.schemas import Lang
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import BranchForbidden, BranchNotFound, RoleForbidden
from tillvault.identity.schemas import REPEATABLE
from tillvault.identity.webhooks.routes import AtDesk

router = APIRouter(prefix="/v1/deposits", tags=["deposits"], route_class=StrictRoute)


@router.get(
    "/export",
    response_class=Response,
    responses=refusals(
        Dialect.ENVELOPE,
        RoleForbidden,
        BranchForbidden,
        BranchNotFound,
        ValidationFailed,
        EurRateMissing,
        AUTHENTICATED,
    )
    | {
        200: {
            "description": "The file.",
            "content": {
                kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for kind in MEDIA_TYPES.values()
            },
        }
    },
)
async def export_deposits(
    edge: Authorised,
    since: Since,
    until: Until,
    branch_id: BranchId = None,
    *,
    file_format: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.CSV,
    lang: Annotated[Lang, Query(description="Of names and titles.")] = "fr",
) -> Response:
    """What eco-organisms want: validated deposits beside what was sold again, by category. The workbook has a sheet per
    month, on which sales, donations and rounding add up to what was taken."""
    file = await service.export(
        edge.db,
        actor=edge.actor,
        since=since,
        until=until,
        kind=file_format,
        lang=lang,
        branch_id=branch_id,
    )
    return Response(
        file.content,
        headers={"content-type": file.media_type, "content-disposition": f'attachment; filename="{file.name}"'},
    )


@router.get(
    "/exports",
    response_model=Success[Page[ExportAnswer]],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED),
)
async def list_exports(edge: Authorised, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Response:
    """The exports that are sent by themselves, oldest first, inactive ones too; never their secrets."""
    rows, following = await service.listed(edge.db, actor=edge.actor, cursor=cursor, limit=limit)
    return await edge.answer(Page(items=[ExportAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "/exports",
    status_code=201,
    response_model=Success[ExportGiven],
    responses=refusals(
        Dialect.ENVELOPE, RoleForbidden, ExportTargetRefused, ExportsTooMany, BODY, REPEATABLE, AUTHENTICATED
    ),
)
async def schedule_export(edge: Authorised, desk: AtDesk, body: NewExport) -> Response:
    """Have a file sent at six in the morning after each period. Each attempt stands in `/v1/sync-logs`; what fails is
    tried again."""
    row, secret = await service.create(edge.db, desk, actor=edge.actor, plan=body.plan())
    return await edge.answer(ExportGiven.giving(row, secret), 201, kept=ExportGiven.giving(row, None))


@router.patch(
    "/exports/{export_id}",
    response_model=Success[ExportAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, BODY, REPEATABLE, AUTHENTICATED, ExportNotFound),
)
async def change_export(edge: Authorised, export_id: UUID, body: ExportChange) -> Response:
    """Rename, deactivate or reactivate. Where it goes cannot be changed: make another one."""
    row = await service.change(edge.db, actor=edge.actor, export_id=export_id, changes=body.changes())
    return await edge.answer(ExportAnswer.of(row))


@router.delete(
    "/exports/{export_id}",
    response_model=Success[ExportAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, REPEATABLE, AUTHENTICATED, ExportNotFound),
)
async def delete_export(edge: Authorised, export_id: UUID) -> Response:
    """Send it no more; the answer is what it was. Its secret is forgotten, its attempts stay in `/v1/sync-logs`."""
    return await edge.answer(ExportAnswer.of(await service.delete(edge.db, actor=edge.actor, export_id=export_id)))


@router.post(
    "/exports/{export_id}/retry",
    response_model=Success[ExportAnswer],
    responses=refusals(
        Dialect.ENVELOPE, RoleForbidden, ValidationFailed, REPEATABLE, AUTHENTICATED, ExportNotFound, ExportNotDue
    ),
)
async def retry_export(edge: Authorised, export_id: UUID) -> Response:
    """Try again now instead of after the pause."""
    return await edge.answer(ExportAnswer.of(await service.retry(edge.db, actor=edge.actor, export_id=export_id)))
