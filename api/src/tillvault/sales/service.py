"""What sales and refunds share: the drawer they stand at, and keeping them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.cash import domain as cash
from tillvault.cash.access import require_session
from tillvault.cash.domain import Movement, MovementStatus, MovementType
from tillvault.cash.errors import CurrencyNotAccepted, InsufficientCash, SessionNotFound, SessionNotOpen
from tillvault.cash.movements import queries as movements
from tillvault.cash.sessions import queries as sessions
from tillvault.cash.takings import queries as takings
from tillvault.cash.takings.domain import (
    RefundCashRecorded,
    Sale,
    SaleCashRecorded,
    SaleFinalized,
    SaleKind,
    SaleRefunded,
    sale_key,
)
from tillvault.cash.takings.queries import Sealed
from tillvault.core.db import Connection
from tillvault.core.errors import ValidationFailed
from tillvault.core.ids import new_id
from tillvault.core.money import Cash, from_minor, to_minor
from tillvault.events import service as events
from tillvault.identity.domain import Actor
from tillvault.identity.errors import BranchNotFound
from tillvault.identity.permissions import Permission, require, require_branch
from tillvault.sales import queries
from tillvault.sales.catalogue import queries as catalogue
from tillvault.sales.domain import Offer, Till, WantedPayment
from tillvault.sales.errors import CashSessionRequired
from tillvault.sales.settlement import Tender
from tillvault.sales.tickets import ticket_of
from tillvault.vault.domain import Submission
from tillvault.vault.service import Sender, submission


async def till_of(
    db: Connection, *, actor: Actor, session_id: UUID | None, selling: Collection[UUID] | None = None
) -> Till:
    """Where the actor sells: the drawer that is named, else their own open one, else, where the branch lets sales go
    without a drawer, the place alone. The drawer is held for the rest of the transaction. With the products of a sale,
    `selling`, there is an offer for them.

    Raises CashSessionRequired, SessionNotOpen, SessionNotFound, BranchNotFound, RoleForbidden, BranchForbidden,
    BranchInactive.
    """
    require(actor, Permission.SALES_SELL)
    if session_id is not None:
        till = await queries.hold_drawer(db, session_id, selling=selling)
        if till is None:
            raise SessionNotFound if await sessions.session(db, session_id) is None else SessionNotOpen
        assert till.opened_by is not None  # noqa: S101  (a drawer has been opened by somebody)
        require_session(
            actor,
            Permission.CASH_OPERATE,
            branch_id=till.branch_id,
            branch_is_active=till.branch_is_active,
            opened_by=till.opened_by,
        )
        return till
    if actor.branch_id is None:
        raise BranchNotFound
    till = await queries.hold_own_drawer(db, branch_id=actor.branch_id, user_id=actor.id, selling=selling)
    if till is None:
        till = await queries.place(db, branch_id=actor.branch_id, register_id=actor.register_id)
        if till is None:
            raise BranchNotFound
        if till.policies.cash_require_session_for_sales:
            raise CashSessionRequired
        if selling is not None:
            till = replace(till, offer=await _offer(db, till, selling))
    require_branch(actor, till.branch_id, is_active=till.branch_is_active)
    return till


async def _offer(db: Connection, till: Till, product_ids: Collection[UUID]) -> Offer:
    return Offer(
        products=await catalogue.for_sale(db, branch_id=till.branch_id, product_ids=product_ids),
        receipt_number=await takings.next_receipt(db, till.series_id),
    )


def minor_of(amount: Decimal, currency: str, field: str) -> int:
    """An amount of a body in minor units. Raises ValidationFailed, which names the field."""
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        raise ValidationFailed.of(field, str(error)) from None


def tenders_of(payments: list[WantedPayment], base: str) -> list[Tender]:
    """Raises ValidationFailed for an amount of 0 or with too many decimals."""
    tenders: list[Tender] = []
    for index, payment in enumerate(payments):
        currency = payment.currency or base
        minor = minor_of(payment.amount, currency, f"payments.{index}.amount")
        if minor <= 0:
            raise ValidationFailed.of(f"payments.{index}.amount", "must be more than 0")
        tenders.append(
            Tender(method=payment.method, currency=currency, amount_minor=minor, reference=payment.reference)
        )
    return tenders


async def keep(
    db: Connection, *, actor: Actor, till: Till, sale: Sale, request_sha256: bytes
) -> tuple[Sale, Submission]:
    """Record a sale or refund with its movement and events; gives it with its ticket, which goes into the vault once
    this is committed.

    Raises CurrencyNotAccepted, InsufficientCash, SaleRecorded, RefundExceedsSale.
    """
    movement = await _movement(db, actor, till, sale)
    raw = ticket_of(sale, tenant=till.tenant)
    ticket = submission(sender_of(actor.organisation_id, till.tenant), raw)
    sale = replace(sale, ticket_sha256=ticket.sha256)
    _tell(db, actor, sale, movement)
    sealed = Sealed(ticket=raw, ticket_sha256=ticket.sha256, request_sha256=request_sha256)
    await takings.record(db, sale, sealed, movement)
    return sale, ticket


def sender_of(organisation_id: UUID, tenant: str) -> Sender:
    """The till itself, as the vault knows it."""
    return Sender(organisation_id=organisation_id, tenant=tenant, api_key_id=None)


async def _movement(db: Connection, actor: Actor, till: Till, sale: Sale) -> Movement | None:
    """What the sale does to the drawer; None when it moves no cash, or there is no drawer."""
    effect = sale.cash_effect
    if till.session_id is None or till.opening is None or not effect:
        return None
    for currency in effect:
        if currency not in till.opening:
            raise CurrencyNotAccepted(f"The drawer does not hold {currency}.")
    await _check_funds(db, till, till.session_id, till.opening, effect)
    is_sale = sale.kind is SaleKind.SALE
    return Movement(
        organisation_id=actor.organisation_id,
        id=new_id(),
        branch_id=till.branch_id,
        register_id=till.register_id,
        session_id=till.session_id,
        actor_id=actor.id,
        actor_name=actor.name,
        type=MovementType.SALE_CASH if is_sale else MovementType.REFUND_CASH,
        status=MovementStatus.APPROVED,
        effect=effect,
        reason=f"{'Sale' if is_sale else 'Refund'} {sale.receipt_number}",
        ref_sale_id=sale.id,
        decided_by=None,
        decided_at=None,
        created_at=sale.created_at,
    )


async def _check_funds(db: Connection, till: Till, session_id: UUID, opening: Cash, effect: Cash) -> None:
    # Only what takes out can leave less than nothing: change in another currency, or a refund.
    if till.policies.cash_allow_negative_drawer or all(minor > 0 for minor in effect.values()):
        return
    expected = cash.expected_cash(opening, await movements.moved(db, session_id))
    if cash.would_be_negative(expected, effect):
        raise InsufficientCash


def _tell(db: Connection, actor: Actor, sale: Sale, movement: Movement | None) -> None:
    key = sale_key(sale.session_id, sale.series_id)
    rounding = sale.rounding.base_minor if sale.rounding else 0
    payments: list[dict[str, object]] = [
        {
            "method": payment.method,
            "currency": payment.currency,
            "amount": from_minor(payment.amount_minor, payment.currency),
        }
        for payment in sale.payments
    ]
    common: dict[str, Any] = {
        "branch_id": sale.branch_id,
        "key": key,
        "sale_id": sale.id,
        "session_id": sale.session_id,
        "register_id": sale.register_id,
        "operator_id": actor.id,
        "receipt_number": sale.receipt_number,
        "currency": sale.currency,
        "total_minor": {sale.currency: sale.total_minor},
        "goods_minor": {sale.currency: sale.goods_minor},
        "rounding_minor": {sale.currency: rounding},
        "tax_minor": {sale.currency: sale.tax_minor},
        "payments": payments,
    }
    if sale.refunded_sale_id is None:
        events.emit(db, SaleFinalized(**common, donation_minor={sale.currency: sale.donation_minor}))
    else:
        events.emit(db, SaleRefunded(**common, refunded_sale_id=sale.refunded_sale_id))
    if movement is not None:
        _tell_movement(db, actor, sale, movement, key)


def _tell_movement(db: Connection, actor: Actor, sale: Sale, movement: Movement, key: str) -> None:
    amounts = cash.amounts_of(movement.type, movement.effect)
    if sale.refunded_sale_id is None:
        events.emit(
            db,
            SaleCashRecorded(
                branch_id=sale.branch_id,
                key=key,
                session_id=movement.session_id,
                register_id=sale.register_id,
                operator_id=actor.id,
                movement_id=movement.id,
                sale_id=sale.id,
                amounts_minor=amounts,
            ),
        )
        return
    events.emit(
        db,
        RefundCashRecorded(
            branch_id=sale.branch_id,
            key=key,
            session_id=movement.session_id,
            register_id=sale.register_id,
            operator_id=actor.id,
            movement_id=movement.id,
            sale_id=sale.refunded_sale_id,
            refund_id=sale.id,
            amounts_minor=amounts,
        ),
    )
