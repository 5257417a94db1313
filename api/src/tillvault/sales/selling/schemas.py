"""Wire shapes of a sale that is made in one request."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from pydantic import Field

from tillvault.core.http.fields import AwareDatetime, Body, Note
from tillvault.core.ids import new_id
from tillvault.sales.domain import WantedSale
from tillvault.sales.schemas import Currency, DiscountIn, Given, Lines, Payments, fingerprint


class FinalizeSale(Body):
    """Lines and payments at once. With an `id` made by the client a repetition is safe for ever: the same sale
    answers. Payments may be left out where nothing is due."""

    id: UUID | None = None
    session_id: UUID | None = None
    """The drawer that the sale must go into; left out, the cashier's open one."""
    cart_id: UUID | None = None
    """The cart that was taken up for this sale: it is sold with it, and cannot be sold again. What it holds is not
    read: the lines stand here."""
    lines: Lines = Field(default_factory=list)
    payments: Payments = Field(default_factory=list)
    discount: DiscountIn | None = None
    """On the whole cart, after the discounts of the lines."""
    donation: Given = Decimal(0)
    change_currency: Currency | None = None
    """Of the change; left out, the currency of the cash, or the base currency where cash came in several."""
    note: Note | None = None
    occurred_at: AwareDatetime | None = None
    """When it happened, for a sale that was made offline."""

    def wanted(self) -> WantedSale:
        return WantedSale(
            id=self.id or new_id(),
            session_id=self.session_id,
            lines=[line.wanted() for line in self.lines],
            payments=[payment.wanted() for payment in self.payments],
            discount=self.discount.wanted() if self.discount else None,
            donation=self.donation,
            change_currency=self.change_currency,
            note=self.note or None,
            occurred_at=self.occurred_at,
            request_sha256=fingerprint(self, "sale"),
        )
