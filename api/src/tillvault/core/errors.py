"""Refusals. A refusal is a fact with a code, a status and a sentence; the dialect of the path renders it.

The classes feed `responses=` of the routes with named examples and `docs/reference/errors.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

REGISTRY: dict[str, type[AppError]] = {}


class AppError(Exception):
    """A refusal that changed nothing. `extra` holds the fields that the contract adds beside code and sentence."""

    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]
    plain: ClassVar[str | None] = None
    """The sentence of pos-tickets-api.md, where the contract fixes one."""
    example_extra: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self,
        message: str | None = None,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.sentence = message or self.message
        self.extra: dict[str, Any] = dict(extra or {})
        self.headers: dict[str, str] = dict(headers or {})
        super().__init__(self.sentence)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        code = cls.__dict__.get("code")
        if code is None:
            return
        if code in REGISTRY:
            raise TypeError(f"Two refusals share the code {code}.")
        REGISTRY[code] = cls


class BadRequest(AppError):
    status = 400


class Unauthenticated(AppError):
    status = 401


class Forbidden(AppError):
    status = 403


class NotFound(AppError):
    status = 404


class Conflict(AppError):
    status = 409


class Unprocessable(AppError):
    status = 422


class Unavailable(AppError):
    status = 503


class ValidationFailed(BadRequest):
    code = "VALIDATION_ERROR"
    message = "The request is not valid."
    example_extra = {"details": [{"field": "amount.EUR", "message": "EUR has 2 decimals at most"}]}  # noqa: RUF012  (read only)

    @classmethod
    def of(cls, field: str, message: str) -> ValidationFailed:
        """One named field is wrong."""
        return cls(extra={"details": [{"field": field, "message": message}]})


class MalformedBody(ValidationFailed):
    """A body that is no JSON. The same refusal to the client (domain.md, "malformed bodies"); the sentence says why."""

    message = "The body is not valid JSON."

    def __init__(self, message: str | None = None) -> None:
        sentence = message or self.message
        super().__init__(sentence, extra={"details": [{"field": "body", "message": sentence}]})


class Unauthorized(Unauthenticated):
    code = "UNAUTHORIZED"
    plain = "Unauthorized"
    message = "A valid bearer token is required."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class PathNotFound(NotFound):
    code = "NOT_FOUND"
    message = "There is nothing at this path."


class MethodNotAllowed(AppError):
    status = 405
    code = "METHOD_NOT_ALLOWED"
    message = "This path does not know that method."


class PayloadTooLarge(AppError):
    status = 413
    code = "PAYLOAD_TOO_LARGE"
    plain = "Payload too large"
    message = "The body is too large."
    example_extra = {"maxSizeBytes": 262_144}  # noqa: RUF012  (read only)


class IdempotencyInFlight(Conflict):
    code = "IDEMPOTENCY_IN_FLIGHT"
    message = "A request with this Idempotency-Key is still running. Ask again in a moment."


class IdempotencyKeyReused(Unprocessable):
    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key was used for another request."


class TooManyAttempts(AppError):
    status = 429
    code = "TOO_MANY_ATTEMPTS"
    message = "Too many wrong attempts. Wait before trying again."

    def __init__(self, retry_after_seconds: int = 30) -> None:
        super().__init__(headers={"Retry-After": str(max(1, retry_after_seconds))})


class InternalError(AppError):
    status = 500
    code = "INTERNAL_ERROR"
    plain = "Failed to ingest POS ticket"
    message = "Something went wrong on our side. Nothing was changed."


class DatabaseUnavailable(Unavailable):
    code = "DATABASE_UNAVAILABLE"
    message = "The database does not answer. Nothing was changed; try again."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class DatabaseBusy(Unavailable):
    code = "DATABASE_BUSY"
    message = "The database is busy. Nothing was changed; try again."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})
