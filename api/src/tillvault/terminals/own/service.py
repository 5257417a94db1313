"""Who one is, where one stands, and opening one's drawer with no sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tillvault.cash.errors import NoActiveSession
from tillvault.cash.sessions import queries as drawers
from tillvault.core.db import Connection
from tillvault.core.money import Cash
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor, Branch
from tillvault.identity.permissions import Permission, may, require, require_branch
from tillvault.identity.policies import BranchPolicies
from tillvault.terminals.own import queries

DRAWER_OPENED = "DRAWER_OPENED_WITHOUT_SALE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCount:
    """What the last close of a register counted, and what of it should lie in the drawer still."""

    session_id: UUID
    closed_at: datetime
    counted: Cash
    left: Cash


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a login stands."""

    permissions: list[Permission]
    place: tuple[Branch, BranchPolicies] | None
    register_name: str | None
    last_close: LastCount | None


async def standing(db: Connection, *, actor: Actor) -> Standing:
    """What the login of the actor may do, and where."""
    place = await branches.branch_and_policies(db, actor.branch_id) if actor.branch_id else None
    name = last = None
    if actor.register_id is not None:
        name = await queries.register_name(db, actor.register_id)
        if rows := await queries.last_count(db, actor.register_id):
            last = LastCount(
                session_id=rows[0]["session_id"],
                closed_at=rows[0]["closed_at"],
                counted={row["currency"]: row["counted_minor"] for row in rows},
                left={row["currency"]: row["left_minor"] for row in rows},
            )
    return Standing(
        permissions=[permission for permission in Permission if may(actor, permission)],
        place=place,
        register_name=name,
        last_close=last,
    )


async def open_drawer(db: Connection, *, actor: Actor, reason: str) -> UUID:
    """Write down that the drawer was opened with no sale; gives its session. The money in it does not change.

    Raises NoActiveSession, RoleForbidden, BranchInactive.
    """
    require(actor, Permission.CASH_OPERATE)
    require_branch(actor, actor.branch_id, is_active=actor.branch_is_active)
    found = (
        await drawers.open_session_of(db, branch_id=actor.branch_id, user_id=actor.id, register_id=actor.register_id)
        if actor.branch_id
        else None
    )
    if found is None:
        raise NoActiveSession
    session = found.session
    audit.record(
        db,
        actor,
        DRAWER_OPENED,
        resource_type="cash_session",
        resource_id=session.id,
        branch_id=session.branch_id,
        after={"reason": reason, "registerId": str(session.register_id) if session.register_id else None},
    )
    return session.id
