"""Refusals of receipts."""

from __future__ import annotations

from tillvault.core.errors import Conflict, NotFound


class ReceiptNotFound(NotFound):
    code = "RECEIPT_NOT_FOUND"
    message = "There is no receipt at this address. Is it complete?"


class ProofNotReady(NotFound):
    code = "PROOF_NOT_READY"
    message = "The ticket of this receipt is on its way into the ledger. Ask again in a moment."


class TooManyPrints(Conflict):
    code = "TOO_MANY_PRINTS"
    message = "This receipt has been printed too often."
