"""One's own login: `/v1/me`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tillvault.cash.errors import NoActiveSession
from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.money import to_wire
from tillvault.identity import policies
from tillvault.identity.branches.schemas import PoliciesAnswer
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import BranchForbidden, BranchInactive, RoleForbidden
from tillvault.identity.schemas import REPEATABLE
from tillvault.terminals.own import service
from tillvault.terminals.own.schemas import (
    DrawerOpened,
    LastClose,
    Me,
    OpenDrawer,
    OwnBranch,
    OwnRegister,
    OwnUser,
)
from tillvault.terminals.own.service import Standing

router = APIRouter(prefix="/v1/me", tags=["own login"], route_class=StrictRoute)


@router.get("", response_model=Success[Me], responses=refusals(Dialect.ENVELOPE, AUTHENTICATED))
async def read_me(edge: Authorised) -> Response:
    """Who is logged in, what they may do, and the branch and register where they stand: what an app needs to start."""
    actor = edge.actor
    found = await service.standing(edge.db, actor=actor)
    user = OwnUser(id=actor.id, name=actor.name, role=actor.role, permissions=found.permissions)
    register = (
        OwnRegister(id=actor.register_id, name=found.register_name, last_close=_last_close(found))
        if actor.register_id and found.register_name
        else None
    )
    return await edge.answer(Me(user=user, branch=_branch(found), register=register))


@router.post(
    "/drawer-openings",
    status_code=201,
    response_model=Success[DrawerOpened],
    responses=refusals(
        Dialect.ENVELOPE,
        BODY,
        REPEATABLE,
        NoActiveSession,
        RoleForbidden,
        BranchForbidden,
        BranchInactive,
        AUTHENTICATED,
    ),
)
async def open_drawer(body: OpenDrawer, edge: Authorised) -> Response:
    """The drawer is opened although nothing is sold (to give change, say); the audit log keeps the reason."""
    session_id = await service.open_drawer(edge.db, actor=edge.actor, reason=body.reason)
    return await edge.answer(DrawerOpened(session_id=session_id, reason=body.reason), 201)


def _branch(found: Standing) -> OwnBranch | None:
    if found.place is None:
        return None
    branch, decided = found.place
    return OwnBranch(
        id=branch.id,
        code=branch.code,
        name=branch.name,
        timezone=branch.timezone,
        base_currency=branch.base_currency,
        currencies=list(branch.currencies),
        is_active=branch.is_active,
        policies=PoliciesAnswer.model_validate(policies.described(decided)),
    )


def _last_close(found: Standing) -> LastClose | None:
    if found.last_close is None:
        return None
    last = found.last_close
    return LastClose(
        session_id=last.session_id,
        closed_at=last.closed_at,
        counted_cash=to_wire(last.counted),
        left_cash=to_wire(last.left),
    )
