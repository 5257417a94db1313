"""What a cart is: a sale that is not final yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tillvault.cash.takings.domain import Line
from tillvault.sales.domain import WantedLine
from tillvault.sales.pricing import Discount


class CartStatus(StrEnum):
    OPEN = "OPEN"
    PARKED = "PARKED"
    """Put aside: anybody of the branch may take it up again."""
    FINALISED = "FINALISED"
    ABANDONED = "ABANDONED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """A line as it was asked for; its price is the catalogue's of the moment, unless a person gave one."""

    id: UUID
    wanted: WantedLine
    price_decided_by: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    organisation_id: UUID
    id: UUID
    branch_id: UUID
    session_id: UUID | None
    cashier_id: UUID
    cashier_name: str
    status: CartStatus
    currency: str
    label: str | None
    note: str | None
    discount: Discount | None
    donation_minor: int
    created_at: datetime
    updated_at: datetime
    lines: Sequence[CartLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCart:
    """A cart with what it would cost now. `lines` holds None where a line cannot be sold as it stands."""

    cart: Cart
    lines: Sequence[Line | None]
    problems: Sequence[str | None]
    """Why a line cannot be sold, by position."""

    @property
    def sellable(self) -> list[Line]:
        return [line for line in self.lines if line is not None]
