"""`/v1/catalogue/imports` and `/v1/catalogue/export.csv`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from tillvault.core.errors import PayloadTooLarge, ValidationFailed
from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised, Door, actor_of_request
from tillvault.identity.errors import BranchForbidden, BranchNotFound, RoleForbidden
from tillvault.identity.permissions import Permission, require
from tillvault.identity.schemas import REPEATABLE
from tillvault.sales.catalogue.errors import FileTypeUnknown, FileUnreadable, ImportInvalid
from tillvault.sales.catalogue.transfer import service
from tillvault.sales.catalogue.transfer.schemas import ImportAnswer
from tillvault.sales.catalogue.transfer.service import FileType

router = APIRouter(prefix="/v1/catalogue", tags=["catalogue"], route_class=StrictRoute)

_SHARED = (RoleForbidden, ValidationFailed, BranchNotFound, BranchForbidden, AUTHENTICATED)


async def upload(request: Request, door: Door) -> tuple[FileType, bytes]:
    """A file of somebody who may send one, read before the transaction begins: a slow line must not hold it open.

    Raises Unauthorized, RoleForbidden, FileTypeUnknown or PayloadTooLarge.
    """
    require(await actor_of_request(request, door), Permission.CATALOGUE_WRITE)
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        file_type = FileType(named)
    except ValueError:
        raise FileTypeUnknown from None
    return file_type, await request.body()


@router.post(
    "/imports",
    response_model=Success[ImportAnswer],
    responses=refusals(
        Dialect.ENVELOPE,
        *_SHARED,
        REPEATABLE,
        ImportInvalid,
        FileUnreadable,
        FileTypeUnknown,
        PayloadTooLarge,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FileType.CSV.value: {"schema": {"type": "string"}},
                FileType.XLSX.value: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def import_catalogue(
    *,
    uploaded: Annotated[tuple[FileType, bytes], Depends(upload)],
    edge: Authorised,
    dry_run: Annotated[bool, Query(alias="dryRun", description="Say what it would do, and change nothing.")] = False,
    branch_id: Annotated[
        UUID | None, Query(alias="branchId", description="Set prices of this branch, not of the organisation.")
    ] = None,
) -> Response:
    """Make and change products as a CSV or XLSX file says: all of them or, if a line is wrong, none."""
    file_type, raw = uploaded
    imported = await service.import_file(
        edge.db, actor=edge.actor, file_type=file_type, raw=raw, branch_id=branch_id, dry_run=dry_run
    )
    return await edge.answer(ImportAnswer.of(imported))


@router.get(
    "/export.csv",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, *_SHARED)
    | {200: {"description": "The catalogue.", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_catalogue(
    edge: Authorised,
    branch_id: Annotated[
        UUID | None, Query(alias="branchId", description="With the prices of this branch, not of the organisation.")
    ] = None,
) -> Response:
    """All products with the columns of an import. Imported again, it changes nothing."""
    text = await service.export(edge.db, actor=edge.actor, branch_id=branch_id)
    return Response(
        text, media_type="text/csv", headers={"content-disposition": 'attachment; filename="catalogue.csv"'}
    )
