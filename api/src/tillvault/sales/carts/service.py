"""Carts: lines come and go until the sale is final (domain.md, "Money, sales, refunds").

A cart is started and changed only with the cashier's open drawer, where the branch asks for one. It costs what the
catalogue says at the moment; the sale has the cart's id, so that a cart becomes one sale and no more.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.cash.takings.domain import Sale
from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.errors import AppError
from tillvault.core.ids import new_id
from tillvault.core.money import from_minor
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor, Role
from tillvault.identity.permissions import Permission, may, require, require_branch, sees_whole_organisation
from tillvault.sales.carts import queries
from tillvault.sales.carts.domain import Cart, CartLine, CartStatus, PricedCart
from tillvault.sales.carts.errors import CartFull, CartLineNotFound, CartNotFound, CartNotOpen
from tillvault.sales.domain import LINES_MAX, Till, WantedDiscount, WantedLine, WantedPayment, WantedSale
from tillvault.sales.errors import PriceNotAllowed
from tillvault.sales.pricing import Discount, Priced, lines_of
from tillvault.sales.selling import service as selling
from tillvault.sales.service import minor_of, till_of
from tillvault.vault.domain import Submission


async def start(
    db: Connection, *, actor: Actor, cart_id: UUID | None, label: str | None, note: str | None
) -> PricedCart:
    """Raises CashSessionRequired, CartIdTaken, and what the drawer raises."""
    till = await till_of(db, actor=actor, session_id=None)
    now = utc_now()
    cart = Cart(
        organisation_id=actor.organisation_id,
        id=cart_id or new_id(),
        branch_id=till.branch_id,
        session_id=till.session_id,
        cashier_id=actor.id,
        cashier_name=actor.name,
        status=CartStatus.OPEN,
        currency=till.base_currency,
        label=label,
        note=note,
        discount=None,
        donation_minor=0,
        created_at=now,
        updated_at=now,
        lines=[],
    )
    await queries.insert(db, cart)
    return PricedCart(cart=cart, lines=[], problems=[])


async def read(db: Connection, *, actor: Actor, cart_id: UUID) -> PricedCart:
    """Raises CartNotFound, RoleForbidden, BranchForbidden."""
    require(actor, Permission.SALES_READ)
    cart = await queries.cart(db, cart_id)
    if cart is None:
        raise CartNotFound
    require_branch(actor, cart.branch_id, is_active=True)
    return await priced(db, actor, cart)


async def listed(
    db: Connection, *, actor: Actor, status: CartStatus | None, cursor: str | None, limit: int
) -> tuple[list[PricedCart], str | None]:
    """Carts that are not sold yet, newest first; a cashier sees their own, and every parked one of the branch.

    Raises RoleForbidden, ValidationFailed.
    """
    require(actor, Permission.SALES_READ)
    page = await queries.carts(
        db,
        branch_ids=None if sees_whole_organisation(actor) else list(actor.branch_ids),
        statuses=[status] if status else [CartStatus.OPEN, CartStatus.PARKED],
        cashier_id=actor.id if actor.role is Role.CASHIER else None,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    last = page[limit - 1] if len(page) > limit else None
    carts = [await priced(db, actor, cart) for cart in page[:limit]]
    return carts, paging.encode(last.created_at, last.id) if last else None


async def change(db: Connection, *, actor: Actor, cart_id: UUID, changes: dict[str, Any]) -> PricedCart:
    """Label, note, discount, donation. Raises CartNotFound, CartNotOpen, CashSessionRequired, ValidationFailed."""
    cart, till = await _held(db, actor, cart_id)
    if "discount" in changes:
        changes["discount"] = _discount(changes["discount"], till.base_currency)
    if "donation" in changes:
        changes["donation_minor"] = minor_of(changes.pop("donation"), till.base_currency, "donation")
    return await _saved(db, actor, replace(cart, **changes))


async def add_line(db: Connection, *, actor: Actor, cart_id: UUID, wanted: WantedLine) -> PricedCart:
    """Raises CartNotFound, CartNotOpen, CartFull, ProductNotSellable, PriceNotAllowed, CashSessionRequired,
    ValidationFailed, DiscountTooLarge."""
    cart, till = await _held(db, actor, cart_id)
    if len(cart.lines) >= LINES_MAX:
        raise CartFull
    line = await _checked(db, actor, till, CartLine(id=new_id(), wanted=wanted, price_decided_by=None))
    return await _saved(db, actor, replace(cart, lines=[*cart.lines, line]), line)


async def change_line(
    db: Connection, *, actor: Actor, cart_id: UUID, line_id: UUID, changes: dict[str, Any]
) -> PricedCart:
    """Quantity, price, discount, weight. Raises as `add_line`, and CartLineNotFound."""
    cart, till = await _held(db, actor, cart_id)
    before = _line_of(cart, line_id)
    # A price that was decided stays decided, unless this changes it.
    decided_by = before.price_decided_by if "unit_price" not in changes else None
    wanted = replace(before.wanted, **changes, price_decided_by=decided_by)
    line = await _checked(db, actor, till, CartLine(id=line_id, wanted=wanted, price_decided_by=decided_by))
    return await _saved(
        db, actor, replace(cart, lines=[line if one.id == line_id else one for one in cart.lines]), line
    )


async def remove_line(db: Connection, *, actor: Actor, cart_id: UUID, line_id: UUID) -> PricedCart:
    """Raises CartNotFound, CartNotOpen, CartLineNotFound, CashSessionRequired."""
    cart, _ = await _held(db, actor, cart_id)
    line = _line_of(cart, line_id)
    await queries.delete_line(db, cart_id, line_id)
    _tell(
        db,
        actor,
        cart,
        "CART_LINE_REMOVED",
        after={"productId": line.wanted.product_id, "quantity": Decimal(line.wanted.quantity_milli).scaleb(-3)},
    )
    return await _saved(db, actor, replace(cart, lines=[one for one in cart.lines if one.id != line_id]))


async def park(db: Connection, *, actor: Actor, cart_id: UUID) -> PricedCart:
    """Put aside. Raises CartNotFound, CartNotOpen, CashSessionRequired."""
    cart, _ = await _held(db, actor, cart_id)
    return await _saved(db, actor, replace(cart, status=CartStatus.PARKED))


async def resume(db: Connection, *, actor: Actor, cart_id: UUID) -> PricedCart:
    """Take up a parked cart, also somebody else's: it is then the actor's. Raises CartNotFound, CartNotOpen,
    CashSessionRequired."""
    cart, till = await _held(db, actor, cart_id, parked=True)
    return await _saved(
        db,
        actor,
        replace(
            cart,
            status=CartStatus.OPEN,
            cashier_id=actor.id,
            cashier_name=actor.name,
            session_id=till.session_id,
        ),
    )


async def abandon(db: Connection, *, actor: Actor, cart_id: UUID) -> PricedCart:
    """Give up; it is on record, because a void may hide a sale. Raises as `park`."""
    cart, _ = await _held(db, actor, cart_id, or_parked=True)
    found = await priced(db, actor, cart)
    total = sum(line.total_minor for line in found.sellable)
    _tell(db, actor, cart, "CART_ABANDONED", after={"total": from_minor(total, cart.currency)})
    return await _saved(db, actor, replace(cart, status=CartStatus.ABANDONED))


async def finalise(
    db: Connection,
    *,
    actor: Actor,
    cart_id: UUID,
    payments: list[WantedPayment],
    change_currency: str | None,
    request_sha256: bytes,
) -> tuple[Sale, Submission]:
    """Sell it. Raises CartNotFound, CartNotOpen, and as `sell`."""
    cart, till = await _held(db, actor, cart_id)
    discount = cart.discount
    wanted = WantedSale(
        id=cart.id,
        session_id=till.session_id,
        lines=[line.wanted for line in cart.lines],
        payments=payments,
        discount=None
        if discount is None
        else WantedDiscount(
            percent=discount.percent,
            amount=None if discount.amount_minor is None else from_minor(discount.amount_minor, cart.currency),
        ),
        donation=from_minor(cart.donation_minor, cart.currency),
        change_currency=change_currency,
        note=cart.note,
        request_sha256=request_sha256,
    )
    await queries.save(db, replace(cart, status=CartStatus.FINALISED, updated_at=utc_now()))
    return await selling.sell(db, actor=actor, wanted=wanted)


async def sell_from(db: Connection, *, actor: Actor, cart_id: UUID, wanted: WantedSale) -> tuple[Sale, Submission]:
    """Sell what was taken up from a cart and changed at the till since: the cart is sold in the same transaction, so
    that nobody takes it up a second time. Raises CartNotFound, CartNotOpen, and as `sell`."""
    cart, _ = await _held(db, actor, cart_id, session_id=wanted.session_id)
    await queries.save(db, replace(cart, status=CartStatus.FINALISED, updated_at=utc_now()))
    return await selling.sell(db, actor=actor, wanted=wanted)


async def priced(db: Connection, actor: Actor, cart: Cart) -> PricedCart:
    """What the cart costs now; a line that cannot be sold as it stands says why and counts for nothing."""
    found: list[Priced | None] = []
    problems: list[str | None] = []
    products = await selling.products_of(db, branch_id=cart.branch_id, lines=[line.wanted for line in cart.lines])
    for index, line in enumerate(cart.lines):
        try:
            found.append(selling.price(index, line.wanted, products, actor, cart.currency))
            problems.append(None)
        except AppError as refusal:
            found.append(None)
            problems.append(refusal.code)
    # A discount may have become larger than what is left.
    try:
        lines = lines_of([one for one in found if one is not None], cart.discount)
    except AppError:
        lines = lines_of([replace(one, discount=None) for one in found if one is not None], None)
    rest = iter(lines)
    return PricedCart(
        cart=cart,
        lines=[
            None if one is None else replace(next(rest), number=number) for number, one in enumerate(found, start=1)
        ],
        problems=problems,
    )


async def _held(
    db: Connection,
    actor: Actor,
    cart_id: UUID,
    *,
    parked: bool = False,
    or_parked: bool = False,
    session_id: UUID | None = None,
) -> tuple[Cart, Till]:
    """The cart and the actor's drawer, both held: the drawer first, as everywhere."""
    till = await till_of(db, actor=actor, session_id=session_id)
    cart = await queries.cart(db, cart_id, hold=True)
    if cart is None:
        raise CartNotFound
    require_branch(actor, cart.branch_id, is_active=till.branch_is_active)
    welcome = (
        {CartStatus.PARKED} if parked else {CartStatus.OPEN, CartStatus.PARKED} if or_parked else {CartStatus.OPEN}
    )
    if cart.status not in welcome:
        raise CartNotOpen
    if cart.status is CartStatus.OPEN and cart.cashier_id != actor.id:
        raise CartNotOpen("This cart is in somebody else's hands. They have to park it first.")
    if cart.branch_id != till.branch_id or cart.currency != till.base_currency:
        raise CartNotOpen("This cart belongs to another branch or currency.")
    return cart, till


