"""Wire shapes of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from tillvault.core.db import Row
from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.http.fields import Body, Number
from tillvault.core.money import MAX_AMOUNT_MAJOR, from_minor
from tillvault.identity.branches.schemas import Currency
from tillvault.identity.schemas import Change, StrictFlag
from tillvault.sales.catalogue import domain
from tillvault.sales.catalogue.domain import Unit

_POSITION_MAX = 1_000_000


def _text(length_max: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": length_max})


def _price(amount: Decimal) -> Decimal:
    if not 0 <= amount <= MAX_AMOUNT_MAJOR:
        raise ValueError(f"must be 0 to {MAX_AMOUNT_MAJOR}")
    return amount


def _rate(percent: Decimal) -> Decimal:
    domain.tax_rate_bp(percent)
    return percent


Name = Annotated[str, AfterValidator(domain.product_name), _text(domain.NAME_LENGTH_MAX)]
Sku = Annotated[str, AfterValidator(domain.sku), _text(domain.CODE_LENGTH_MAX)]
Barcode = Annotated[
    str,
    AfterValidator(domain.barcode),
    WithJsonSchema({"type": "string", "pattern": "^[ -~]{1,64}$", "examples": ["3017620422003"]}),
]
Price = Annotated[
    Number,
    AfterValidator(_price),
    WithJsonSchema(
        {"type": "number", "minimum": 0, "maximum": 1e12, "description": "Tax included; decimals of its currency."}
    ),
]
TaxRate = Annotated[
    Number,
    AfterValidator(_rate),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100, "examples": [5.5]}),
]
EeeCategory = Annotated[
    str,
    AfterValidator(domain.eee_category),
    WithJsonSchema({"type": "string", "enum": list(domain.EEE_CATEGORIES)}),
]
WeightGrams = Annotated[int, Field(strict=True, ge=1, le=domain.WEIGHT_GRAMS_MAX)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$"), AfterValidator(str.lower)]
Position = Annotated[int, Field(strict=True, ge=0, le=_POSITION_MAX)]
Percent = Annotated[Amount, WithJsonSchema({"type": "number", "examples": [5.5]}, mode="serialization")]


class NewCategory(Body):
    name: Name
    position: Position | None = Field(None, description="Left out or null: behind the others.")
    colour: Colour | None = None
    is_active: StrictFlag = True


class CategoryChange(Body):
    name: Change[Name] = None
    position: Change[Position] = None
    colour: Colour | None = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class CategoryAnswer(Wire):
    id: UUID
    name: str
    position: int
    colour: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> CategoryAnswer:
        return cls.model_validate(dict(row))


class NewProduct(Body):
    name: Name
    sku: Sku | None = None
    barcode: Barcode | None = None
    category_id: UUID | None = None
    tax_rate: TaxRate = Field(Decimal(0), description="Percent.")
    eee_category: EeeCategory | None = None
    weight_grams: WeightGrams | None = None
    price: Price | None = Field(None, description="Left out or null: none, and the cashier has to type it.")
    currency: Currency | None = Field(None, description="Left out or null: the base currency of your branch.")
    is_open_price: StrictFlag = Field(default=False, description="The cashier types the price at the till.")
    unit: Unit = Unit.PIECE
    is_favourite: StrictFlag = False
    is_active: StrictFlag = True

    def fields(self) -> dict[str, Any]:
        return _renamed(self.model_dump())


class ProductChange(Body):
    name: Change[Name] = None
    sku: Sku | None = None
    barcode: Barcode | None = None
    category_id: UUID | None = None
    tax_rate: Change[TaxRate] = None
    eee_category: EeeCategory | None = None
    weight_grams: WeightGrams | None = None
    price: Change[Price] = None
    currency: Change[Currency] = None
    is_open_price: Change[StrictFlag] = None
    unit: Change[Unit] = None
    is_favourite: Change[StrictFlag] = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return _renamed(self.model_dump(exclude_unset=True))


class BranchPrice(Body):
    price: Price


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    """The rate as the catalogue keeps it, in hundredths of a percent."""
    if "tax_rate" in fields:
        fields["tax_rate_bp"] = domain.tax_rate_bp(fields.pop("tax_rate"))
    return fields


class ProductAnswer(Wire):
    """A product with what it costs in one branch."""

    id: UUID
    name: str
    sku: str | None
    barcode: str | None
    category_id: UUID | None
    category_name: str | None
    tax_rate: Percent
    eee_category: str | None
    weight_grams: int | None
    price: Amount
    currency: CurrencyCode
    is_branch_price: bool
    """Whether the branch has a price of its own."""
    is_open_price: bool
    unit: Unit
    is_favourite: bool
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> ProductAnswer:
        return cls.model_validate(_told(row))


class PriceAnswer(Wire):
    branch_id: UUID
    branch_name: str
    price: Amount
    currency: CurrencyCode
    updated_at: datetime


class ProductDetail(ProductAnswer):
    """A product with the organisation's price, and those of branches that have their own."""

    prices: list[PriceAnswer]

    @classmethod
    def with_prices(cls, row: Row, prices: Sequence[Row]) -> ProductDetail:
        told = [dict(price) | {"price": from_minor(price["price_minor"], price["currency"])} for price in prices]
        return cls.model_validate(_told(row) | {"prices": told})


def _told(row: Row) -> dict[str, Any]:
    return dict(row) | {
        "price": from_minor(row["price_minor"], row["currency"]),
        "tax_rate": domain.tax_rate_percent(row["tax_rate_bp"]),
    }
