"""The OpenAPI document: refusals as named examples, in the dialect of each path, and nothing FastAPI only assumes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tillvault import __version__
from tillvault.core.errors import (
    AppError,
    DatabaseBusy,
    DatabaseUnavailable,
    InternalError,
    PayloadTooLarge,
    Unauthorized,
    ValidationFailed,
)
from tillvault.core.http.dialects import Dialect, body_of, dialect_of, sentence_of, status_of

Responses = dict[int | str, dict[str, Any]]

ALWAYS: tuple[type[AppError], ...] = (InternalError, DatabaseBusy, DatabaseUnavailable)
AUTHENTICATED: tuple[type[AppError], ...] = (Unauthorized, *ALWAYS)
BODY: tuple[type[AppError], ...] = (ValidationFailed, PayloadTooLarge)

_BY_SECRET = frozenset({"/api/auth/login", "/api/auth/login-pin", "/api/auth/validar-pin"})
"""Where 401 means a wrong PIN or password, not a missing token."""

_WITHOUT_LOGIN = frozenset({"/v1/setup"})
"""Writes of nobody, under whose name no key could be kept."""

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": "Makes a retry safe: the same key with the same request gives the first answer again, for 24 hours.",
}

RAW_BODIES: dict[str, dict[str, Any]] = {}
"""Schemas of bodies that a route reads as bytes, by name; the modules that read them put them here."""

_SCHEMAS: dict[Dialect, dict[str, Any]] = {
    Dialect.ENVELOPE: {
        "type": "object",
        "required": ["success", "error", "code"],
        "properties": {"success": {"const": False}, "error": {"type": "string"}, "code": {"type": "string"}},
    },
    Dialect.DETAIL: {
        "type": "object",
        "required": ["detail"],
        "properties": {
            "detail": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            }
        },
    },
    Dialect.PLAIN: {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}},
    },
}


def refusals(dialect: Dialect, *groups: type[AppError] | Iterable[type[AppError]]) -> Responses:
    """`responses=` of a route: its refusals by status, each with a named example."""
    kinds = [kind for group in groups for kind in ([group] if isinstance(group, type) else group)]
    responses: Responses = {}
    for kind in dict.fromkeys(kinds):
        status = status_of(kind, dialect)
        entry = responses.setdefault(
            status,
            {
                "description": "",
                "content": {
                    "application/json": {"schema": {"$ref": f"#/components/schemas/{_name(dialect)}"}, "examples": {}}
                },
            },
        )
        entry["content"]["application/json"]["examples"][kind.code] = {
            "summary": kind.message,
            "value": body_of(kind.code, sentence_of(kind, dialect), dict(kind.example_extra), dialect),
        }
        entry["description"] = ", ".join(entry["content"]["application/json"]["examples"])
    return responses


def _name(dialect: Dialect) -> str:
    return f"Refusal{dialect.value.capitalize()}"


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once and kept on the app."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    schema = get_openapi(
        title="Tillvault",
        version=__version__,
        summary="Cash control for shops, and a vault in which every ticket can be proven.",
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components |= RAW_BODIES
    for dialect, shape in _SCHEMAS.items():
        components[_name(dialect)] = shape
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a login, or an API key (`tv_…`)."}
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _drop_assumed_422(operation)
            if "401" in operation["responses"] and path not in _BY_SECRET:
                operation["security"] = [{"bearer": []}]
            if dialect_of(path) is Dialect.ENVELOPE and method != "get" and path not in _WITHOUT_LOGIN:
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            _name_dialect(path, operation)
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    app.openapi_schema = schema
    return schema


def _drop_assumed_422(operation: dict[str, Any]) -> None:
    content = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
    if content.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
        del operation["responses"]["422"]


def _name_dialect(path: str, operation: dict[str, Any]) -> None:
    operation["x-dialect"] = dialect_of(path).value