async def _checked(db: Connection, actor: Actor, till: Till, line: CartLine) -> CartLine:
    """The line, if it can be sold so, with who decided its price."""
    products = await selling.products_of(db, branch_id=till.branch_id, lines=[line.wanted])
    found = selling.price(0, line.wanted, products, actor, till.base_currency)
    lines_of([found], None)
    is_decided = found.list_price_minor is not None or found.product_id is None
    if is_decided and line.price_decided_by is None:
        if not may(actor, Permission.SALES_SUPERVISE):
            raise PriceNotAllowed
        return replace(line, price_decided_by=actor.id, wanted=replace(line.wanted, price_decided_by=actor.id))
    return line


async def _saved(db: Connection, actor: Actor, cart: Cart, line: CartLine | None = None) -> PricedCart:
    """Keep the cart, and the line that is new or changed."""
    cart = replace(cart, updated_at=utc_now())
    await queries.save(db, cart)
    if line is not None:
        await queries.put_line(
            db,
            cart.id,
            line,
            unit_price_minor=None
            if line.wanted.unit_price is None
            else minor_of(line.wanted.unit_price, cart.currency, "unitPrice"),
            discount=_discount(line.wanted.discount, cart.currency),
        )
    return await priced(db, actor, cart)


def _discount(wanted: WantedDiscount | None, currency: str) -> Discount | None:
    if wanted is None:
        return None
    amount = None if wanted.amount is None else minor_of(wanted.amount, currency, "discount.amount")
    return Discount(percent=wanted.percent, amount_minor=amount)


def _line_of(cart: Cart, line_id: UUID) -> CartLine:
    for line in cart.lines:
        if line.id == line_id:
            return line
    raise CartLineNotFound


def _tell(db: Connection, actor: Actor, cart: Cart, action: str, *, after: dict[str, Any]) -> None:
    audit.record(db, actor, action, resource_type="cart", resource_id=cart.id, branch_id=cart.branch_id, after=after)
