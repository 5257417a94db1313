"""X and Z (domain.md, "Cash sessions"): read models of a drawer. An X is made at each asking and changes nothing; a Z
is made once, at the close, and kept byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from tillvault.cash.closing import queries as closing
from tillvault.cash.closing.queries import Figures
from tillvault.cash.domain import CashSession, Movement, MovementType, SessionStatus, amounts_of, expected_cash
from tillvault.cash.errors import NoActiveSession, SessionStillOpen
from tillvault.cash.movements import queries as movements
from tillvault.cash.movements.schemas import CashMovementOut
from tillvault.cash.schemas import CashSessionOut, amount_or_none, two_currencies
from tillvault.cash.sessions import queries as sessions
from tillvault.cash.sessions import service
from tillvault.cash.takings import sum_queries
from tillvault.cash.takings.domain import Perpetual, Sums, Takings
from tillvault.cash.takings.schemas import SalesSummary
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.http.answers import Amount, Wire
from tillvault.core.jsontext import dumps
from tillvault.core.money import Cash, add, to_wire
from tillvault.identity.domain import Actor
from tillvault.identity.errors import RegisterNotFound
from tillvault.identity.permissions import Permission, require
from tillvault.identity.registers import queries as registers

MOVEMENTS_MAX = 200
"""A report lists this many movements, the newest; `movementsTotal` says how many there are. All of them stand at
`GET /v1/cash/sessions/{id}/movements`."""


class CurrencySummary(Wire):
    currency: str
    opening_float: Amount
    total_sales_cash: Amount | None
    total_refunds: Amount | None
    total_paid_in: Amount | None
    total_paid_out: Amount | None
    total_adjustments: Amount | None
    total_safe_drops: Amount | None
    expected_cash: Amount | None
    counted_cash: Amount | None
    variance: Amount | None


class Summary(Wire):
    """Totals of approved movements; the same names ending in Usd and Khr stand beside `byCurrency`. `leftCash` and
    `removedCash` are what the close left in the drawer and took out of it; null where it did not say so."""

    by_currency: list[CurrencySummary]
    left_cash: dict[str, Amount] | None
    removed_cash: dict[str, Amount] | None
    opening_float_usd: Amount
    opening_float_khr: Amount
    total_sales_cash_usd: Amount | None
    total_sales_cash_khr: Amount | None
    total_refunds_usd: Amount | None
    total_refunds_khr: Amount | None
    total_paid_in_usd: Amount | None
    total_paid_in_khr: Amount | None
    total_paid_out_usd: Amount | None
    total_paid_out_khr: Amount | None
    total_adjustments_usd: Amount | None
    total_adjustments_khr: Amount | None
    total_safe_drops_usd: Amount | None
    total_safe_drops_khr: Amount | None
    expected_cash_usd: Amount | None
    expected_cash_khr: Amount | None
    counted_cash_usd: Amount | None
    counted_cash_khr: Amount | None
    variance_usd: Amount | None
    variance_khr: Amount | None


class Report(Wire):
    """An X or a Z. `zNumber` is null on an X."""

    kind: str
    z_number: int | None
    generated_at: datetime
    session: CashSessionOut
    movements: list[CashMovementOut]
    movements_total: int
    movements_pending: int
    summary: Summary
    sales: SalesSummary | None
    """Null for a cashier who counts blind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a report is made of."""

    session: CashSession
    figures: Figures
    movements: list[Movement]
    takings: Takings


_TOTALS: Mapping[str, MovementType] = {
    "total_sales_cash": MovementType.SALE_CASH,
    "total_refunds": MovementType.REFUND_CASH,
    "total_paid_in": MovementType.PAID_IN,
    "total_paid_out": MovementType.PAID_OUT,
    "total_adjustments": MovementType.ADJUSTMENT,
    "total_safe_drops": MovementType.SAFE_DROP,
}


async def x_report(db: Connection, *, actor: Actor, register_id: UUID) -> Report:
    """The drawer on a register as it stands now.

    Raises RegisterNotFound, NoActiveSession, RoleForbidden, BranchForbidden, BranchInactive.
    """
    require(actor, Permission.CASH_READ)
    found = await sessions.unsummed_session_on(db, register_id)
    if found is None:
        if await registers.register(db, register_id) is None:
            raise RegisterNotFound
        raise NoActiveSession("No session is open on this register.")
    service.check_readable(actor, found)
    # Held while it is read: a movement that came in between two statements would be listed and not counted.
    held = await movements.lock_session(db, found.session.id)
    if held is None or held.status is not SessionStatus.OPEN:
        raise NoActiveSession("No session is open on this register.")
    session, shows_expected = service.viewed(actor, found)
    figures = await closing.figures(db, session.id, series_id=register_id)
    material = Material(
        session=replace(session, expected=expected_cash(session.opening, add(*figures.totals.values()))),
        figures=figures,
        movements=await newest_movements(db, session),
        takings=await takings_of(db, session, series_id=register_id, receipts=None),
    )
    return report("X", material, now=utc_now(), shows_expected=shows_expected)


async def z_report(db: Connection, *, actor: Actor, session_id: UUID) -> bytes:
    """The kept answer, byte for byte. Raises SessionStillOpen, and what reading the session raises."""
    await service.readable(db, actor=actor, session_id=session_id)
    body = await closing.z_body(db, session_id)
    if body is None:
        raise SessionStillOpen
    return body


async def takings_of(db: Connection, session: CashSession, *, series_id: UUID, receipts: int | None) -> Takings:
    """The sales of a drawer and the perpetual totals of its series; `receipts` is how many the series has, if known."""
    if receipts == 0:
        return Takings(currency=session.base_currency, sums=Sums(), perpetual=Perpetual())
    return Takings(
        currency=session.base_currency,
        sums=await sum_queries.sums(db, session.id),
        perpetual=await sum_queries.perpetual(db, series_id),
    )


async def newest_movements(db: Connection, session: CashSession) -> list[Movement]:
    """Oldest first."""
    page = await movements.movements(
        db,
        session.id,
        register_id=session.register_id,
        status=None,
        after=(None, None),
        limit=MOVEMENTS_MAX,
    )
    return page[::-1]


def report(kind: str, material: Material, *, now: datetime, shows_expected: bool) -> Report:
    return Report.model_construct(
        kind=kind,
        z_number=material.session.z_number,
        generated_at=now,
        session=CashSessionOut.of(material.session, shows_expected=shows_expected),
        movements=[CashMovementOut.of(movement) for movement in material.movements],
        movements_total=material.figures.movements,
        movements_pending=material.figures.waiting,
        summary=summary(material.session, material.figures, shows_expected=shows_expected),
        sales=SalesSummary.of(material.takings) if shows_expected else None,
    )


def z_bytes(material: Material, *, now: datetime) -> bytes:
    """The whole answer of the Z, as every later reading gives it."""
    return dumps({"success": True, "data": report("Z", material, now=now, shows_expected=True)})


def summary(session: CashSession, figures: Figures, *, shows_expected: bool) -> Summary:
    # Float and totals together are the expected amount: a cashier who counts blind sees neither.
    totals = {
        name: amounts_of(kind, figures.totals.get(kind, {})) if shows_expected else None
        for name, kind in _TOTALS.items()
    }
    expected = session.expected if shows_expected else None
    columns: dict[str, Cash | None] = {
        "opening_float": session.opening,
        **totals,
        "expected_cash": expected,
        "counted_cash": session.counted,
        "variance": session.variance if shows_expected else None,
    }
    fields: dict[str, Any] = {}
    for name, amounts in columns.items():
        fields |= two_currencies(name, amounts, session.opening)
    return Summary.model_construct(
        by_currency=[_line(currency, columns) for currency in session.opening],
        left_cash=None if session.left is None else to_wire(session.left),
        removed_cash=None if session.removed is None else to_wire(session.removed),
        **fields,
    )


def _line(currency: str, columns: Mapping[str, Cash | None]) -> CurrencySummary:
    amounts: dict[str, Any] = {name: amount_or_none(column, currency) for name, column in columns.items()}
    return CurrencySummary.model_construct(currency=currency, **amounts)
