"""The application: settings in, ASGI app out."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from tillvault import __version__
from tillvault.cash import routes as cash
from tillvault.core import health, secrets
from tillvault.core.config import Settings
from tillvault.core.db import Database, refuse_powerful_role
from tillvault.core.errors import AppError
from tillvault.core.http import dialects, docs, openapi
from tillvault.core.http.middleware import Gate
from tillvault.core.idempotency import AnsweredBefore
from tillvault.events import service as events
from tillvault.identity import routes as identity
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.edge import on_answered_before
from tillvault.identity.hashing import Hasher
from tillvault.identity.throttle import Throttle
from tillvault.identity.tokens import Tokens
from tillvault.terminals import routes as terminals


def create_app(settings: Settings) -> FastAPI:
    """The API over the database that `settings.database_url` names. Connects when it starts, not here."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        assert settings.database_url is not None  # noqa: S101  (`serve` fills it in for the embedded database)
        dsn = settings.database_url.get_secret_value()
        await refuse_powerful_role(dsn)
        database = await Database.connect(dsn, settings, flush=events.flush)
        redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
        app.state.doorkeeper = Doorkeeper(
            database=database,
            tokens=Tokens(secrets.token_secret(settings)),
            hasher=Hasher(settings.argon2_threads),
            throttle=Throttle(redis_url),
            pin_pepper=secrets.pin_pepper(settings),
            token_ttl=timedelta(minutes=settings.token_ttl_minutes),
        )
        app.state.health = health.Health(database, shared_answers=app.state.doorkeeper.throttle.shared_answers)
        yield
        await database.close()

    middleware = [Middleware(Gate, max_body_bytes=settings.max_body_bytes)]
    if settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Device-Id", "X-Request-Id"],
                expose_headers=["X-Request-Id", "Retry-After", "Idempotency-Replayed"],
            )
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
    for router in (*identity.ROUTERS, *cash.ROUTERS, *terminals.ROUTERS):
        app.include_router(router)
    return app
