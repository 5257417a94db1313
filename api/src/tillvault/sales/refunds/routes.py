"""Refunds (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tillvault.cash.errors import CurrencyNotAccepted, InsufficientCash, SessionNotFound, SessionNotOpen
from tillvault.cash.sessions.routes import GUARD, WRITE
from tillvault.cash.takings.errors import RefundExceedsSale, SaleNotFound, SaleRecorded
from tillvault.core.errors import TooManyAttempts, ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import ApproverPin, Authorised, Door, actor_of_request, guard_branch
from tillvault.identity.errors import BranchNotFound
from tillvault.sales.edge import answer_sale
from tillvault.sales.errors import (
    CashSessionRequired,
    NotRefundable,
    RateUnknown,
    RefundAmountMismatch,
    RefundApprovalRequired,
)
from tillvault.sales.refunds import service
from tillvault.sales.refunds.schemas import RefundSale
from tillvault.sales.schemas import SaleOut
from tillvault.sales.vaulting import documents

router = APIRouter(prefix="/v1/sales/{sale_id}/refunds", tags=["refunds"], route_class=StrictRoute)


@router.post(
    "",
    status_code=201,
    response_model=Success[SaleOut],
    responses=refusals(
        Dialect.ENVELOPE,
        WRITE,
        SaleNotFound,
        NotRefundable,
        RefundExceedsSale,
        RefundAmountMismatch,
        RefundApprovalRequired,
        RateUnknown,
        CurrencyNotAccepted,
        InsufficientCash,
        CashSessionRequired,
        SessionNotFound,
        SessionNotOpen,
        SaleRecorded,
        BranchNotFound,
        TooManyAttempts,
        GUARD,
        AUTHENTICATED,
    )
    | {200: {"description": "This refund was recorded before under the same id.", "model": Success[SaleOut]}},
)
async def refund_sale(
    request: Request, sale_id: UUID, body: RefundSale, door: Door, x_approver_pin: ApproverPin = None
) -> Response:
    """Take goods of a sale back, wholly or in part, and pay for them. The sale stays as it is."""
    approver_id = None
    if x_approver_pin is not None:
        approver_id = await service.approver_of(door, actor=await actor_of_request(request, door), pin=x_approver_pin)
    wanted = body.wanted(sale_id)
    return await answer_sale(
        request,
        lambda db, actor: service.refund(db, actor=actor, wanted=wanted, approver_id=approver_id),
        own_id=body.id,
        request_sha256=wanted.request_sha256,
    )


@router.get(
    "",
    response_model=Success[Page[SaleOut]],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SaleNotFound, GUARD, AUTHENTICATED),
    dependencies=[Depends(guard_branch)],
)
async def list_refunds(sale_id: UUID, edge: Authorised) -> Response:
    """All refunds of a sale, newest first."""
    refunds = await service.refunds_of(edge.db, actor=edge.actor, sale_id=sale_id)
    tickets = await documents(edge.db, refunds)
    return await edge.answer(
        {"items": [SaleOut.of(one, tickets.get(one.ticket_sha256)) for one in refunds], "nextCursor": None}
    )
