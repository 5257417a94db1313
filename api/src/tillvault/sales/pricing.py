"""Prices of lines: quantity, discounts, tax (domain.md, "Money, sales, refunds"). Pure; all money in minor units.

Tax is included in the price, per line, rounded per line (half up); rates add up from their lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from tillvault.cash.takings.domain import Line
from tillvault.sales.errors import DiscountTooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Either part of the price in percent, or an amount."""

    percent: Decimal | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A line whose unit price is decided, before discounts."""

    product_id: UUID | None
    category_id: UUID | None
    category_name: str | None
    name: str
    eee_category: str | None
    weight_grams: int | None
    quantity_milli: int
    unit_price_minor: int
    list_price_minor: int | None
    tax_rate_bp: int
    discount: Discount | None


def half_up(value: Fraction) -> int:
    """To a whole number, halves away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -whole if value.numerator < 0 else whole


def gross_of(unit_price_minor: int, quantity_milli: int) -> int:
    return half_up(Fraction(unit_price_minor * quantity_milli, 1000))


def tax_of(total_minor: int, rate_bp: int) -> int:
    """The tax that a price includes."""
    return half_up(Fraction(total_minor * rate_bp, 10_000 + rate_bp))


def discount_of(discount: Discount | None, gross_minor: int) -> int:
    """Raises DiscountTooLarge for more than there is."""
    if discount is None:
        return 0
    given = (
        discount.amount_minor
        if discount.amount_minor is not None
        else half_up(Fraction(gross_minor) * Fraction(discount.percent or 0) / 100)
    )
    if given > gross_minor:
        raise DiscountTooLarge
    return given


def shared(amount_minor: int, over: Sequence[int]) -> list[int]:
    """An amount shared over parts in proportion, to the last minor unit: largest remainders first, earlier parts
    first among equals. Parts of 0 get nothing."""
    whole = sum(over)
    if whole == 0:
        return [0] * len(over)
    shares = [amount_minor * part // whole for part in over]
    remainders = sorted(range(len(over)), key=lambda index: (-(amount_minor * over[index] % whole), index))
    for index in remainders[: amount_minor - sum(shares)]:
        shares[index] += 1
    return shares


def lines_of(priced: Sequence[Priced], cart_discount: Discount | None) -> list[Line]:
    """The final lines: each with its own discount and its share of the cart's, and the tax of what is left.

    Raises DiscountTooLarge.
    """
    gross = [gross_of(line.unit_price_minor, line.quantity_milli) for line in priced]
    own = [discount_of(line.discount, total) for line, total in zip(priced, gross, strict=True)]
    left = [total - less for total, less in zip(gross, own, strict=True)]
    shares = shared(discount_of(cart_discount, sum(left)), left)
    return [
        Line(
            number=number,
            product_id=line.product_id,
            category_id=line.category_id,
            category_name=line.category_name,
            name=line.name,
            eee_category=line.eee_category,
            weight_grams=line.weight_grams,
            quantity_milli=line.quantity_milli,
            unit_price_minor=line.unit_price_minor,
            list_price_minor=line.list_price_minor,
            gross_minor=total,
            discount_minor=less + share,
            total_minor=total - less - share,
            tax_rate_bp=line.tax_rate_bp,
            tax_minor=tax_of(total - less - share, line.tax_rate_bp),
        )
        for number, (line, total, less, share) in enumerate(zip(priced, gross, own, shares, strict=True), start=1)
    ]


def returned_part(sold_minor: int, *, sold_milli: int, before_milli: int, quantity_milli: int) -> int:
    """What comes back of an amount with a part of the quantity. Each step is the difference of two rounded sums, so
    that parts add up to the whole, whatever the steps."""

    def up_to(quantity: int) -> int:
        return half_up(Fraction(sold_minor * quantity, sold_milli))

    return up_to(before_milli + quantity_milli) - up_to(before_milli)
