"""Wire shapes of sales and refunds. Amounts are decimals in major units; tax rates are percent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from tillvault.cash.takings.domain import Flow, Line, Payment, PaymentMethod, Sale, SaleKind
from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.http.fields import Body, Label, Number, Plain
from tillvault.core.jsontext import dumps
from tillvault.core.money import EXPONENTS, from_minor
from tillvault.sales.domain import LINES_MAX, PAYMENTS_MAX, WantedDiscount, WantedLine, WantedPayment
from tillvault.vault.domain import Document


def _quantity(value: Decimal) -> Decimal:
    if not 0 < value <= 1_000_000 or value != value.quantize(Decimal("0.001")):
        raise ValueError("must be more than 0, at most 1000000, with 3 decimals at most")
    return value


def _percent(value: Decimal) -> Decimal:
    if not 0 <= value <= 100 or value != value.quantize(Decimal("0.01")):
        raise ValueError("must be from 0 to 100, with 2 decimals at most")
    return value


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


def _known_currency(value: str) -> str:
    if value not in EXPONENTS:
        raise ValueError("is not a known currency")
    return value


Quantity = Annotated[
    Number,
    AfterValidator(_quantity),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1e6, "description": "3 decimals at most"}),
]
Percent = Annotated[
    Number,
    AfterValidator(_percent),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100, "description": "2 decimals at most"}),
]
Given = Annotated[
    Number, AfterValidator(_not_negative), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1e12})
]
"""An amount in major units, not negative; its currency is known later."""
Currency = Annotated[
    str, AfterValidator(_known_currency), WithJsonSchema({"type": "string", "enum": sorted(EXPONENTS)})
]
EeeCategory = Annotated[str, StringConstraints(pattern="^EEE-[1-8]$")]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), Plain]
WeightGrams = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]


class DiscountIn(Body):
    """Either `percent` or `amount`."""

    percent: Percent | None = None
    amount: Given | None = None

    @model_validator(mode="after")
    def _one(self) -> DiscountIn:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("needs either percent or amount")
        return self

    def wanted(self) -> WantedDiscount:
        return WantedDiscount(percent=self.percent, amount=self.amount)


class SaleLineIn(Body):
    """A product and how much of it; or, for who decides prices, a name, a price and a tax rate."""

    product_id: UUID | None = None
    quantity: Quantity = Decimal(1)
    unit_price: Given | None = None
    name: Label | None = None
    tax_rate: Percent | None = None
    discount: DiscountIn | None = None
    eee_category: EeeCategory | None = None
    weight_grams: WeightGrams | None = None

    def wanted(self) -> WantedLine:
        return WantedLine(
            product_id=self.product_id,
            quantity_milli=int(self.quantity * 1000),
            unit_price=self.unit_price,
            name=self.name,
            tax_rate_bp=None if self.tax_rate is None else int(self.tax_rate * 100),
            discount=self.discount.wanted() if self.discount else None,
            eee_category=self.eee_category,
            weight_grams=self.weight_grams,
        )


class PaymentIn(Body):
    """A tender; `currency` is the branch's base currency where it is left out."""

    method: PaymentMethod
    amount: Given
    currency: Currency | None = None
    reference: Reference | None = None

    def wanted(self) -> WantedPayment:
        return WantedPayment(method=self.method, amount=self.amount, currency=self.currency, reference=self.reference)


Lines = Annotated[list[SaleLineIn], Field(max_length=LINES_MAX)]
Payments = Annotated[list[PaymentIn], Field(max_length=PAYMENTS_MAX)]


def fingerprint(body: Body, *about: object) -> bytes:
    """What tells a repetition of a request from another one under the same id."""
    return hashlib.sha256(dumps([*map(str, about), body.model_dump()])).digest()


class SaleLineOut(Wire):
    number: int
    product_id: UUID | None
    category_id: UUID | None
    category_name: str | None
    name: str
    eee_category: str | None
    weight_grams: int | None
    quantity: Amount
    unit_price: Amount
    list_price: Amount | None
    gross: Amount
    discount: Amount
    total: Amount
    tax_rate: Amount
    tax: Amount

    @classmethod
    def of(cls, line: Line, currency: str) -> SaleLineOut:
        return cls.model_construct(
            number=line.number,
            product_id=line.product_id,
            category_id=line.category_id,
            category_name=line.category_name,
            name=line.name,
            eee_category=line.eee_category,
            weight_grams=line.weight_grams,
            quantity=Decimal(line.quantity_milli).scaleb(-3),
            unit_price=from_minor(line.unit_price_minor, currency),
            list_price=None if line.list_price_minor is None else from_minor(line.list_price_minor, currency),
            gross=from_minor(line.gross_minor, currency),
            discount=from_minor(line.discount_minor, currency),
            total=from_minor(line.total_minor, currency),
            tax_rate=Decimal(line.tax_rate_bp).scaleb(-2),
            tax=from_minor(line.tax_minor, currency),
        )


