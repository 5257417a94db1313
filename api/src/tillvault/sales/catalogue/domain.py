"""What a product is, the rules that its fields keep, and what is told when it changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from tillvault.core.money import Cash, from_minor
from tillvault.events.domain import Event

NAME_LENGTH_MAX = 120
CODE_LENGTH_MAX = 64
"""Of a SKU and of a barcode."""
WEIGHT_GRAMS_MAX = 100_000_000
EEE_CATEGORIES = tuple(f"EEE-{number}" for number in range(1, 9))
"""Categories of electric equipment: large appliances, small appliances, IT and telecoms, lighting, tools, toys and
leisure, medical, monitoring and other (domain.md, "Re-use shops")."""

_BARCODE = re.compile(r"[ -~]{1,64}")
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d{2,}")
_SEARCH_WORDS_MAX = 8
_LITERALLY = str.maketrans({char: f"\\{char}" for char in "\\%_"})
# A row of the index on `search` must stay below 2,700 bytes, and a character may unfold into many.
_SEARCHED_NAME_MAX = 200
_SEARCHED_SKU_MAX = 100


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product with the price of the organisation."""

    id: UUID
    name: str
    sku: str | None = None
    barcode: str | None = None
    category_id: UUID | None = None
    tax_rate_bp: int = 0
    eee_category: str | None = None
    weight_grams: int | None = None
    price_minor: int = 0
    currency: str
    is_open_price: bool = False
    unit: Unit = Unit.PIECE
    is_favourite: bool = False
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    id: UUID
    name: str
    position: int
    colour: str | None
    is_active: bool


def plain_text(text: str, length_max: int) -> str:
    """A name or a SKU, trimmed, on one line. Raises ValueError."""
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= length_max:
        raise ValueError(f"must have 1 to {length_max} characters")
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in trimmed):
        raise ValueError("must not hold control characters")
    return trimmed


def product_name(text: str) -> str:
    return plain_text(text, NAME_LENGTH_MAX)


def sku(text: str) -> str:
    return plain_text(text, CODE_LENGTH_MAX)


def barcode(text: str) -> str:
    """What a scanner types: printable ASCII. Raises ValueError."""
    trimmed = text.strip()
    if not _BARCODE.fullmatch(trimmed):
        raise ValueError(f"must have 1 to {CODE_LENGTH_MAX} printable ASCII characters")
    if _ROUNDED.fullmatch(trimmed):
        raise ValueError("was rounded by a spreadsheet; format the column as text and enter it again")
    return trimmed


def tax_rate_bp(percent: Decimal) -> int:
    """Percent to hundredths of a percent (`5.5` → 550). Raises ValueError."""
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise ValueError("must be a percentage from 0 to 100")
    if percent == 0:
        return 0
    # The exponent is looked at before scaling: 1E-999999 would otherwise be spelled out digit by digit.
    if percent.adjusted() < -2 or percent != (exact := percent.quantize(Decimal("0.01"))):
        raise ValueError("has 2 decimals at most")
    return int(exact.scaleb(2))


def tax_rate_percent(rate_bp: int) -> Decimal:
    """550 → 5.50."""
    return Decimal(rate_bp).scaleb(-2)


def eee_category(text: str) -> str:
    if text not in EEE_CATEGORIES:
        raise ValueError("must be one of EEE-1 to EEE-8")
    return text


def weight_grams(grams: int) -> int:
    if not 1 <= grams <= WEIGHT_GRAMS_MAX:
        raise ValueError(f"must be 1 to {WEIGHT_GRAMS_MAX} grams")
    return grams


def folded_name(name: str) -> str:
    """The name without regard to case: two categories may not differ in that alone."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def folded(text: str) -> str:
    """Without case and accents, words one space apart: how people type what they look for."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())


def search_text(product: Product) -> str:
    """What `search` holds. It begins with the name, so that it is the order of lists, too."""
    parts = (
        folded(product.name)[:_SEARCHED_NAME_MAX],
        folded(product.sku or "")[:_SEARCHED_SKU_MAX],
        folded(product.barcode or ""),
    )
    return " ".join(part for part in parts if part)


def search_patterns(text: str) -> list[str]:
    """LIKE patterns that `search` must all match: each word, wherever it stands."""
    words = folded(text).split()[:_SEARCH_WORDS_MAX]
    return [f"%{word.translate(_LITERALLY)}%" for word in words]


def described(product: Product) -> dict[str, Any]:
    """A product as the audit trail and its readers see it."""
    return {
        "name": product.name,
        "sku": product.sku,
        "barcode": product.barcode,
        "categoryId": product.category_id,
        "taxRate": tax_rate_percent(product.tax_rate_bp),
        "eeeCategory": product.eee_category,
        "weightGrams": product.weight_grams,
        "price": from_minor(product.price_minor, product.currency),
        "currency": product.currency,
        "isOpenPrice": product.is_open_price,
        "unit": product.unit,
        "isFavourite": product.is_favourite,
        "isActive": product.is_active,
    }


def price_described(price_minor: int, currency: str) -> Mapping[str, Any]:
    return {"price": from_minor(price_minor, currency), "currency": currency}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChanged(Event):
    """A product was made or changed, or its price in one branch (`branchId` of the envelope). Tills load it again."""

    type = "catalogue.product_changed"

    product_id: UUID
    name: str
    price_minor: Cash
    """What it costs now: in the branch, where the envelope names one that has a price of its own."""
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueImported(Event):
    """A file was imported. Tills load again what was updated since they last did."""

    type = "catalogue.imported"

    created: int
    updated: int


def catalogue_key() -> str:
    """A change and an import must be heard in the order in which they happened."""
    return "catalogue"
