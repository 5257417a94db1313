"""Wire shapes of a refund."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from tillvault.core.http.fields import Body, Plain
from tillvault.core.ids import new_id
from tillvault.sales.domain import LINES_MAX, WantedRefund, WantedReturn
from tillvault.sales.schemas import Payments, Quantity, fingerprint

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200), Plain]


class ReturnIn(Body):
    """A line of the sale, by its number, and how much of it comes back."""

    number: Annotated[int, Field(strict=True, ge=1, le=LINES_MAX)]
    quantity: Quantity


class RefundSale(Body):
    """What comes back and how it is paid back. Without `lines`, all that has not come back yet; without `payments`,
    cash in the sale's currency."""

    id: UUID | None = None
    session_id: UUID | None = None
    """The drawer that pays; left out, the cashier's open one."""
    lines: Annotated[list[ReturnIn], Field(min_length=1, max_length=LINES_MAX)] | None = None
    payments: Payments | None = None
    reason: Reason

    @field_validator("lines")
    @classmethod
    def _each_once(cls, lines: list[ReturnIn] | None) -> list[ReturnIn] | None:
        if lines and len({line.number for line in lines}) != len(lines):
            raise ValueError("name each line once")
        return lines

    def wanted(self, sale_id: UUID) -> WantedRefund:
        return WantedRefund(
            id=self.id or new_id(),
            sale_id=sale_id,
            session_id=self.session_id,
            lines=None
            if self.lines is None
            else [WantedReturn(number=line.number, quantity_milli=int(line.quantity * 1000)) for line in self.lines],
            payments=None if self.payments is None else [payment.wanted() for payment in self.payments],
            reason=self.reason,
            request_sha256=fingerprint(self, "refund", sale_id),
        )
