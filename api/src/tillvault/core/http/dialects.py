"""Three dialects, one domain (decision 7): a refusal is rendered in the form that the contract of its path fixes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tillvault.core.errors import (
    AppError,
    InternalError,
    MalformedBody,
    MethodNotAllowed,
    PathNotFound,
    PayloadTooLarge,
    ValidationFailed,
)
from tillvault.core.jsontext import dumps


class Dialect(Enum):
    ENVELOPE = "envelope"
    """`/v1`: `{"success": false, "error": …, "code": …}` (cash-session-api.md)."""
    DETAIL = "detail"
    """`/api/auth`, `/api/tpv`, `/api/tienda`: `{"detail": {"code", "message", …}}` (terminal-login-api.md)."""
    PLAIN = "plain"
    """`/api/v1/pos-tickets` and the ledger: `{"error": …}` (pos-tickets-api.md)."""


def dialect_of(path: str) -> Dialect:
    if path.startswith("/api/v1/"):
        return Dialect.PLAIN
    return Dialect.DETAIL if path.startswith("/api/") else Dialect.ENVELOPE


def status_of(error: AppError | type[AppError], dialect: Dialect) -> int:
    """The status of a refusal: a body of the wrong shape is 422 in the terminal contract, 400 under `/v1`."""
    kind = error if isinstance(error, type) else type(error)
    if dialect is Dialect.DETAIL and issubclass(kind, ValidationFailed):
        return 422
    return kind.status


def sentence_of(error: AppError | type[AppError], dialect: Dialect) -> str:
    """The contract's sentence in the plain dialect, where it fixes one."""
    if dialect is Dialect.PLAIN and error.plain is not None:
        return error.plain
    return error.message if isinstance(error, type) else error.sentence


def body_of(code: str, sentence: str, extra: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    match dialect:
        case Dialect.ENVELOPE:
            return {"success": False, "error": sentence, "code": code, **extra}
        case Dialect.DETAIL:
            return {"detail": {"code": code, "message": sentence, **extra}}
        case Dialect.PLAIN:
            return {"error": sentence, **extra}


def render(error: AppError, path: str) -> Response:
    """A refusal as the answer of its path."""
    dialect = dialect_of(path)
    return Response(
        dumps(body_of(error.code, sentence_of(error, dialect), error.extra, dialect)),
        status_of(error, dialect),
        error.headers,
        "application/json",
    )


async def on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  (registered for this class alone)
    request.scope["refusal"] = error.code
    return render(error, request.url.path)


async def on_invalid(request: Request, error: Exception) -> Response:
    """FastAPI's finding in our words: which field, and why."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for this class alone)
    found: list[dict[str, Any]] = list(error.errors())
    if found and found[0]["type"] == "json_invalid":
        return await on_refusal(request, MalformedBody(str(found[0].get("ctx", {}).get("error")) or None))
    details = [{"field": field_name(item["loc"]), "message": _message(item)} for item in found[:50]]
    return await on_refusal(request, ValidationFailed(extra={"details": details}))


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for this class alone)
    if isinstance(error.__cause__, AppError):
        # FastAPI wraps what is raised while it reads a body, such as that the body is too large.
        return await on_refusal(request, error.__cause__)
    match error.status_code:
        case 404:
            refusal: AppError = PathNotFound()
        case 405:
            refusal = MethodNotAllowed(headers=_allowed(request))
        case 413:
            refusal = PayloadTooLarge()
        case 400:
            refusal = MalformedBody()
        case _:
            refusal = InternalError()
    return await on_refusal(request, refusal)


def _allowed(request: Request) -> dict[str, str]:
    """`Allow` with every method of the resource (RFC 9110, section 15.5.6). Each method is a route of its own, and the
    router names those of the first that it found alone."""
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for route in iter_route_contexts(request.app.routes):
        if route.path and route.methods and route.path_regex.match(request.scope["path"]):
            methods[route.path] |= route.methods
    # A path with a word in it is another resource than the one with any id in that place.
    named = min(methods, key=lambda path: path.count("{"))
    return {"Allow": ", ".join(sorted(methods[named]))}


def field_name(location: Iterable[int | str]) -> str:
    """`("body", "amount", "EUR")` → `amount.EUR`; the whole body is `body`."""
    parts = [str(part) for part in location]
    inner = parts[1:] if parts and parts[0] in {"body", "query", "path", "header"} else parts
    return ".".join(part for part in inner if part != "[key]")[:200] or (parts[0] if parts else "body")


def _message(item: dict[str, Any]) -> str:
    text = str(item["msg"]).removeprefix("Value error, ")
    return text[:300]
