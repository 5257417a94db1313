"""What a final sale or refund is. Every amount is in minor units and never changes again.

A refund is a row of the same kind with negative amounts, so that totals are plain sums (decision 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from tillvault.cash.domain import SessionEvent
from tillvault.core.money import Cash
from tillvault.events.domain import Event


class SaleKind(StrEnum):
    SALE = "SALE"
    REFUND = "REFUND"


class PaymentMethod(StrEnum):
    """Tenders (domain.md, "Money, sales, refunds")."""

    CASH = "CASH"
    CARD = "CARD"
    CHECK = "CHECK"
    QR = "QR"
    TRANSFER = "TRANSFER"
    VOUCHER = "VOUCHER"


class Flow(StrEnum):
    TENDER = "TENDER"
    """Given by the customer; at a refund, given back."""
    CHANGE = "CHANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a sale. `quantity_milli` is thousandths of a piece or of a kilogram; tax is included in every price."""

    number: int
    product_id: UUID | None
    category_id: UUID | None
    category_name: str | None
    name: str
    eee_category: str | None
    weight_grams: int | None
    """Of the whole line."""
    quantity_milli: int
    unit_price_minor: int
    list_price_minor: int | None
    """What the catalogue asks, where the line was sold at another price; null for a line without a product."""
    gross_minor: int
    discount_minor: int
    """Of the line, and its share of the cart's."""
    total_minor: int
    tax_rate_bp: int
    """Hundredths of a percent: 2000 is 20 %."""
    tax_minor: int
    refunded_before_milli: int | None = None
    """On a refund: how much of the line had come back before. Unique per line, so two refunds cannot both think that
    they are next."""
    sold_milli: int | None = None
    """On a refund: how much of the line was sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that changed hands, in its own currency and in the sale's. Change is negative."""

    number: int
    flow: Flow
    method: PaymentMethod
    currency: str
    amount_minor: int
    base_minor: int
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """What cash rounding left with the shop (positive) or gave away (negative), in the currency that was rounded and in
    the sale's."""

    currency: str
    amount_minor: int
    base_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A final sale or refund. `goods + donation + rounding = total = Σ payments`, in the sale's currency."""

    organisation_id: UUID
    id: UUID
    kind: SaleKind
    branch_id: UUID
    branch_name: str
    register_id: UUID | None
    register_name: str | None
    session_id: UUID | None
    cashier_id: UUID
    cashier_name: str
    series_id: UUID
    """The register, or the branch for sales without one: receipts are numbered without gaps in it."""
    receipt_number: int
    refunded_sale_id: UUID | None
    currency: str
    goods_minor: int
    discount_minor: int
    tax_minor: int
    donation_minor: int
    rounding: Rounding | None
    total_minor: int
    fx_rates: Mapping[str, Decimal]
    """Frozen with the sale: units of a currency per unit of the sale's."""
    note: str | None
    occurred_at: datetime
    """When it happened at the till; before `created_at` for what was sold offline."""
    created_at: datetime
    approved_by: UUID | None = None
    """Of a refund: the manager whose PIN allowed it."""
    ticket_sha256: bytes = b""
    """Identity of its ticket in the vault."""
    lines: list[Line] = field(default_factory=list[Line])
    payments: list[Payment] = field(default_factory=list[Payment])

    @property
    def due_minor(self) -> int:
        """What was to be paid, before cash rounding."""
        return self.goods_minor + self.donation_minor

    @property
    def cash_effect(self) -> Cash:
        """What the sale does to the drawer, per currency."""
        effect: Cash = {}
        for payment in self.payments:
            if payment.method is PaymentMethod.CASH:
                effect[payment.currency] = effect.get(payment.currency, 0) + payment.amount_minor
        return {currency: minor for currency, minor in effect.items() if minor != 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Sums of the sales, or of the refunds (negative), of a session; minor units of the sale's currency."""

    count: int = 0
    goods: int = 0
    discount: int = 0
    donation: int = 0
    rounding: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What X and Z say of the sales of a drawer. All amounts but the change are in `currency`."""

    currency: str | None = None
    sales: Header = field(default_factory=Header)
    refunds: Header = field(default_factory=Header)
    methods: list[tuple[PaymentMethod, int, int]] = field(default_factory=list[tuple[PaymentMethod, int, int]])
    """Method, from sales, given back by refunds (negative)."""
    change: Cash = field(default_factory=Cash)
    taxes: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Rate, tax, total with tax."""
    categories: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Perpetual:
    """Everything that a series has ever sold and given back, by currency; `refunds` is negative."""

    sales: Cash = field(default_factory=Cash)
    refunds: Cash = field(default_factory=Cash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """What the sales part of a report is made of."""

    currency: str
    sums: Sums
    perpetual: Perpetual


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleEvent(Event):
    """What every event of a sale carries."""

    sale_id: UUID
    session_id: UUID | None
    register_id: UUID | None
    operator_id: UUID
    receipt_number: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFinalized(SaleEvent):
    """A sale is final."""

    type = "sale.finalized"

    total_minor: Cash
    goods_minor: Cash
    donation_minor: Cash
    rounding_minor: Cash
    tax_minor: Cash
    payments: list[dict[str, object]]
    """`{"method", "currency", "amount"}`, change as a negative amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRefunded(SaleEvent):
    """Goods of a sale came back. Amounts are negative."""

    type = "sale.refunded"

    refunded_sale_id: UUID
    total_minor: Cash
    goods_minor: Cash
    rounding_minor: Cash
    tax_minor: Cash
    payments: list[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleCashRecorded(SessionEvent):
    """A sale moved cash in a drawer."""

    type = "cash.sale_cash_recorded"

    movement_id: UUID
    sale_id: UUID
    amounts_minor: Cash


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCashRecorded(SessionEvent):
    """A refund was paid out of a drawer. Amounts are what was paid."""

    type = "cash.refund_cash_recorded"

    movement_id: UUID
    sale_id: UUID
    refund_id: UUID
    amounts_minor: Cash


def sale_key(session_id: UUID | None, series_id: UUID) -> str:
    """Events of one drawer are delivered in order; of sales without a drawer, those of one series of receipts."""
    return f"receipts:{series_id}" if session_id is None else f"cash_session:{session_id}"
