"""Use cases of registers: admins change them, managers read those of their branches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.identity.administration import differences, page, visible_branches
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.branches import service as branches_service
from tillvault.identity.domain import Actor
from tillvault.identity.errors import BranchForbidden, BranchNotFound, RegisterNotFound
from tillvault.identity.permissions import Permission, may_act_in, require
from tillvault.identity.registers import queries
from tillvault.identity.registers.domain import next_emission_point


async def listed(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    is_active: bool | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """A page, oldest first. Raises RoleForbidden, BranchNotFound or BranchForbidden."""
    require(actor, Permission.ADMIN_READ)
    if branch_id is not None:
        await branches_service.read(db, actor=actor, branch_id=branch_id)
    rows = await queries.records(
        db,
        branch_ids=visible_branches(actor) if branch_id is None else [branch_id],
        is_active=is_active,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    return page(rows, limit)


async def read(db: Connection, *, actor: Actor, register_id: UUID) -> Row:
    """Raises RoleForbidden, RegisterNotFound or BranchForbidden."""
    require(actor, Permission.ADMIN_READ)
    row = await queries.record(db, register_id)
    if row is None:
        raise RegisterNotFound
    if not may_act_in(actor, row["branch_id"]):
        raise BranchForbidden
    return row


async def create(
    db: Connection, *, actor: Actor, branch_id: UUID, name: str, emission_point: str | None, is_active: bool
) -> Row:
    """Raises RoleForbidden, BranchNotFound or RegisterNameTaken."""
    require(actor, Permission.ADMIN_WRITE)
    # The branch is held, so that two registers made at once do not choose the same number.
    if await branches.lock_record(db, branch_id) is None:
        raise BranchNotFound
    register_id = new_id()
    await queries.insert_register(
        db,
        register_id=register_id,
        branch_id=branch_id,
        name=name,
        emission_point=emission_point or next_emission_point(await queries.emission_points(db, branch_id)),
        is_active=is_active,
        now=utc_now(),
    )
    row = await queries.record(db, register_id)
    assert row is not None  # noqa: S101  (just written)
    audit.record(
        db,
        actor,
        "REGISTER_CREATED",
        resource_type="register",
        resource_id=register_id,
        branch_id=branch_id,
        after={"branchId": branch_id} | _described(row),
    )
    return row


async def change(db: Connection, *, actor: Actor, register_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Raises RoleForbidden, RegisterNotFound or RegisterNameTaken."""
    require(actor, Permission.ADMIN_WRITE)
    if await queries.lock_register(db, register_id) is None:
        raise RegisterNotFound
    before = await queries.record(db, register_id)
    assert before is not None  # noqa: S101  (held)
    wanted = {name: changes.get(name, before[name]) for name in ("name", "emission_point", "is_active")}
    if all(wanted[name] == before[name] for name in wanted):
        return before
    after = await queries.update_register(db, register_id=register_id, **wanted, now=utc_now())
    told_before, told_after = differences(_described(before), _described(after))
    audit.record(
        db,
        actor,
        "REGISTER_UPDATED",
        resource_type="register",
        resource_id=register_id,
        branch_id=after["branch_id"],
        before=told_before,
        after=told_after,
    )
    return after


def _described(row: Row) -> dict[str, Any]:
    return {"name": row["name"], "emissionPoint": row["emission_point"], "isActive": row["is_active"]}
