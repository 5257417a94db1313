"""One ASGI middleware around every request: id, size limit, security headers, access log, metrics, last resort.

Plain ASGI on purpose: the base class of Starlette starts a task per request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tillvault.core import logging, metrics
from tillvault.core.errors import AppError, InternalError, PayloadTooLarge
from tillvault.core.http.dialects import render

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE = (b"cache-control", b"no-store")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNLIMITED = frozenset({("POST", "/api/v1/pos-tickets/batch")})
"""Where a body may be of any length: the route reads it as a stream and limits each of its lines, never the whole."""
_QUIET_ROUTES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})


class Gate:
    """See the module. `max_body_bytes` is the limit of a body, announced or read; `larger` are those of the paths that
    take files."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.larger = larger or {}
        self._log = logging.log()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        scope["request_id"] = request_id
        token = logging.request_id.set(request_id)
        status = 500
        answered = False

        async def send_marked(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                answered = True
                status = message["status"]
                _mark(message, request_id)
            await send(message)

        try:
            try:
                size_max = self.larger.get(scope["path"], self.max_body_bytes)
                limited = receive if _is_unlimited(scope) else _limited(headers, receive, size_max)
                await self.app(scope, limited, send_marked)
            except Exception as error:
                if answered:
                    raise
                await render(self._refusal(scope, error), scope["path"])(scope, receive, send_marked)
        finally:
            self._account(scope, status, time.perf_counter() - started)
            logging.request_id.reset(token)

    def _refusal(self, scope: Scope, error: Exception) -> AppError:
        if isinstance(error, AppError):
            return error
        scope["refusal"] = InternalError.code
        self._log.error("http.failed", path=scope["path"], exc_info=error)
        return InternalError()

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        metrics.http_requests.labels(method, route, status).inc()
        metrics.http_seconds.labels(route).observe(seconds)
        if route in _QUIET_ROUTES and status < 500:
            return
        fields: dict[str, Any] = {"method": scope["method"], "route": route, "status": status}
        if (code := scope.get("refusal")) is not None:
            fields["code"] = code
        self._log.info(
            "http.request", **fields, duration_ms=round(seconds * 1000, 2), address=(scope.get("client") or ("",))[0]
        )


def _limited(headers: dict[bytes, bytes], receive: Receive, size_max: int) -> Receive:
    async def too_large() -> Message:
        raise PayloadTooLarge(extra={"maxSizeBytes": size_max})

    announced = headers.get(b"content-length", b"0")
    # A length of thousands of digits is none that `int` would read.
    if not announced.isdigit() or len(announced) > 15 or int(announced) > size_max:
        return too_large
    if b"transfer-encoding" not in headers:
        return receive
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > size_max:
            return await too_large()
        return message

    return counted


def _is_unlimited(scope: Scope) -> bool:
    return (scope["method"], scope["path"]) in _UNLIMITED


def _request_id(given: bytes | None) -> str:
    """The caller's id where it is short and plain, else one of our own."""
    if given and len(given) <= 64 and given.replace(b"-", b"").replace(b"_", b"").isalnum():
        return given.decode("ascii")
    return token_hex(8)


def _mark(message: Message, request_id: str) -> None:
    raw: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
    raw.append((b"x-request-id", request_id.encode()))
    raw.extend(_SECURITY_HEADERS)
    message["headers"] = raw
    headers = MutableHeaders(raw=raw)
    if "content-security-policy" not in headers:
        raw.append(_API_POLICY)
    if "cache-control" not in headers:
        raw.append(_NO_STORE)
