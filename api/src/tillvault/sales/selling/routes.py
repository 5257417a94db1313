"""Sales in one request, and reading them (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from tillvault.cash.errors import CurrencyNotAccepted, InsufficientCash, SessionNotFound, SessionNotOpen
from tillvault.cash.sessions.routes import GUARD, WRITE
from tillvault.cash.takings.domain import SaleKind
from tillvault.cash.takings.errors import SaleNotFound, SaleRecorded
from tillvault.core import paging
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime, Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised, guard_branch
from tillvault.identity.errors import BranchNotFound
from tillvault.sales.carts import service as carts
from tillvault.sales.carts.errors import CartNotFound, CartNotOpen
from tillvault.sales.edge import answer_sale
from tillvault.sales.errors import (
    CashSessionRequired,
    DiscountTooLarge,
    Overpaid,
    PaymentInsufficient,
    PriceNotAllowed,
    ProductNotSellable,
    RateUnknown,
)
from tillvault.sales.schemas import SaleOut
from tillvault.sales.selling import service
from tillvault.sales.selling.schemas import FinalizeSale
from tillvault.sales.selling.service import Filters
from tillvault.sales.vaulting import documents

SELLING = (
    CashSessionRequired,
    SessionNotFound,
    SessionNotOpen,
    ProductNotSellable,
    PriceNotAllowed,
    DiscountTooLarge,
    PaymentInsufficient,
    Overpaid,
    RateUnknown,
    CurrencyNotAccepted,
    InsufficientCash,
    BranchNotFound,
)

router = APIRouter(prefix="/v1/sales", tags=["sales"], route_class=StrictRoute)
busiest = APIRouter(prefix="/v1/sales", tags=["sales"], route_class=StrictRoute)
"""What every customer waits for; it is found before any other path of sales."""


@busiest.post(
    "",
    status_code=201,
    response_model=Success[SaleOut],
    responses=refusals(
        Dialect.ENVELOPE,
        WRITE,
        SELLING,
        CartNotFound,
        CartNotOpen,
        SaleRecorded,
        SaleNotFound,
        GUARD,
        AUTHENTICATED,
    )
    | {200: {"description": "This sale was recorded before under the same id.", "model": Success[SaleOut]}},
)
async def finalize_sale(request: Request, body: FinalizeSale) -> Response:
    """Make a sale final: lines and payments at once. The answer names its place in the ledger."""
    wanted = body.wanted()
    return await answer_sale(
        request,
        lambda db, actor: (
            service.sell(db, actor=actor, wanted=wanted)
            if body.cart_id is None
            else carts.sell_from(db, actor=actor, cart_id=body.cart_id, wanted=wanted)
        ),
        own_id=body.id,
        request_sha256=wanted.request_sha256,
    )


@router.get(
    "",
    response_model=Success[Page[SaleOut]],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, GUARD, AUTHENTICATED),
    dependencies=[Depends(guard_branch)],
)
async def list_sales(
    edge: Authorised,
    kind: SaleKind | None = None,
    branch_id: Annotated[UUID | None, Query(alias="branchId")] = None,
    cashier_id: Annotated[UUID | None, Query(alias="cashierId")] = None,
    register_id: Annotated[UUID | None, Query(alias="registerId")] = None,
    session_id: Annotated[UUID | None, Query(alias="sessionId")] = None,
    receipt_number: Annotated[int | None, Query(alias="receiptNumber", ge=1, le=2**31 - 1)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Limit = paging.PAGE_SIZE,
) -> Response:
    """Sales and refunds, newest first. A cashier sees their own, and others' of the branch by `receiptNumber`."""
    page, next_cursor = await service.listed(
        edge.db,
        actor=edge.actor,
        filters=Filters(
            kind=kind,
            branch_ids=[branch_id] if branch_id else None,
            cashier_id=cashier_id,
            register_id=register_id,
            session_id=session_id,
            receipt_number=receipt_number,
            since=since,
            until=until,
        ),
        cursor=cursor,
        limit=limit,
    )
    tickets = await documents(edge.db, page)
    return await edge.answer(
        {"items": [SaleOut.of(sale, tickets.get(sale.ticket_sha256)) for sale in page], "nextCursor": next_cursor}
    )


@router.get(
    "/{sale_id}",
    response_model=Success[SaleOut],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SaleNotFound, GUARD, AUTHENTICATED),
    dependencies=[Depends(guard_branch)],
)
async def read_sale(sale_id: UUID, edge: Authorised) -> Response:
    """A sale or refund, with its place in the ledger."""
    sale = await service.read(edge.db, actor=edge.actor, sale_id=sale_id)
    tickets = await documents(edge.db, [sale])
    return await edge.answer(SaleOut.of(sale, tickets.get(sale.ticket_sha256)))
