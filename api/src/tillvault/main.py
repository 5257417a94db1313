"""The application: settings in, ASGI app out."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from tillvault import __version__
from tillvault.cash import routes as cash
from tillvault.core import health
from tillvault.core.config import Settings
from tillvault.core.errors import AppError
from tillvault.core.http import dialects, docs, openapi, webapp
from tillvault.core.http.middleware import Gate
from tillvault.core.idempotency import AnsweredBefore
from tillvault.deposits import routes as deposits
from tillvault.identity import routes as identity
from tillvault.identity.edge import on_answered_before
from tillvault.lifespan import lifespan
from tillvault.sales import routes as sales
from tillvault.sales.catalogue import routes as catalogue
from tillvault.terminals import routes as terminals
from tillvault.vault import routes as vault


def create_app(settings: Settings) -> FastAPI:
    """The API over the database that `settings.database_url` names. Connects when it starts, not here."""

    larger = {
        "/v1/catalogue/imports": settings.catalogue_import_max_bytes,
        "/v1/deposits/transcribe": settings.transcription_max_bytes,
    }
    middleware = [Middleware(Gate, max_body_bytes=settings.max_body_bytes, larger=larger)]
    if settings.cors_origins:
        # Outermost: a page must be able to read a refusal of the gate too.
        middleware.insert(
            0,
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Device-Id", "X-Request-Id"],
                expose_headers=["X-Request-Id", "Retry-After", "Idempotency-Replayed"],
            ),
        )
    app = FastAPI(
        title="Tillvault", version=__version__, lifespan=lifespan, middleware=middleware, docs_url=None, redoc_url=None
    )
    app.state.settings = settings
    app.openapi = lambda: openapi.document(app)
    app.add_exception_handler(AppError, dialects.on_refusal)
    app.add_exception_handler(RequestValidationError, dialects.on_invalid)
    app.add_exception_handler(HTTPException, dialects.on_http)
    app.add_exception_handler(AnsweredBefore, on_answered_before)
    app.include_router(docs.router)
    app.include_router(health.router)
    # A request is matched against one route after the other: the paths of a busy shop come first.
    for router in (
        *vault.ROUTERS,
        *sales.ROUTERS,
        *cash.ROUTERS,
        *identity.ROUTERS,
        *terminals.ROUTERS,
        *catalogue.ROUTERS,
        *deposits.ROUTERS,
    ):
        app.include_router(router)
    # Last: its pattern for files at the root takes every name of one segment.
    app.include_router(webapp.router)
    return app
