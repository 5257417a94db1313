"""`/health` for people and the contract, `/health/live` and `/health/ready` for orchestrators, `/metrics`.

Each part is asked with a time limit: a database that hangs makes the answer 503, not late (infrastructure.md, "< 2s").
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from tillvault import __version__
from tillvault.core.db import Database
from tillvault.core.errors import AppError, Unauthorized
from tillvault.core.http.answers import json_answer
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import ALWAYS, refusals
from tillvault.core.jsontext import dumps
from tillvault.core.metrics import REGISTRY

_PART_SECONDS = 1.0

router = APIRouter(tags=["operations"])


@dataclass(slots=True)
class Health:
    """Asks the parts. `shared_answers` tells whether Redis answers, None when there is none."""

    database: Database
    shared_answers: Callable[[], Awaitable[bool | None]]
    started: float = field(default_factory=time.monotonic)
    _is_demo: bool | None = None
    _asking: asyncio.Task[dict[str, Any]] | None = None

    async def report(self) -> dict[str, Any]:
        database, redis = await asyncio.gather(self._database(), self._redis())
        status = "down" if database["status"] == "down" else "degraded" if redis["status"] == "down" else "ok"
        return {
            "status": status,
            "version": __version__,
            "demo": self._is_demo,
            "uptime_seconds": round(time.monotonic() - self.started),
            "services": {"database": database, "redis": redis},
        }

    async def is_ready(self) -> bool:
        return (await self._database())["status"] == "ok"

    async def _database(self) -> dict[str, Any]:
        """One question at a time: while PostgreSQL hangs, its connection takes seconds to be given up, and a probe
        every second must neither wait for that nor take the next connection."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_database())
        done, _ = await asyncio.wait({self._asking}, timeout=_PART_SECONDS)
        return self._asking.result() if done else {"status": "down"}

    async def _ask_database(self) -> dict[str, Any]:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_PART_SECONDS), self.database.transaction(None) as db:
                row = await db.fetchrow("SELECT * FROM directory_installation()")
        except (AppError, TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return {"status": "down"}
        self._is_demo = bool(row and row["demo_organisations"])
        return {"status": "ok", "latency_ms": round((time.perf_counter() - started) * 1000, 2)}

    async def _redis(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_PART_SECONDS):
                answers = await self.shared_answers()
        except TimeoutError:
            answers = False
        return {"status": "not_configured" if answers is None else "ok" if answers else "down"}


@router.get("/health", responses={503: {"description": "The database does not answer."}})
async def health(request: Request) -> Response:
    """How each part is: `ok`, `degraded` (Redis is lost; rate limits are kept in the process) or `down` (503)."""
    report = await request.app.state.health.report()
    return json_answer(dumps(report), 503 if report["status"] == "down" else 200)


@router.get("/health/live")
async def live() -> Response:
    """The process runs."""
    return json_answer(b'{"status":"ok"}')


@router.get("/health/ready", responses={503: {"description": "The database does not answer."}})
async def ready(request: Request) -> Response:
    """The process can take requests."""
    if await request.app.state.health.is_ready():
        return json_answer(b'{"status":"ok"}')
    return json_answer(b'{"status":"down"}', 503)


@router.get(
    "/metrics",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, Unauthorized, ALWAYS)
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Prometheus metrics of this process. Asks for TILLVAULT_METRICS_TOKEN when that is set."""
    wanted = request.app.state.settings.metrics_token
    given = request.headers.get("authorization", "")
    if wanted is not None and not hmac.compare_digest(given.encode(), f"Bearer {wanted.get_secret_value()}".encode()):
        raise Unauthorized
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
