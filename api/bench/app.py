"""The product's own app with one more route: the echo, an empty endpoint that parses the same body and answers."""

from __future__ import annotations

import os
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from tillvault.cash.movements.schemas import RecordMovement
from tillvault.cli import app_from_environment
from tillvault.core.http.answers import json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.jsontext import dumps
from tillvault.sales.selling.schemas import FinalizeSale
from tillvault.vault import intake

router = APIRouter(route_class=StrictRoute)


@router.post("/v1/echo", status_code=201)
async def echo(body: RecordMovement) -> Response:
    return json_answer(dumps({"success": True, "data": {"type": body.type, "reason": body.reason}}), 201)


@router.post("/v1/echo-sale", status_code=201)
async def echo_sale(body: FinalizeSale) -> Response:
    return json_answer(dumps({"success": True, "data": {"lines": len(body.lines)}}), 201)


@router.post("/v1/echo-any", status_code=201)
async def echo_any(body: dict[str, Any]) -> Response:
    """The echo for bodies of any shape, such as tickets."""
    return json_answer(dumps({"success": True, "data": {"fields": len(body)}}), 201)


def make() -> FastAPI:
    # How the vault would do without groups, for comparison.
    intake.GROUP_MAX = int(os.environ.get("BENCH_GROUP_MAX", intake.GROUP_MAX))
    app = app_from_environment()
    app.include_router(router)
    # A request is matched against one route after the other: the echo, like the busy paths, must not wait for them all.
    app.router.routes.insert(0, app.router.routes.pop())
    return app
