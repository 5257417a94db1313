"""Refusals of the vault (pos-tickets-api.md, "Réponses — Erreurs")."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Forbidden, NotFound, Unavailable, Unprocessable


class InvalidTicketJson(BadRequest):
    code = "INVALID_JSON"
    message = "Invalid JSON payload"
    example_extra = {"details": "a key stands twice in one object"}  # noqa: RUF012  (read only)

    def __init__(self, details: str) -> None:
        super().__init__(extra={"details": details})


class MissingTicketField(BadRequest):
    code = "MISSING_FIELD"
    message = "Missing required field: tenant"

    def __init__(self, name: str) -> None:
        super().__init__(f"Missing required field: {name}")


class TicketInvalid(Unprocessable):
    code = "TICKET_INVALID"
    message = "validation_error"
    example_extra = {"message": "a number has more than 17 significant digits"}  # noqa: RUF012  (read only)

    def __init__(self, message: str) -> None:
        super().__init__(extra={"message": message})


class OtherTenant(Forbidden):
    code = "OTHER_TENANT"
    message = "Forbidden"


class TicketNotFound(NotFound):
    code = "TICKET_NOT_FOUND"
    message = "Not found"


class VaultBusy(Unavailable):
    code = "VAULT_BUSY"
    message = "The vault is busy. Try again."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class VaultUnavailable(Unavailable):
    code = "VAULT_UNAVAILABLE"
    message = "The vault cannot sign or store. Nothing was recorded."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})
