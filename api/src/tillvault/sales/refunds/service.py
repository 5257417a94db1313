"""Refunds: what comes back of a sale, never more than was sold, paid by the drawer of today (domain.md, "Money, sales,
refunds"). The sale, and the Z of its day, stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from tillvault.cash.takings import queries as takings
from tillvault.cash.takings.domain import Line, PaymentMethod, Sale, SaleKind
from tillvault.cash.takings.errors import RefundExceedsSale
from tillvault.cash.takings.queries import Filters
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.errors import ValidationFailed
from tillvault.core.money import from_minor
from tillvault.identity.access import approval
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, may
from tillvault.sales.domain import Till, WantedPayment, WantedRefund, WantedReturn
from tillvault.sales.errors import NotRefundable, RefundApprovalRequired
from tillvault.sales.pricing import returned_part
from tillvault.sales.selling.service import read
from tillvault.sales.service import keep, tenders_of, till_of
from tillvault.sales.settlement import Settled, Tender, Terms, pay_back
from tillvault.vault.domain import Submission


async def approver_of(door: Doorkeeper, *, actor: Actor, pin: str) -> UUID:
    """The manager of the actor's branch whose PIN this is; checked before the refund's transaction begins, because it
    takes time that no drawer should be held for.

    Raises RefundApprovalRequired, TooManyAttempts.
    """
    approver_id = await approval.approver_of(door, actor=actor, pin=pin, permission=Permission.SALES_SUPERVISE)
    if approver_id is None:
        raise RefundApprovalRequired("This PIN is not a manager's.")
    return approver_id


async def refund(
    db: Connection, *, actor: Actor, wanted: WantedRefund, approver_id: UUID | None
) -> tuple[Sale, Submission]:
    """Take goods back and pay for them.

    Raises SaleNotFound, NotRefundable, RefundExceedsSale, RefundAmountMismatch, RefundApprovalRequired, RateUnknown,
    CurrencyNotAccepted, InsufficientCash, CashSessionRequired, SessionNotOpen, SessionNotFound, SaleRecorded,
    ValidationFailed, RoleForbidden, BranchForbidden, BranchInactive, BranchNotFound.
    """
    sale = await read(db, actor=actor, sale_id=wanted.sale_id)
    if sale.kind is not SaleKind.SALE:
        raise NotRefundable
    till = await till_of(db, actor=actor, session_id=wanted.session_id)
    if till.base_currency != sale.currency:
        raise ValidationFailed.of("sessionId", f"is a drawer in {till.base_currency}; the sale was in {sale.currency}")
    if (
        till.policies.cash_require_refund_approval
        and approver_id is None
        and not may(actor, Permission.SALES_SUPERVISE)
    ):
        raise RefundApprovalRequired
    # After the drawer, before what is read of the sale: two refunds of one sale come one after the other.
    await takings.hold_sale(db, sale.id)
    lines = _returned(sale, wanted.lines, await takings.refunded(db, sale.id))
    goods = sum(line.total_minor for line in lines)
    settled = _paid_back(-goods, wanted.payments, till, sale)
    now = utc_now()
    used = {payment.currency for payment in settled.payments} - {sale.currency}
    terms = _terms(till, sale)
    made = Sale(
        organisation_id=actor.organisation_id,
        id=wanted.id,
        kind=SaleKind.REFUND,
        branch_id=till.branch_id,
        branch_name=till.branch_name,
        register_id=till.register_id,
        register_name=till.register_name,
        session_id=till.session_id,
        cashier_id=actor.id,
        cashier_name=actor.name,
        approved_by=approver_id,
        series_id=till.series_id,
        receipt_number=await takings.next_receipt(db, till.series_id),
        refunded_sale_id=sale.id,
        currency=sale.currency,
        goods_minor=goods,
        discount_minor=sum(line.discount_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        donation_minor=0,
        rounding=settled.rounding,
        total_minor=goods + settled.rounding_minor,
        fx_rates={currency: rate for currency, rate in terms.rates.items() if currency in used},
        note=wanted.reason,
        occurred_at=now,
        created_at=now,
        lines=lines,
        payments=settled.payments,
    )
    _tell(db, actor, sale, made)
    return await keep(db, actor=actor, till=till, sale=made, request_sha256=wanted.request_sha256)


async def refunds_of(db: Connection, *, actor: Actor, sale_id: UUID) -> list[Sale]:
    """All refunds of a sale, newest first. Raises SaleNotFound, RoleForbidden, BranchForbidden."""
    sale = await read(db, actor=actor, sale_id=sale_id)
    # Each refund takes at least a thousandth of a line: their number has a bound, but no list should have none.
    return await takings.sales(db, filters=Filters(refunded_sale_id=sale.id), after=(None, None), limit=1000)


def _returned(sale: Sale, wanted: Sequence[WantedReturn] | None, back: Mapping[int, int]) -> list[Line]:
    """The lines that come back, with negative amounts. Raises RefundExceedsSale, ValidationFailed."""
    sold = {line.number: line for line in sale.lines}
    if wanted is None:
        wanted = [
            WantedReturn(number=line.number, quantity_milli=line.quantity_milli - back.get(line.number, 0))
            for line in sale.lines
            if line.quantity_milli > back.get(line.number, 0)
        ]
        if not wanted:
            raise RefundExceedsSale("All of this sale has come back already.")
    lines: list[Line] = []
    for index, item in enumerate(wanted):
        line = sold.get(item.number)
        if line is None:
            raise ValidationFailed.of(f"lines.{index}.number", "is not a line of this sale")
        if back.get(item.number, 0) + item.quantity_milli > line.quantity_milli:
            raise RefundExceedsSale
        lines.append(_line(line, item.quantity_milli, back.get(item.number, 0)))
    return lines


def _line(sold: Line, quantity_milli: int, before_milli: int) -> Line:
    def part(minor: int) -> int:
        return -returned_part(
            minor, sold_milli=sold.quantity_milli, before_milli=before_milli, quantity_milli=quantity_milli
        )

    gross, total = part(sold.gross_minor), part(sold.total_minor)
    return Line(
        number=sold.number,
        product_id=sold.product_id,
        category_id=sold.category_id,
        category_name=sold.category_name,
        name=sold.name,
        eee_category=sold.eee_category,
        weight_grams=None if sold.weight_grams is None else part(sold.weight_grams),
        quantity_milli=-quantity_milli,
        unit_price_minor=sold.unit_price_minor,
        list_price_minor=None,
        gross_minor=gross,
        discount_minor=gross - total,
        total_minor=total,
        tax_rate_bp=sold.tax_rate_bp,
        tax_minor=part(sold.tax_minor),
        refunded_before_milli=before_milli,
        sold_milli=sold.quantity_milli,
    )


def _terms(till: Till, sale: Sale) -> Terms:
    """Rates frozen with the sale hold for what comes back of it."""
    return Terms(
        base=sale.currency,
        rates={**till.policies.fx_rates, **sale.fx_rates},
        rounding=till.policies.cash_rounding,
    )


def _paid_back(due_minor: int, payments: Sequence[WantedPayment] | None, till: Till, sale: Sale) -> Settled:
    terms = _terms(till, sale)
    if payments is None:
        cash = terms.rounded(terms.from_base(due_minor, sale.currency), sale.currency)
        tenders = [Tender(method=PaymentMethod.CASH, currency=sale.currency, amount_minor=cash)] if cash else []
    else:
        tenders = tenders_of(list(payments), sale.currency)
    return pay_back(due_minor, tenders, terms)


def _tell(db: Connection, actor: Actor, sale: Sale, made: Sale) -> None:
    audit.record(
        db,
        actor,
        "SALE_REFUNDED",
        resource_type="sale",
        resource_id=sale.id,
        branch_id=made.branch_id,
        after={
            "refundId": made.id,
            "total": from_minor(made.total_minor, made.currency),
            "currency": made.currency,
            "reason": made.note,
            **({"approvedBy": made.approved_by} if made.approved_by else {}),
        },
    )
