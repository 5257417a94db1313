"""`/v1/registers`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import (
    BranchForbidden,
    BranchNotFound,
    RegisterNameTaken,
    RegisterNotFound,
    RoleForbidden,
)
from tillvault.identity.registers import service
from tillvault.identity.registers.schemas import NewRegister, RegisterAnswer, RegisterChange
from tillvault.identity.schemas import REPEATABLE

router = APIRouter(prefix="/v1/registers", tags=["registers"], route_class=StrictRoute)

_READ = (RoleForbidden, BranchForbidden, ValidationFailed, AUTHENTICATED)
_WRITE = (RoleForbidden, BODY, REPEATABLE, AUTHENTICATED, RegisterNameTaken)


@router.get(
    "",
    response_model=Success[Page[RegisterAnswer]],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchNotFound),
)
async def list_registers(
    *,
    edge: Authorised,
    branch_id: Annotated[UUID | None, Query(alias="branchId")] = None,
    is_active: Annotated[bool | None, Query(alias="isActive")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """The registers of the organisation or of a branch, oldest first; a manager sees those of their branches."""
    rows, following = await service.listed(
        edge.db, actor=edge.actor, branch_id=branch_id, is_active=is_active, cursor=cursor, limit=limit
    )
    return await edge.answer(Page(items=[RegisterAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "",
    status_code=201,
    response_model=Success[RegisterAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, BranchNotFound),
)
async def create_register(edge: Authorised, body: NewRegister) -> Response:
    """Set up a register. Without an emission point it gets the branch's next free number."""
    row = await service.create(
        edge.db,
        actor=edge.actor,
        branch_id=body.branch_id,
        name=body.name,
        emission_point=body.emission_point,
        is_active=body.is_active,
    )
    return await edge.answer(RegisterAnswer.of(row), 201)


@router.get(
    "/{register_id}",
    response_model=Success[RegisterAnswer],
    responses=refusals(Dialect.ENVELOPE, *_READ, RegisterNotFound),
)
async def read_register(edge: Authorised, register_id: UUID) -> Response:
    """One register."""
    return await edge.answer(RegisterAnswer.of(await service.read(edge.db, actor=edge.actor, register_id=register_id)))


@router.patch(
    "/{register_id}",
    response_model=Success[RegisterAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, RegisterNotFound),
)
async def change_register(edge: Authorised, register_id: UUID, body: RegisterChange) -> Response:
    """Change a register; what is left out stays."""
    row = await service.change(edge.db, actor=edge.actor, register_id=register_id, changes=body.changes())
    return await edge.answer(RegisterAnswer.of(row))
