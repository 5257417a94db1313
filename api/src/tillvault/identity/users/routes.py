"""`/v1/users`."""

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
from tillvault.identity.domain import Role
from tillvault.identity.edge import Authorised, Door
from tillvault.identity.errors import (
    BranchForbidden,
    BranchNotFound,
    LastAdmin,
    OwnAccount,
    PinTaken,
    RoleForbidden,
    UsernameTaken,
    UserNotFound,
)
from tillvault.identity.schemas import REPEATABLE
from tillvault.identity.users import service
from tillvault.identity.users.schemas import NewUser, UserAnswer, UserChange, UserGiven

router = APIRouter(prefix="/v1/users", tags=["users"], route_class=StrictRoute)

_READ = (RoleForbidden, BranchForbidden, ValidationFailed, AUTHENTICATED)
_WRITE = (RoleForbidden, BODY, REPEATABLE, AUTHENTICATED)
_RENEW = (RoleForbidden, ValidationFailed, REPEATABLE, AUTHENTICATED, UserNotFound)


@router.get(
    "",
    response_model=Success[Page[UserAnswer]],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchNotFound),
)
async def list_users(
    *,
    edge: Authorised,
    branch_id: Annotated[UUID | None, Query(alias="branchId")] = None,
    role: Role | None = None,
    is_active: Annotated[bool | None, Query(alias="isActive")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """The users of the organisation or of a branch, oldest first; a manager sees those of their branches."""
    rows, following = await service.listed(
        edge.db, actor=edge.actor, branch_id=branch_id, role=role, is_active=is_active, cursor=cursor, limit=limit
    )
    return await edge.answer(Page(items=[UserAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "",
    status_code=201,
    response_model=Success[UserGiven],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, BranchNotFound, UsernameTaken, PinTaken),
)
async def create_user(edge: Authorised, door: Door, body: NewUser) -> Response:
    """Hire somebody. Their PIN, and their password where one is asked for, are shown here and nowhere else."""
    row, given = await service.create(
        edge.db,
        door,
        actor=edge.actor,
        username=body.username,
        name=body.name,
        role=body.role,
        branch_ids=body.branch_ids,
        with_password=body.with_password,
    )
    return await edge.answer(UserGiven.giving(row, given), 201, kept=UserGiven.giving(row, None))


@router.get(
    "/{user_id}",
    response_model=Success[UserAnswer],
    responses=refusals(Dialect.ENVELOPE, *_READ, UserNotFound),
)
async def read_user(edge: Authorised, user_id: UUID) -> Response:
    """One user."""
    return await edge.answer(UserAnswer.of(await service.read(edge.db, actor=edge.actor, user_id=user_id)))


@router.patch(
    "/{user_id}",
    response_model=Success[UserAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, UserNotFound, BranchNotFound, PinTaken, LastAdmin, OwnAccount),
)
async def change_user(edge: Authorised, user_id: UUID, body: UserChange) -> Response:
    """Change a user; what is left out stays. A new role or a dismissal is felt on their next request."""
    row = await service.change(edge.db, actor=edge.actor, user_id=user_id, changes=body.changes())
    return await edge.answer(UserAnswer.of(row))


@router.post(
    "/{user_id}/pin",
    response_model=Success[UserGiven],
    responses=refusals(Dialect.ENVELOPE, *_RENEW, PinTaken),
)
async def renew_pin(edge: Authorised, door: Door, user_id: UUID) -> Response:
    """Give a new PIN, shown here and nowhere else. The user's running till goes on, their other logins end."""
    row, given = await service.renew_pin(edge.db, door, actor=edge.actor, user_id=user_id)
    return await edge.answer(UserGiven.giving(row, given), kept=UserGiven.giving(row, None))


@router.post(
    "/{user_id}/password",
    response_model=Success[UserGiven],
    responses=refusals(Dialect.ENVELOPE, *_RENEW),
)
async def renew_password(edge: Authorised, door: Door, user_id: UUID) -> Response:
    """Give a new password, shown here and nowhere else. The user's other back-office logins end."""
    row, given = await service.renew_password(edge.db, door, actor=edge.actor, user_id=user_id)
    return await edge.answer(UserGiven.giving(row, given), kept=UserGiven.giving(row, None))
