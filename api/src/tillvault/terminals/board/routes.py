"""`GET /v1/board`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tillvault.cash.sessions.routes import GUARD
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised, guard_branch
from tillvault.identity.errors import BranchNotFound
from tillvault.terminals.board import service
from tillvault.terminals.board.schemas import Board

router = APIRouter(prefix="/v1/board", tags=["board"], route_class=StrictRoute, dependencies=[Depends(guard_branch)])


@router.get(
    "",
    response_model=Success[Board],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, BranchNotFound, GUARD, AUTHENTICATED),
)
async def live_board(
    edge: Authorised,
    branch_id: Annotated[UUID | None, Query(alias="branchId")] = None,
    register_id: Annotated[UUID | None, Query(alias="registerId", description="One register alone.")] = None,
) -> Response:
    """Every register that you supervise: who works on it since when, what its drawer should hold, when it sold last.
    Listen to `GET /v1/events/stream` and ask again for the register that an event names."""
    lines = await service.board(edge.db, actor=edge.actor, branch_id=branch_id, register_id=register_id)
    return await edge.answer(Board.model_construct(items=lines))
