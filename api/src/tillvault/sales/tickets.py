"""The ticket of a sale: what the vault keeps of it (pos-tickets-api.md). Pure.

The text is made once, when the sale is recorded, and kept with it: a ticket that was made anew by a later version
could differ by a byte and would then be another ticket.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tillvault.cash.takings.domain import Line, Payment, Sale, SaleKind
from tillvault.core.jsontext import dumps
from tillvault.core.money import from_minor

SOURCE_SYSTEM = "tillvault"
SOURCE_MODELS = {SaleKind.SALE: "tillvault.sale", SaleKind.REFUND: "tillvault.refund"}


def ticket_of(sale: Sale, *, tenant: str) -> bytes:
    """The body that the vault takes in; its `source_id` is the sale's id."""

    def amount(minor: int) -> Decimal:
        return from_minor(minor, sale.currency)

    rounding = sale.rounding
    return dumps(
        {
            "tenant": tenant,
            "source_system": SOURCE_SYSTEM,
            "source_model": SOURCE_MODELS[sale.kind],
            "source_id": str(sale.id),
            "currency": sale.currency,
            "total_incl_tax": amount(sale.goods_minor),
            "total_excl_tax": amount(sale.goods_minor - sale.tax_minor),
            "pos_session": str(sale.session_id) if sale.session_id else None,
            "cashier": sale.cashier_name,
            "location": sale.branch_name,
            "ticket": {
                "kind": sale.kind,
                "receipt_number": sale.receipt_number,
                "series": str(sale.series_id),
                "register": sale.register_name,
                "refunded_sale": str(sale.refunded_sale_id) if sale.refunded_sale_id else None,
                "occurred_at": sale.occurred_at,
                "lines": [_line(line, sale.currency) for line in sale.lines],
                "payments": [_payment(payment) for payment in sale.payments],
                "discount": amount(sale.discount_minor),
                "tax": amount(sale.tax_minor),
                "goods": amount(sale.goods_minor),
                "donation": amount(sale.donation_minor),
                "rounding": amount(rounding.base_minor) if rounding else None,
                "rounded": {
                    "currency": rounding.currency,
                    "amount": from_minor(rounding.amount_minor, rounding.currency),
                }
                if rounding
                else None,
                "total": amount(sale.total_minor),
                "rates": dict(sale.fx_rates) or None,
                "note": sale.note,
            },
        }
    )


def _line(line: Line, currency: str) -> dict[str, Any]:
    return {
        "number": line.number,
        "product": line.name,
        "product_id": str(line.product_id) if line.product_id else None,
        "category": line.category_name,
        "eee_category": line.eee_category,
        "weight_grams": line.weight_grams,
        "quantity": Decimal(line.quantity_milli).scaleb(-3),
        "unit_price": from_minor(line.unit_price_minor, currency),
        "discount": from_minor(line.discount_minor, currency),
        "total": from_minor(line.total_minor, currency),
        "tax_rate": Decimal(line.tax_rate_bp).scaleb(-2),
        "tax": from_minor(line.tax_minor, currency),
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "flow": payment.flow,
        "method": payment.method,
        "currency": payment.currency,
        "amount": from_minor(payment.amount_minor, payment.currency),
        "reference": payment.reference,
    }
