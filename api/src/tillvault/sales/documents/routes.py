"""X and Z as files."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tillvault.cash.errors import NoActiveSession, SessionNotFound, SessionStillOpen
from tillvault.cash.sessions.routes import GUARD
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, Responses, refusals
from tillvault.identity.edge import Door, guard_branch, opened
from tillvault.identity.errors import RegisterNotFound
from tillvault.sales.documents import service
from tillvault.sales.documents.domain import FileForm, Paper
from tillvault.sales.receipts.domain import Language
from tillvault.sales.receipts.rendering import Press

router = APIRouter(prefix="/v1/cash/sessions/reports", tags=["cash sessions"], route_class=StrictRoute)

_MEDIA_TYPES = {
    FileForm.PDF: "application/pdf",
    FileForm.CSV: "text/csv; charset=utf-8",
    FileForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FILES: Responses = {
    200: {
        "content": {
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "text/csv": {"schema": {"type": "string"}},
            _MEDIA_TYPES[FileForm.XLSX]: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}

Form = Annotated[FileForm, Query(alias="format")]
Lang = Annotated[Language, Query(description="Language of the fixed words, and of dates.")]


@router.get(
    "/x/document",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, NoActiveSession, RegisterNotFound, GUARD, AUTHENTICATED)
    | _FILES,
)
async def x_document(
    request: Request,
    door: Door,
    register_id: Annotated[UUID, Query(alias="registerId")],
    form: Form = FileForm.PDF,
    lang: Lang = Language.EN,
) -> Response:
    """The X as a file: to print, or to calculate with."""
    async with opened(request, door) as edge:
        await guard_branch(edge)
        report = await service.x_report(edge.db, actor=edge.actor, register_id=register_id)
        paper = await service.paper(edge.db, report, lang)
    return await _file(request, report, paper, form, lang)


@router.get(
    "/z/{session_id}/document",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SessionNotFound, SessionStillOpen, GUARD, AUTHENTICATED)
    | _FILES,
)
async def z_document(
    session_id: UUID, request: Request, door: Door, form: Form = FileForm.PDF, lang: Lang = Language.EN
) -> Response:
    """The Z as a file, made from what was kept at the close."""
    async with opened(request, door) as edge:
        await guard_branch(edge)
        report = await service.z_report(edge.db, actor=edge.actor, session_id=session_id)
        paper = await service.paper(edge.db, report, lang)
    return await _file(request, report, paper, form, lang)


async def _file(request: Request, report: dict[str, Any], paper: Paper, form: FileForm, lang: Language) -> Response:
    # The transaction has ended: whoever waits for a turn to draw holds no connection.
    press: Press = request.app.state.press
    made_at = datetime.fromisoformat(report["generatedAt"])
    content = await press.drawn(partial(service.rendered, paper, form, lang, made_at))
    kind = "x" if report["zNumber"] is None else f"z-{report['zNumber']}"
    name = f"{kind}-{report['session']['businessDate']}.{form.value}"
    return Response(
        content,
        media_type=_MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )
