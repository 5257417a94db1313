"""`/v1/branches`: branches and their policies."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity import policies
from tillvault.identity.branches import service
from tillvault.identity.branches.schemas import BranchAnswer, BranchChange, NewBranch, PoliciesAnswer, PoliciesChange
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import BranchCodeTaken, BranchForbidden, BranchNotFound, RoleForbidden
from tillvault.identity.schemas import REPEATABLE

router = APIRouter(prefix="/v1/branches", tags=["branches"], route_class=StrictRoute)

_READ = (RoleForbidden, ValidationFailed, AUTHENTICATED)
_WRITE = (RoleForbidden, BODY, REPEATABLE, AUTHENTICATED)


@router.get("", response_model=Success[Page[BranchAnswer]], responses=refusals(Dialect.ENVELOPE, *_READ))
async def list_branches(edge: Authorised, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Response:
    """The branches of the organisation, oldest first; a manager sees their own."""
    rows, following = await service.listed(edge.db, actor=edge.actor, cursor=cursor, limit=limit)
    return await edge.answer(Page(items=[BranchAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "",
    status_code=201,
    response_model=Success[BranchAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, BranchCodeTaken),
)
async def create_branch(edge: Authorised, body: NewBranch) -> Response:
    """Open a branch. Without a code it gets one of four letters of its name and four hex digits."""
    row = await service.create(
        edge.db,
        actor=edge.actor,
        code=body.code,
        name=body.name,
        timezone=body.timezone,
        base_currency=body.base_currency,
        currencies=body.currencies,
        is_active=body.is_active,
    )
    return await edge.answer(BranchAnswer.of(row), 201)


@router.get(
    "/{branch_id}",
    response_model=Success[BranchAnswer],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchForbidden, BranchNotFound),
)
async def read_branch(edge: Authorised, branch_id: UUID) -> Response:
    """One branch."""
    return await edge.answer(BranchAnswer.of(await service.read(edge.db, actor=edge.actor, branch_id=branch_id)))


@router.patch(
    "/{branch_id}",
    response_model=Success[BranchAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, BranchNotFound, BranchCodeTaken),
)
async def change_branch(edge: Authorised, branch_id: UUID, body: BranchChange) -> Response:
    """Change a branch; what is left out stays. With another base currency the exchange rates are dropped."""
    row = await service.change(edge.db, actor=edge.actor, branch_id=branch_id, changes=body.changes())
    return await edge.answer(BranchAnswer.of(row))


@router.get(
    "/{branch_id}/policies",
    response_model=Success[PoliciesAnswer],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchForbidden, BranchNotFound),
)
async def read_policies(edge: Authorised, branch_id: UUID) -> Response:
    """All policies of a branch, with the defaults of those that it has not decided."""
    found = await service.read_policies(edge.db, actor=edge.actor, branch_id=branch_id)
    return await edge.answer(PoliciesAnswer.model_validate(policies.described(found)))


@router.patch(
    "/{branch_id}/policies",
    response_model=Success[PoliciesAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, BranchNotFound),
)
async def change_policies(edge: Authorised, branch_id: UUID, body: PoliciesChange) -> Response:
    """Replace each named policy whole; the others stay."""
    found = await service.change_policies(edge.db, actor=edge.actor, branch_id=branch_id, changes=body.changes())
    return await edge.answer(PoliciesAnswer.model_validate(policies.described(found)))