class PaymentOut(Wire):
    """Money that changed hands; `baseAmount` is in the sale's currency. Change, and what a refund pays, is negative."""

    flow: Flow
    method: PaymentMethod
    currency: CurrencyCode
    amount: Amount
    base_amount: Amount
    reference: str | None

    @classmethod
    def of(cls, payment: Payment, currency: str) -> PaymentOut:
        return cls.model_construct(
            flow=payment.flow,
            method=payment.method,
            currency=payment.currency,
            amount=from_minor(payment.amount_minor, payment.currency),
            base_amount=from_minor(payment.base_minor, currency),
            reference=payment.reference,
        )


class RoundingOut(Wire):
    """What cash rounding left with the shop, or, negative, gave away."""

    currency: CurrencyCode
    amount: Amount
    base_amount: Amount


class SaleTaxOut(Wire):
    rate: Amount
    net: Amount
    tax: Amount
    total: Amount


class SaleOut(Wire):
    """A final sale or refund. `goods + donation + rounding = total = Σ payments.baseAmount`."""

    id: UUID
    organisation_id: UUID
    kind: SaleKind
    branch_id: UUID
    branch_name: str
    register_id: UUID | None
    register_name: str | None
    session_id: UUID | None
    cashier_id: UUID
    cashier_name: str
    approved_by: UUID | None
    receipt_number: int
    refunded_sale_id: UUID | None
    currency: CurrencyCode
    lines: list[SaleLineOut]
    taxes: list[SaleTaxOut]
    discount: Amount
    goods: Amount
    tax: Amount
    donation: Amount
    rounding: RoundingOut | None
    total: Amount
    payments: list[PaymentOut]
    change: list[PaymentOut]
    fx_rates: dict[str, Amount]
    note: str | None
    occurred_at: datetime
    created_at: datetime
    ticket_id: UUID | None
    """Of the ticket in the vault; null for the moment in which it is not there yet."""
    ticket_sha256: str
    ledger_hash: str | None
    evidence_jws: str | None

    @classmethod
    def of(cls, sale: Sale, ticket: Document | None) -> SaleOut:
        currency = sale.currency
        rounding = sale.rounding
        return cls.model_construct(
            **{name: getattr(sale, name) for name in _SAME},
            lines=[SaleLineOut.of(line, currency) for line in sale.lines],
            taxes=_taxes(sale.lines, currency),
            discount=from_minor(sale.discount_minor, currency),
            goods=from_minor(sale.goods_minor, currency),
            tax=from_minor(sale.tax_minor, currency),
            donation=from_minor(sale.donation_minor, currency),
            rounding=RoundingOut.model_construct(
                currency=rounding.currency,
                amount=from_minor(rounding.amount_minor, rounding.currency),
                base_amount=from_minor(rounding.base_minor, currency),
            )
            if rounding
            else None,
            total=from_minor(sale.total_minor, currency),
            payments=[PaymentOut.of(payment, currency) for payment in sale.payments],
            change=[PaymentOut.of(payment, currency) for payment in sale.payments if payment.flow is Flow.CHANGE],
            ticket_id=ticket.id if ticket else None,
            ticket_sha256=sale.ticket_sha256.hex(),
            ledger_hash=ticket.ledger_hash if ticket else None,
            evidence_jws=ticket.evidence_jws if ticket else None,
        )


_SAME = tuple(
    name
    for name in SaleOut.model_fields
    if name in Sale.__dataclass_fields__ and name not in {"lines", "payments", "rounding", "ticket_sha256"}
)


def _taxes(lines: Sequence[Line], currency: str) -> list[SaleTaxOut]:
    """Sums by rate, the highest first."""
    sums: dict[int, list[int]] = {}
    for line in lines:
        rate = sums.setdefault(line.tax_rate_bp, [0, 0])
        rate[0] += line.total_minor
        rate[1] += line.tax_minor
    return [
        SaleTaxOut.model_construct(
            rate=Decimal(rate).scaleb(-2),
            net=from_minor(total - tax, currency),
            tax=from_minor(tax, currency),
            total=from_minor(total, currency),
        )
        for rate, (total, tax) in sorted(sums.items(), reverse=True)
    ]
