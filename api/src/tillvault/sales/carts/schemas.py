"""Wire shapes of carts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.http.fields import Body, Label, Note
from tillvault.core.money import from_minor
from tillvault.sales.carts.domain import CartLine, CartStatus, PricedCart
from tillvault.sales.schemas import (
    Currency,
    DiscountIn,
    EeeCategory,
    Given,
    Payments,
    Quantity,
    SaleLineOut,
    WeightGrams,
    fingerprint,
)


class StartCart(Body):
    """With an `id` made by the client: the sale will have the same."""

    id: UUID | None = None
    label: Label | None = None
    note: Note | None = None


class ChangeCart(Body):
    """Only what is named changes; null takes a discount, a label or a note away."""

    label: Label | None = None
    note: Note | None = None
    discount: DiscountIn | None = None
    donation: Given = Decimal(0)

    def changes(self) -> dict[str, Any]:
        named: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if self.discount is not None:
            named["discount"] = self.discount.wanted()
        return named


class ChangeCartLine(Body):
    """Only what is named changes; null brings the catalogue's price back, or takes a discount away."""

    quantity: Quantity = Decimal(1)
    unit_price: Given | None = None
    discount: DiscountIn | None = None
    eee_category: EeeCategory | None = None
    weight_grams: WeightGrams | None = None

    def changes(self) -> dict[str, Any]:
        named: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "quantity" in named:
            named["quantity_milli"] = int(named.pop("quantity") * 1000)
        if self.discount is not None:
            named["discount"] = self.discount.wanted()
        return named


class FinaliseCart(Body):
    payments: Payments = Field(default_factory=list)
    change_currency: Currency | None = None

    def fingerprint(self, cart_id: UUID) -> bytes:
        return fingerprint(self, "cart", cart_id)


class CartDiscountOut(Wire):
    percent: Amount | None
    amount: Amount | None


class CartLineOut(Wire):
    """`sale` is the line as it would be sold now; null, with the code of the refusal in `problem`, where it cannot."""

    id: UUID
    product_id: UUID | None
    quantity: Amount
    discount: CartDiscountOut | None
    price_decided_by: UUID | None
    problem: str | None
    sale: SaleLineOut | None


class CartOut(Wire):
    """A cart with what it costs now. `total` is what would be due: goods and donation."""

    id: UUID
    branch_id: UUID
    session_id: UUID | None
    cashier_id: UUID
    cashier_name: str
    status: CartStatus
    currency: CurrencyCode
    label: str | None
    note: str | None
    discount: CartDiscountOut | None
    lines: list[CartLineOut]
    discounts: Annotated[Amount, Field(description="Of the lines and of the cart, together.")]
    goods: Amount
    tax: Amount
    donation: Amount
    total: Amount
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, found: PricedCart) -> CartOut:
        cart, currency = found.cart, found.cart.currency
        discount = cart.discount
        goods = sum(line.total_minor for line in found.sellable)
        return cls.model_construct(
            **{name: getattr(cart, name) for name in _SAME},
            discount=CartDiscountOut.model_construct(
                percent=discount.percent,
                amount=None if discount.amount_minor is None else from_minor(discount.amount_minor, currency),
            )
            if discount
            else None,
            lines=[
                _line(line, None if sold is None else SaleLineOut.of(sold, currency), problem)
                for line, sold, problem in zip(cart.lines, found.lines, found.problems, strict=True)
            ],
            discounts=from_minor(sum(line.discount_minor for line in found.sellable), currency),
            goods=from_minor(goods, currency),
            tax=from_minor(sum(line.tax_minor for line in found.sellable), currency),
            donation=from_minor(cart.donation_minor, currency),
            total=from_minor(goods + cart.donation_minor, currency),
        )


_SAME = (
    "id",
    "branch_id",
    "session_id",
    "cashier_id",
    "cashier_name",
    "status",
    "currency",
    "label",
    "note",
    "created_at",
    "updated_at",
)


def _line(line: CartLine, sold: SaleLineOut | None, problem: str | None) -> CartLineOut:
    discount = line.wanted.discount
    return CartLineOut.model_construct(
        id=line.id,
        product_id=line.wanted.product_id,
        quantity=Decimal(line.wanted.quantity_milli).scaleb(-3),
        discount=CartDiscountOut.model_construct(percent=discount.percent, amount=discount.amount)
        if discount
        else None,
        price_decided_by=line.price_decided_by,
        problem=problem,
        sale=sold,
    )
