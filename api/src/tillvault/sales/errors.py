"""Refusals of sales (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Conflict, Forbidden


class CashSessionRequired(Conflict):
    code = "CASH_SESSION_REQUIRED"
    message = "Open your drawer first."


class DiscountTooLarge(BadRequest):
    code = "DISCOUNT_TOO_LARGE"
    message = "A discount cannot be larger than the price."


class PaymentInsufficient(BadRequest):
    code = "PAYMENT_INSUFFICIENT"
    message = "The payments do not cover the amount due."


class Overpaid(BadRequest):
    code = "OVERPAID"
    message = "The payments are more than the amount due, and only cash gives change."


class RateUnknown(BadRequest):
    code = "RATE_UNKNOWN"
    message = "This branch has no exchange rate for the currency."


class ProductNotSellable(BadRequest):
    code = "PRODUCT_NOT_SELLABLE"
    message = "A product is unknown, not active, or has no price in this branch."


class PriceNotAllowed(Forbidden):
    code = "PRICE_NOT_ALLOWED"
    message = "Only a manager decides a price that is not the catalogue's."


class RefundApprovalRequired(Forbidden):
    code = "REFUND_APPROVAL_REQUIRED"
    message = "A manager has to make or approve this refund."


class NotRefundable(BadRequest):
    code = "NOT_REFUNDABLE"
    message = "A refund cannot be refunded."


class RefundAmountMismatch(BadRequest):
    code = "REFUND_AMOUNT_MISMATCH"
    message = "The payments are not the amount that comes back."
