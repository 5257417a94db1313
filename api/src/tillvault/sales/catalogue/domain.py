"""What a product is, and the rules that its fields keep."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Unit(StrEnum):
    """How a quantity is counted; kilograms have three decimals."""

    PIECE = "PIECE"
    KILOGRAM = "KILOGRAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleProduct:
    """A product as one branch sells it: its own price where it has one, else the organisation's."""

    id: UUID
    name: str
    sku: str | None
    barcode: str | None
    category_id: UUID | None
    category_name: str | None
    tax_rate_bp: int
    eee_category: str | None
    weight_grams: int | None
    price_minor: int
    currency: str
    is_open_price: bool
    unit: Unit
    is_active: bool
