"""Selling: the catalogue decides prices, the branch decides money, one transaction keeps the sale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from tillvault.cash.errors import SessionNotOpen
from tillvault.cash.takings import queries as takings
from tillvault.cash.takings.domain import Sale, SaleKind
from tillvault.cash.takings.errors import SaleNotFound
from tillvault.cash.takings.queries import Filters
from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.errors import ValidationFailed
from tillvault.core.money import MAX_AMOUNT_MAJOR, exponent, from_minor
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor, Role
from tillvault.identity.permissions import (
    Permission,
    may,
    require,
    require_branch,
    sees_whole_organisation,
)
from tillvault.sales.catalogue import queries as catalogue
from tillvault.sales.catalogue.domain import SaleProduct, Unit
from tillvault.sales.domain import WantedDiscount, WantedLine, WantedSale
from tillvault.sales.errors import PriceNotAllowed, ProductNotSellable
from tillvault.sales.pricing import Discount, Priced, lines_of
from tillvault.sales.service import keep, minor_of, tenders_of, till_of
from tillvault.sales.settlement import settle
from tillvault.vault.domain import Submission

_AHEAD_MAX = timedelta(minutes=10)
"""How far a till's clock may be ahead of ours."""


async def sell(db: Connection, *, actor: Actor, wanted: WantedSale) -> tuple[Sale, Submission]:
    """Make a sale final: lines, payments, its movement of the drawer, its number, its events, as a whole.

    Raises CashSessionRequired, SessionNotOpen, SessionNotFound, ProductNotSellable, PriceNotAllowed,
    DiscountTooLarge, PaymentInsufficient, Overpaid, RateUnknown, CurrencyNotAccepted, InsufficientCash,
    SaleRecorded, ValidationFailed, RoleForbidden, BranchForbidden, BranchInactive, BranchNotFound.
    """
    till = await till_of(db, actor=actor, session_id=wanted.session_id, selling=_product_ids(wanted.lines))
    assert till.offer is not None  # noqa: S101  (it was asked for)
    if till.opened_by not in {None, actor.id}:
        raise SessionNotOpen("This is somebody else's drawer: a sale goes into the cashier's own.")
    priced = [
        price(index, line, till.offer.products, actor, till.base_currency) for index, line in enumerate(wanted.lines)
    ]
    lines = lines_of(priced, _discount(wanted.discount, till.base_currency, "discount"))
    donation = minor_of(wanted.donation, till.base_currency, "donation")
    if not lines and not donation:
        raise ValidationFailed.of("lines", "must have a line, or there must be a donation")
    goods = sum(line.total_minor for line in lines)
    if goods + donation > MAX_AMOUNT_MAJOR * 10 ** exponent(till.base_currency):
        raise ValidationFailed.of("lines", "add up to more than 1000000000000")
    settled = settle(
        goods + donation,
        tenders_of(list(wanted.payments), till.base_currency),
        till.terms,
        change_currency=wanted.change_currency,
    )
    now = utc_now()
    used = {payment.currency for payment in settled.payments} - {till.base_currency}
    sale = Sale(
        organisation_id=actor.organisation_id,
        id=wanted.id,
        kind=SaleKind.SALE,
        branch_id=till.branch_id,
        branch_name=till.branch_name,
        register_id=till.register_id,
        register_name=till.register_name,
        session_id=till.session_id,
        cashier_id=actor.id,
        cashier_name=actor.name,
        series_id=till.series_id,
        receipt_number=till.offer.receipt_number,
        refunded_sale_id=None,
        currency=till.base_currency,
        goods_minor=goods,
        discount_minor=sum(line.discount_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        donation_minor=donation,
        rounding=settled.rounding,
        total_minor=goods + donation + settled.rounding_minor,
        fx_rates={currency: rate for currency, rate in till.policies.fx_rates.items() if currency in used},
        note=wanted.note,
        occurred_at=_occurred(wanted.occurred_at, now),
        created_at=now,
        lines=lines,
        payments=settled.payments,
    )
    _tell_prices(db, actor, sale, wanted.lines)
    return await keep(db, actor=actor, till=till, sale=sale, request_sha256=wanted.request_sha256)


async def products_of(db: Connection, *, branch_id: UUID, lines: Sequence[WantedLine]) -> Mapping[UUID, SaleProduct]:
    """The products of these lines as the branch sells them, by id."""
    ids = _product_ids(lines)
    return await catalogue.for_sale(db, branch_id=branch_id, product_ids=ids) if ids else {}


def _product_ids(lines: Sequence[WantedLine]) -> list[UUID]:
    return list({line.product_id for line in lines if line.product_id is not None})


def price(index: int, line: WantedLine, products: Mapping[UUID, SaleProduct], actor: Actor, currency: str) -> Priced:
    """A line with its unit price. Raises ProductNotSellable, PriceNotAllowed, ValidationFailed."""
    where = f"lines.{index}"
    discount = _discount(line.discount, currency, f"{where}.discount.amount")
    given = None if line.unit_price is None else minor_of(line.unit_price, currency, f"{where}.unitPrice")
    if given is not None and given < 0:
        raise ValidationFailed.of(f"{where}.unitPrice", "must not be negative")
    if line.product_id is None:
        return _free(where, line, given, discount, actor)
    product = products.get(line.product_id)
    if product is None or not product.is_active:
        raise ProductNotSellable(f"Line {index + 1}: this product is unknown or not active.")
    if product.currency != currency:
        raise ProductNotSellable(f"Line {index + 1}: {product.name} has no price in {currency}.")
    if product.unit is Unit.PIECE and line.quantity_milli % 1000:
        raise ValidationFailed.of(f"{where}.quantity", f"{product.name} is sold by the piece")
    if product.is_open_price and given is None:
        raise ValidationFailed.of(f"{where}.unitPrice", f"{product.name} has no fixed price: give one")
    unit_price = product.price_minor if given is None else given
    is_decided = unit_price != product.price_minor and not product.is_open_price
    if is_decided and not (line.price_decided_by or may(actor, Permission.SALES_SUPERVISE)):
        raise PriceNotAllowed
    weight = line.weight_grams
    if weight is None and product.weight_grams is not None:
        weight = product.weight_grams * line.quantity_milli // 1000
    return Priced(
        product_id=product.id,
        category_id=product.category_id,
        category_name=product.category_name,
        name=product.name,
        eee_category=line.eee_category or product.eee_category,
        weight_grams=weight,
        quantity_milli=line.quantity_milli,
        unit_price_minor=unit_price,
        list_price_minor=product.price_minor if is_decided else None,
        tax_rate_bp=product.tax_rate_bp,
        discount=discount,
    )


def _free(where: str, line: WantedLine, given: int | None, discount: Discount | None, actor: Actor) -> Priced:
    """A line that no product stands behind: its price is the client's, so it takes the role that decides prices."""
    if line.name is None or given is None or line.tax_rate_bp is None:
        raise ValidationFailed.of(where, "needs a productId, or a name, a unitPrice and a taxRate")
    if not (line.price_decided_by or may(actor, Permission.SALES_SUPERVISE)):
        raise PriceNotAllowed
    return Priced(
        product_id=None,
        category_id=None,
        category_name=None,
        name=line.name,
        eee_category=line.eee_category,
        weight_grams=line.weight_grams,
        quantity_milli=line.quantity_milli,
        unit_price_minor=given,
        list_price_minor=None,
        tax_rate_bp=line.tax_rate_bp,
        discount=discount,
    )


def _discount(wanted: WantedDiscount | None, currency: str, field: str) -> Discount | None:
    if wanted is None:
        return None
    amount = None if wanted.amount is None else minor_of(wanted.amount, currency, field)
    return Discount(percent=wanted.percent, amount_minor=amount)


def _occurred(given: datetime | None, now: datetime) -> datetime:
    if given is None:
        return now
    if given > now + _AHEAD_MAX:
        raise ValidationFailed.of("occurredAt", "lies in the future")
    return min(given, now)


def _tell_prices(db: Connection, actor: Actor, sale: Sale, wanted: Sequence[WantedLine]) -> None:
    """A price that a person decided is on record, and who: in a cart it need not be who sells (domain.md: server-side
    prices decide)."""
    decided = [
        {
            "line": line.number,
            "name": line.name,
            "price": from_minor(line.unit_price_minor, sale.currency),
            "listPrice": None if line.list_price_minor is None else from_minor(line.list_price_minor, sale.currency),
            "decidedBy": asked.price_decided_by or actor.id,
        }
        for line, asked in zip(sale.lines, wanted, strict=True)
        if line.list_price_minor is not None or line.product_id is None
    ]
    if decided:
        audit.record(
            db,
            actor,
            "SALE_PRICE_DECIDED",
            resource_type="sale",
            resource_id=sale.id,
            branch_id=sale.branch_id,
            after={"lines": decided},
        )
    if sale.discount_minor:
        # A discount is a price that a person decided, too; any cashier may give one, so it is on record.
        audit.record(
            db,
            actor,
            "SALE_DISCOUNTED",
            resource_type="sale",
            resource_id=sale.id,
            branch_id=sale.branch_id,
            after={"discount": from_minor(sale.discount_minor, sale.currency), "currency": sale.currency},
        )


async def read(db: Connection, *, actor: Actor, sale_id: UUID) -> Sale:
    """A sale or refund. Whoever works in its branch may read it: a customer comes back to any register.

    Raises SaleNotFound, RoleForbidden, BranchForbidden.
    """
    require(actor, Permission.SALES_READ)
    sale = await takings.sale(db, sale_id)
    if sale is None:
        raise SaleNotFound
    require_branch(actor, sale.branch_id, is_active=True)
    return sale


async def listed(
    db: Connection, *, actor: Actor, filters: Filters, cursor: str | None, limit: int
) -> tuple[list[Sale], str | None]:
    """A page of sales and refunds, newest first. A cashier sees their own, and those of the branch by the number on the
    receipt.

    Raises RoleForbidden, BranchForbidden, ValidationFailed.
    """
    require(actor, Permission.SALES_READ)
    page = await takings.sales(db, filters=_visible(actor, filters), after=paging.decode(cursor), limit=limit + 1)
    last = page[limit - 1] if len(page) > limit else None
    return page[:limit], paging.encode(last.created_at, last.id) if last else None


def _visible(actor: Actor, filters: Filters) -> Filters:
    if filters.branch_ids:
        for branch_id in filters.branch_ids:
            require_branch(actor, branch_id, is_active=True)
    elif not sees_whole_organisation(actor):
        filters = replace(filters, branch_ids=list(actor.branch_ids))
    looks_up = filters.receipt_number is not None or filters.refunded_sale_id is not None
    if actor.role is Role.CASHIER and not looks_up:
        # Whoever asks for a colleague's is not answered with their own: nothing is both.
        is_own = filters.cashier_id in {None, actor.id}
        filters = replace(filters, cashier_id=actor.id, branch_ids=filters.branch_ids if is_own else [])
    return filters
