"""Opening drawers, reading them, X and Z (cash-session-api.md)."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tillvault.cash import reports
from tillvault.cash.domain import SessionStatus
from tillvault.cash.errors import (
    CurrencyNotAccepted,
    DenominationsMismatch,
    NoActiveSession,
    RegisterAlreadyOpen,
    RegisterInactive,
    SessionNotFound,
    SessionStillOpen,
    UserAlreadyOpen,
)
from tillvault.cash.schemas import CashSessionOut
from tillvault.cash.sessions import service
from tillvault.cash.sessions.schemas import OpenSession
from tillvault.core import paging
from tillvault.core.errors import IdempotencyInFlight, IdempotencyKeyReused, ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime, Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.identity.edge import Authorised, guard_branch
from tillvault.identity.errors import (
    BranchForbidden,
    BranchInactive,
    BranchNotFound,
    RegisterNotFound,
    RoleForbidden,
)

GUARD = (RoleForbidden, BranchForbidden, BranchInactive)
WRITE = (*BODY, IdempotencyInFlight, IdempotencyKeyReused)

router = APIRouter(
    prefix="/v1/cash/sessions", tags=["cash sessions"], route_class=StrictRoute, dependencies=[Depends(guard_branch)]
)


@router.post(
    "",
    status_code=201,
    response_model=Success[CashSessionOut],
    responses=refusals(
        Dialect.ENVELOPE,
        WRITE,
        RegisterAlreadyOpen,
        UserAlreadyOpen,
        RegisterNotFound,
        BranchNotFound,
        RegisterInactive,
        CurrencyNotAccepted,
        DenominationsMismatch,
        GUARD,
        AUTHENTICATED,
    ),
)
async def open_session(body: OpenSession, edge: Authorised) -> Response:
    """Open a drawer with its float."""
    session, shows_expected = await service.open_session(
        edge.db,
        actor=edge.actor,
        branch_id=body.branch_id,
        register_id=body.register_id,
        opening=body.opening,
        denominations=body.denominations,
        note=body.note,
    )
    return await edge.answer(CashSessionOut.of(session, shows_expected=shows_expected), 201)


@router.get(
    "",
    response_model=Success[Page[CashSessionOut]],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, BranchNotFound, GUARD, AUTHENTICATED),
)
async def list_sessions(
    edge: Authorised,
    branch_id: Annotated[UUID | None, Query(alias="branchId")] = None,
    register_id: Annotated[UUID | None, Query(alias="registerId")] = None,
    opened_by: Annotated[UUID | None, Query(alias="openedBy")] = None,
    status: SessionStatus | None = None,
    since: Annotated[
        AwareDatetime | date | None, Query(alias="from", description="Opened then or later; a date is a business date.")
    ] = None,
    until: Annotated[
        AwareDatetime | date | None,
        Query(alias="to", description="Opened before; a date is a business date, included."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = paging.PAGE_SIZE,
) -> Response:
    """The sessions that you may read, newest first."""
    page, next_cursor = await service.list_sessions(
        edge.db,
        actor=edge.actor,
        branch_id=branch_id,
        register_id=register_id,
        opened_by=opened_by,
        status=status,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    items = [CashSessionOut.of(session, shows_expected=shows) for session, shows in page]
    return await edge.answer({"items": items, "nextCursor": next_cursor})


@router.get(
    "/active",
    response_model=Success[CashSessionOut],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, NoActiveSession, BranchNotFound, GUARD, AUTHENTICATED),
)
async def active_session(
    edge: Authorised,
    branch_id: Annotated[UUID | None, Query(alias="branchId")] = None,
    register_id: Annotated[UUID | None, Query(alias="registerId")] = None,
) -> Response:
    """Your open drawer in a branch."""
    session, shows_expected = await service.active_session(
        edge.db, actor=edge.actor, branch_id=branch_id, register_id=register_id
    )
    return await edge.answer(CashSessionOut.of(session, shows_expected=shows_expected))


@router.get(
    "/reports/x",
    response_model=Success[reports.Report],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, NoActiveSession, RegisterNotFound, GUARD, AUTHENTICATED),
)
async def x_report(edge: Authorised, register_id: Annotated[UUID, Query(alias="registerId")]) -> Response:
    """The drawer on a register as it stands; changes nothing."""
    return await edge.answer(await reports.x_report(edge.db, actor=edge.actor, register_id=register_id))


@router.get(
    "/reports/z/{session_id}",
    response_model=Success[reports.Report],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SessionNotFound, SessionStillOpen, GUARD, AUTHENTICATED),
)
async def z_report(edge: Authorised, session_id: UUID) -> Response:
    """The report of the close, the same bytes at every reading."""
    return await edge.answer_raw(await reports.z_report(edge.db, actor=edge.actor, session_id=session_id))


@router.get(
    "/{session_id}",
    response_model=Success[CashSessionOut],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SessionNotFound, GUARD, AUTHENTICATED),
)
async def get_session(edge: Authorised, session_id: UUID) -> Response:
    """One session, with its recounts."""
    session, shows_expected = await service.get_session(edge.db, actor=edge.actor, session_id=session_id)
    return await edge.answer(CashSessionOut.of(session, shows_expected=shows_expected))
