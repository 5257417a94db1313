"""Where a sale is made, and what it is told to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tillvault.cash.takings.domain import PaymentMethod
from tillvault.core.money import Cash
from tillvault.identity.policies import BranchPolicies
from tillvault.sales.catalogue.domain import SaleProduct
from tillvault.sales.settlement import Terms

LINES_MAX = 200
PAYMENTS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a sale takes from where it is made."""

    products: Mapping[UUID, SaleProduct]
    receipt_number: int
    """Held for the rest of the transaction, and given back if that fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """A place that sells: a branch with a register, and the drawer that is held for the rest of the transaction."""

    tenant: str
    branch_id: UUID
    branch_name: str
    branch_is_active: bool
    register_id: UUID | None
    register_name: str | None
    session_id: UUID | None
    opened_by: UUID | None
    opening: Cash | None
    """The drawer's opening float; its keys are the currencies that the drawer holds. None without a drawer."""
    base_currency: str
    policies: BranchPolicies
    offer: Offer | None = None
    """Where it was asked for."""

    @property
    def series_id(self) -> UUID:
        return self.register_id or self.branch_id

    @property
    def terms(self) -> Terms:
        return Terms(base=self.base_currency, rates=self.policies.fx_rates, rounding=self.policies.cash_rounding)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDiscount:
    """Part of the price in percent, or an amount in major units of the sale's currency."""

    percent: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLine:
    """A line as it was asked for; what is None, the catalogue decides. Amounts in major units."""

    quantity_milli: int
    product_id: UUID | None = None
    name: str | None = None
    unit_price: Decimal | None = None
    tax_rate_bp: int | None = None
    category_id: UUID | None = None
    eee_category: str | None = None
    weight_grams: int | None = None
    """Of the whole line."""
    discount: WantedDiscount | None = None
    price_decided_by: UUID | None = None
    """Who may decide prices and gave this one before, in a cart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPayment:
    method: PaymentMethod
    amount: Decimal
    currency: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSale:
    id: UUID
    lines: Sequence[WantedLine]
    payments: Sequence[WantedPayment]
    session_id: UUID | None = None
    discount: WantedDiscount | None = None
    donation: Decimal = Decimal(0)
    change_currency: str | None = None
    note: str | None = None
    occurred_at: datetime | None = None
    request_sha256: bytes
    """Of the request: a repetition under the same id has the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReturn:
    """A line of the sale that comes back, or a part of it."""

    number: int
    quantity_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefund:
    id: UUID
    sale_id: UUID
    lines: Sequence[WantedReturn] | None
    """None for all that has not come back yet."""
    payments: Sequence[WantedPayment] | None
    """None for cash in the sale's currency."""
    session_id: UUID | None
    reason: str
    request_sha256: bytes
