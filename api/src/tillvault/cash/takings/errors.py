"""Refusals of takings (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Conflict, NotFound


class SaleNotFound(NotFound):
    code = "SALE_NOT_FOUND"
    message = "There is no such sale."


class SaleRecorded(Conflict):
    code = "SALE_ID_TAKEN"
    message = "Another sale was recorded under this id."


class RefundExceedsSale(BadRequest):
    code = "REFUND_EXCEEDS_SALE"
    message = "More would come back than was sold and is not refunded yet."
