"""Movements by hand and their approval (cash-session-api.md, domain.md)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tillvault.cash.domain import MovementStatus
from tillvault.cash.errors import (
    CurrencyNotAccepted,
    InsufficientCash,
    MovementAlreadyDecided,
    MovementApprovalRequired,
    MovementNotFound,
    PaidOutNotAllowed,
    SelfReviewForbidden,
    SessionNotFound,
    SessionNotOpen,
)
from tillvault.cash.movements import service
from tillvault.cash.movements.schemas import CashMovementOut, Decision, RecordMovement
from tillvault.cash.sessions.routes import GUARD, WRITE
from tillvault.core import paging
from tillvault.core.errors import TooManyAttempts, ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.edge import ApproverPin, Authorised, Door, actor_of_request, guard_branch, opened

_DECISION = refusals(
    Dialect.ENVELOPE,
    WRITE,
    SessionNotFound,
    SessionNotOpen,
    MovementNotFound,
    MovementAlreadyDecided,
    SelfReviewForbidden,
    MovementApprovalRequired,
    InsufficientCash,
    TooManyAttempts,
    GUARD,
    AUTHENTICATED,
)

_guarded = [Depends(guard_branch)]

router = APIRouter(
    prefix="/v1/cash/sessions/{session_id}/movements",
    tags=["cash movements"],
    route_class=StrictRoute,
)


@router.post(
    "",
    status_code=201,
    response_model=Success[CashMovementOut],
    responses=refusals(
        Dialect.ENVELOPE,
        WRITE,
        SessionNotFound,
        SessionNotOpen,
        CurrencyNotAccepted,
        InsufficientCash,
        PaidOutNotAllowed,
        GUARD,
        AUTHENTICATED,
    ),
    dependencies=_guarded,
)
async def record_movement(session_id: UUID, body: RecordMovement, edge: Authorised) -> Response:
    """Put cash in or take it out by hand."""
    movement = await service.record_movement(
        edge.db,
        actor=edge.actor,
        session_id=session_id,
        branch_id=body.branch_id,
        register_id=body.register_id,
        kind=body.type,
        amounts=body.amounts,
        reason=body.reason,
    )
    return await edge.answer(CashMovementOut.of(movement), 201)


@router.get(
    "",
    response_model=Success[Page[CashMovementOut]],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SessionNotFound, GUARD, AUTHENTICATED),
    dependencies=_guarded,
)
async def list_movements(
    session_id: UUID,
    edge: Authorised,
    status: MovementStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = paging.PAGE_SIZE,
) -> Response:
    """The movements of a session, newest first."""
    page, next_cursor = await service.list_movements(
        edge.db, actor=edge.actor, session_id=session_id, status=status, cursor=cursor, limit=limit
    )
    return await edge.answer({"items": [CashMovementOut.of(item) for item in page], "nextCursor": next_cursor})


@router.post("/{movement_id}/approve", response_model=Success[CashMovementOut], responses=_DECISION)
async def approve_movement(
    request: Request,
    session_id: UUID,
    movement_id: UUID,
    door: Door,
    body: Decision | None = None,
    x_approver_pin: ApproverPin = None,
) -> Response:
    """Let a waiting movement count: managers and admins, not its author; or with their PIN at the cashier's till."""
    return await _decide(request, door, session_id, movement_id, body, MovementStatus.APPROVED, x_approver_pin)


@router.post("/{movement_id}/decline", response_model=Success[CashMovementOut], responses=_DECISION)
async def decline_movement(
    request: Request,
    session_id: UUID,
    movement_id: UUID,
    door: Door,
    body: Decision | None = None,
    x_approver_pin: ApproverPin = None,
) -> Response:
    """Refuse a waiting movement; it never counts."""
    return await _decide(request, door, session_id, movement_id, body, MovementStatus.DECLINED, x_approver_pin)


async def _decide(
    request: Request,
    door: Doorkeeper,
    session_id: UUID,
    movement_id: UUID,
    body: Decision | None,
    status: MovementStatus,
    pin: str | None,
) -> Response:
    approver_id = None
    if pin is not None:
        approver_id = await service.approver_of(door, actor=await actor_of_request(request, door), pin=pin)
    async with opened(request, door) as edge:
        await guard_branch(edge)
        movement = await service.decide_movement(
            edge.db,
            actor=edge.actor,
            session_id=session_id,
            movement_id=movement_id,
            status=status,
            note=body.note if body else None,
            approver_id=approver_id,
        )
        return await edge.answer(CashMovementOut.of(movement))
