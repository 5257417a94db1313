"""Wire shapes of takings: the sales part of X and Z."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tillvault.cash.takings.domain import PaymentMethod, Perpetual, Takings
from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.money import from_minor, rounded_half_up, to_wire


class Part(StrEnum):
    """What a row of a breakdown is: goods, or one of the two parts of takings that have no tax and no category."""

    GOODS = "GOODS"
    DONATION = "DONATION"
    ROUNDING = "ROUNDING"


class MethodTotal(Wire):
    method: PaymentMethod
    sales: Amount
    refunds: Amount
    total: Amount


class TaxTotal(Wire):
    """`rate` in percent; null for donations and rounding, which carry no tax."""

    part: Part
    rate: Amount | None
    net: Amount
    tax: Amount
    total: Amount


class CategoryTotal(Wire):
    part: Part
    category_id: UUID | None
    name: str | None
    quantity: Amount | None
    weight_grams: int | None
    total: Amount


class PerpetualTotals(Wire):
    """All that the register has ever sold and given back, by currency. `algebraic` is sales less refunds, `absolute`
    their sum: neither ever goes back to zero."""

    sales: dict[str, Amount]
    refunds: dict[str, Amount]
    algebraic: dict[str, Amount]
    absolute: dict[str, Amount]


class SalesSummary(Wire):
    """Totals of the sales of a drawer, in its base currency. Refunds are negative. The totals by method, by tax rate
    and by category each add up to `total`: goods less refunds, donations, and cash rounding."""

    currency: CurrencyCode
    count: int
    refund_count: int
    average: Amount | None
    """Of the sales, refunds aside; null without sales."""
    sales: Amount
    refunds: Amount
    goods: Amount
    discounts: Amount
    donations: Amount
    rounding: Amount
    total: Amount
    change: dict[str, Amount]
    """Given back at sales, by currency."""
    by_method: list[MethodTotal]
    by_tax: list[TaxTotal]
    by_category: list[CategoryTotal]
    perpetual: PerpetualTotals

    @classmethod
    def of(cls, takings: Takings) -> SalesSummary:
        sums, currency = takings.sums, takings.currency

        def amount(minor: int) -> Decimal:
            return from_minor(minor, currency)

        sold, back = sums.sales, sums.refunds
        extras = [
            (Part.DONATION, sold.donation + back.donation),
            (Part.ROUNDING, sold.rounding + back.rounding),
        ]
        return cls.model_construct(
            currency=currency,
            count=sold.count,
            refund_count=back.count,
            average=amount(int(rounded_half_up(Decimal(sold.total) / sold.count, 0))) if sold.count else None,
            sales=amount(sold.total),
            refunds=amount(back.total),
            goods=amount(sold.goods + back.goods),
            discounts=amount(sold.discount + back.discount),
            donations=amount(extras[0][1]),
            rounding=amount(extras[1][1]),
            total=amount(sold.total + back.total),
            change=to_wire(sums.change),
            by_method=[
                MethodTotal.model_construct(
                    method=method, sales=amount(sales), refunds=amount(refunds), total=amount(sales + refunds)
                )
                for method, sales, refunds in sums.methods
            ],
            by_tax=[
                *(
                    TaxTotal.model_construct(
                        part=Part.GOODS,
                        rate=Decimal(rate).scaleb(-2),
                        net=amount(total - tax),
                        tax=amount(tax),
                        total=amount(total),
                    )
                    for rate, tax, total in sums.taxes
                ),
                *(
                    TaxTotal.model_construct(
                        part=part, rate=None, net=amount(minor), tax=amount(0), total=amount(minor)
                    )
                    for part, minor in extras
                    if minor
                ),
            ],
            by_category=[
                *(
                    CategoryTotal.model_construct(
                        part=Part.GOODS,
                        category_id=UUID(item["id"]) if item["id"] else None,
                        name=item["name"],
                        quantity=Decimal(item["quantity"]).scaleb(-3),
                        weight_grams=item["weight"],
                        total=amount(item["total"]),
                    )
                    for item in sums.categories
                ),
                *(
                    CategoryTotal.model_construct(
                        part=part, category_id=None, name=None, quantity=None, weight_grams=None, total=amount(minor)
                    )
                    for part, minor in extras
                    if minor
                ),
            ],
            perpetual=_perpetual(takings.perpetual),
        )


def _perpetual(totals: Perpetual) -> PerpetualTotals:
    currencies = sorted(totals.sales.keys() | totals.refunds.keys())
    sold = {currency: totals.sales.get(currency, 0) for currency in currencies}
    back = {currency: totals.refunds.get(currency, 0) for currency in currencies}
    return PerpetualTotals.model_construct(
        sales=to_wire(sold),
        refunds=to_wire(back),
        algebraic=to_wire({currency: sold[currency] + back[currency] for currency in currencies}),
        absolute=to_wire({currency: sold[currency] - back[currency] for currency in currencies}),
    )
