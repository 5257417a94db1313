"""Carts (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tillvault.cash.sessions.routes import GUARD, WRITE
from tillvault.cash.takings.errors import SaleNotFound, SaleRecorded
from tillvault.core import paging
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised, guard_branch
from tillvault.identity.errors import BranchNotFound
from tillvault.sales.carts import service
from tillvault.sales.carts.domain import CartStatus
from tillvault.sales.carts.errors import CartFull, CartIdTaken, CartLineNotFound, CartNotFound, CartNotOpen
from tillvault.sales.carts.schemas import CartOut, ChangeCart, ChangeCartLine, FinaliseCart, StartCart
from tillvault.sales.edge import answer_sale
from tillvault.sales.errors import CashSessionRequired, DiscountTooLarge, PriceNotAllowed, ProductNotSellable
from tillvault.sales.schemas import SaleLineIn, SaleOut
from tillvault.sales.selling.routes import SELLING

_HELD = (WRITE, CartNotFound, CartNotOpen, CashSessionRequired, BranchNotFound, GUARD, AUTHENTICATED)
_LINE = (ProductNotSellable, PriceNotAllowed, DiscountTooLarge)

router = APIRouter(prefix="/v1/sales/carts", tags=["carts"], route_class=StrictRoute)
_guarded = [Depends(guard_branch)]


@router.post(
    "",
    status_code=201,
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, WRITE, CartIdTaken, CashSessionRequired, BranchNotFound, GUARD, AUTHENTICATED),
    dependencies=_guarded,
)
async def start_cart(body: StartCart, edge: Authorised) -> Response:
    """Start a cart in one's own drawer."""
    cart = await service.start(edge.db, actor=edge.actor, cart_id=body.id, label=body.label, note=body.note or None)
    return await edge.answer(CartOut.of(cart), 201)


@router.get(
    "",
    response_model=Success[Page[CartOut]],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, GUARD, AUTHENTICATED),
    dependencies=_guarded,
)
async def list_carts(
    edge: Authorised, status: CartStatus | None = None, cursor: Cursor = None, limit: Limit = paging.PAGE_SIZE
) -> Response:
    """Open and parked carts, newest first: a cashier's own, and every parked one of the branch."""
    page, next_cursor = await service.listed(edge.db, actor=edge.actor, status=status, cursor=cursor, limit=limit)
    return await edge.answer({"items": [CartOut.of(cart) for cart in page], "nextCursor": next_cursor})


@router.get(
    "/{cart_id}",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, CartNotFound, GUARD, AUTHENTICATED),
    dependencies=_guarded,
)
async def read_cart(cart_id: UUID, edge: Authorised) -> Response:
    """A cart with what it costs now."""
    return await edge.answer(CartOut.of(await service.read(edge.db, actor=edge.actor, cart_id=cart_id)))


@router.patch(
    "/{cart_id}",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD),
    dependencies=_guarded,
)
async def change_cart(cart_id: UUID, body: ChangeCart, edge: Authorised) -> Response:
    """Label, note, discount on the whole cart, donation."""
    cart = await service.change(edge.db, actor=edge.actor, cart_id=cart_id, changes=body.changes())
    return await edge.answer(CartOut.of(cart))


@router.delete(
    "/{cart_id}",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD),
    dependencies=_guarded,
)
async def abandon_cart(cart_id: UUID, edge: Authorised) -> Response:
    """Give a cart up. It stays on record, and so does who gave it up."""
    return await edge.answer(CartOut.of(await service.abandon(edge.db, actor=edge.actor, cart_id=cart_id)))


@router.post(
    "/{cart_id}/lines",
    status_code=201,
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD, _LINE, CartFull),
    dependencies=_guarded,
)
async def add_line(cart_id: UUID, body: SaleLineIn, edge: Authorised) -> Response:
    """Add a line; the catalogue decides its price."""
    cart = await service.add_line(edge.db, actor=edge.actor, cart_id=cart_id, wanted=body.wanted())
    return await edge.answer(CartOut.of(cart), 201)


@router.patch(
    "/{cart_id}/lines/{line_id}",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD, _LINE, CartLineNotFound),
    dependencies=_guarded,
)
async def change_line(cart_id: UUID, line_id: UUID, body: ChangeCartLine, edge: Authorised) -> Response:
    """Quantity, price, discount, weight of a line."""
    cart = await service.change_line(
        edge.db, actor=edge.actor, cart_id=cart_id, line_id=line_id, changes=body.changes()
    )
    return await edge.answer(CartOut.of(cart))


@router.delete(
    "/{cart_id}/lines/{line_id}",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD, CartLineNotFound),
    dependencies=_guarded,
)
async def remove_line(cart_id: UUID, line_id: UUID, edge: Authorised) -> Response:
    """Take a line out of the cart."""
    cart = await service.remove_line(edge.db, actor=edge.actor, cart_id=cart_id, line_id=line_id)
    return await edge.answer(CartOut.of(cart))


@router.post(
    "/{cart_id}/park",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD),
    dependencies=_guarded,
)
async def park_cart(cart_id: UUID, edge: Authorised) -> Response:
    """Put a cart aside; anybody of the branch may take it up."""
    return await edge.answer(CartOut.of(await service.park(edge.db, actor=edge.actor, cart_id=cart_id)))


@router.post(
    "/{cart_id}/resume",
    response_model=Success[CartOut],
    responses=refusals(Dialect.ENVELOPE, *_HELD),
    dependencies=_guarded,
)
async def resume_cart(cart_id: UUID, edge: Authorised) -> Response:
    """Take up a parked cart; it is then in one's own drawer."""
    return await edge.answer(CartOut.of(await service.resume(edge.db, actor=edge.actor, cart_id=cart_id)))


@router.post(
    "/{cart_id}/finalize",
    status_code=201,
    response_model=Success[SaleOut],
    responses=refusals(
        Dialect.ENVELOPE, WRITE, CartNotFound, CartNotOpen, SELLING, SaleRecorded, SaleNotFound, GUARD, AUTHENTICATED
    )
    | {200: {"description": "This cart was sold before with the same payments.", "model": Success[SaleOut]}},
)
async def finalize_cart(request: Request, cart_id: UUID, body: FinaliseCart) -> Response:
    """Sell the cart. The sale has the cart's id: sent twice, it is sold once."""
    request_sha256 = body.fingerprint(cart_id)
    return await answer_sale(
        request,
        lambda db, actor: service.finalise(
            db,
            actor=actor,
            cart_id=cart_id,
            payments=[payment.wanted() for payment in body.payments],
            change_currency=body.change_currency,
            request_sha256=request_sha256,
        ),
        own_id=cart_id,
        request_sha256=request_sha256,
    )
