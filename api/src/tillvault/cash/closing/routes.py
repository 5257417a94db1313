"""Close, force-close, review (cash-session-api.md, domain.md)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillvault.cash.closing import service
from tillvault.cash.closing.schemas import CloseSession, ForceCloseSession, ReviewDecision, ReviewSession
from tillvault.cash.errors import (
    CountRequired,
    CurrencyNotAccepted,
    DenominationsMismatch,
    LeftExceedsCount,
    MovementsPending,
    SelfReviewForbidden,
    SessionNotFound,
    SessionNotOpen,
    SessionNotPendingReview,
    SessionStillOpen,
)
from tillvault.cash.schemas import CashSessionOut
from tillvault.cash.sessions.routes import GUARD, WRITE
from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised, guard_branch

_COUNT = (CurrencyNotAccepted, DenominationsMismatch)

router = APIRouter(
    prefix="/v1/cash/sessions/{session_id}",
    tags=["cash sessions"],
    route_class=StrictRoute,
    dependencies=[Depends(guard_branch)],
)


@router.post(
    "/close",
    response_model=Success[CashSessionOut],
    responses=refusals(
        Dialect.ENVELOPE,
        WRITE,
        SessionNotFound,
        SessionNotOpen,
        MovementsPending,
        CountRequired,
        LeftExceedsCount,
        _COUNT,
        GUARD,
        AUTHENTICATED,
    ),
)
async def close_session(session_id: UUID, body: CloseSession, edge: Authorised) -> Response:
    """Count and close; the Z is made here."""
    session = await service.close_session(
        edge.db,
        actor=edge.actor,
        session_id=session_id,
        counted=body.counted,
        denominations=body.denominations,
        left=body.left_cash,
        note=body.note,
    )
    return await edge.answer(CashSessionOut.of(session))


@router.post(
    "/force-close",
    response_model=Success[CashSessionOut],
    responses=refusals(Dialect.ENVELOPE, WRITE, SessionNotFound, SessionNotOpen, _COUNT, GUARD, AUTHENTICATED),
)
async def force_close_session(session_id: UUID, body: ForceCloseSession, edge: Authorised) -> Response:
    """Close the drawer of somebody who does not (managers and admins)."""
    session = await service.force_close_session(
        edge.db,
        actor=edge.actor,
        session_id=session_id,
        counted=body.counted,
        denominations=body.denominations,
        forced_reason=body.reason,
        note=body.note,
    )
    return await edge.answer(CashSessionOut.of(session))


@router.post(
    "/review",
    response_model=Success[CashSessionOut],
    responses=refusals(
        Dialect.ENVELOPE,
        WRITE,
        SessionNotFound,
        SessionStillOpen,
        SessionNotPendingReview,
        SelfReviewForbidden,
        CountRequired,
        _COUNT,
        GUARD,
        AUTHENTICATED,
    ),
)
async def review_session(session_id: UUID, body: ReviewSession, edge: Authorised) -> Response:
    """Approve a difference or have the drawer counted again (managers and admins, not who closed it)."""
    session = await service.review_session(
        edge.db,
        actor=edge.actor,
        session_id=session_id,
        is_recount=body.decision is ReviewDecision.RECOUNT,
        counted=body.counted,
        denominations=body.denominations,
        note=body.note,
    )
    return await edge.answer(CashSessionOut.of(session))
