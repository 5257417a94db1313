"""Use cases of users: admins hire, change and dismiss; managers read who works in their branches.

PINs and passwords are given by the system and returned once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.identity import hashing
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.administration import differences, page, visible_branches
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.branches import service as branches_service
from tillvault.identity.domain import Actor, Role
from tillvault.identity.errors import (
    BranchForbidden,
    BranchNotFound,
    LastAdmin,
    OwnAccount,
    PinTaken,
    UserNotFound,
)
from tillvault.identity.permissions import Permission, may_act_in, require
from tillvault.identity.users import queries
from tillvault.identity.users.domain import Secrets, is_active_admin

_PIN_DRAWS = 50

Draw = Callable[[], str]


async def listed(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    role: Role | None,
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
        role=role,
        is_active=is_active,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    return page(rows, limit)


async def read(db: Connection, *, actor: Actor, user_id: UUID) -> Row:
    """Raises RoleForbidden, UserNotFound or BranchForbidden."""
    require(actor, Permission.ADMIN_READ)
    row = await queries.record(db, user_id)
    if row is None:
        raise UserNotFound
    if not any(may_act_in(actor, branch_id) for branch_id in row["branch_ids"]):
        raise BranchForbidden
    return row


async def create(
    db: Connection,
    door: Doorkeeper,
    *,
    actor: Actor,
    username: str,
    name: str,
    role: Role,
    branch_ids: Sequence[UUID],
    with_password: bool,
    draw: Draw = hashing.new_pin,
) -> tuple[Row, Secrets]:
    """Raises RoleForbidden, BranchNotFound or UsernameTaken."""
    require(actor, Permission.ADMIN_WRITE)
    await _require_known(db, branch_ids)
    user_id = new_id()
    password = hashing.new_password() if with_password else None
    await queries.insert_user(
        db,
        user_id=user_id,
        username=username,
        name=name,
        role=role,
        pin_hash=None,
        password_hash=await door.hasher.hash(password) if password else None,
        now=utc_now(),
    )
    await queries.put_into_branches(db, user_id=user_id, branch_ids=branch_ids, pin_lookup=None)
    pin = await _give_pin(db, door, user_id, draw)
    row = await _record(db, user_id)
    _tell(db, actor, "USER_CREATED", row, after={"username": username} | _described(row))
    return row, Secrets(pin=pin, password=password)


async def change(db: Connection, *, actor: Actor, user_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Felt on the next request: role and state are read with every one of them.

    Raises RoleForbidden, UserNotFound, BranchNotFound, PinTaken, LastAdmin or OwnAccount.
    """
    require(actor, Permission.ADMIN_WRITE)
    if changes.keys() & {"role", "is_active"}:
        # Two admins who dismiss each other at the same moment must not both succeed.
        await queries.lock_organisation(db)
    before = await _held(db, user_id)
    wanted = {name: changes.get(name, before[name]) for name in ("name", "role", "is_active", "branch_ids")}
    if all(wanted[name] == before[name] for name in wanted):
        return before
    await _require_admin_left(db, actor, before, role=wanted["role"], is_active=wanted["is_active"])
    now = utc_now()
    if wanted["branch_ids"] != before["branch_ids"]:
        await _require_known(db, wanted["branch_ids"])
        await queries.move_to_branches(db, user_id=user_id, branch_ids=wanted.pop("branch_ids"))
    wanted.pop("branch_ids", None)
    await queries.update_user(db, user_id=user_id, **wanted, now=now)
    if before["is_active"] and not wanted["is_active"]:
        await queries.end_back_office_logins(db, user_id=user_id, except_session_id=None, now=now)
    after = await _record(db, user_id)
    told_before, told_after = differences(_described(before), _described(after))
    _tell(db, actor, "USER_UPDATED", after, before=told_before, after=told_after)
    return after


async def renew_pin(
    db: Connection, door: Doorkeeper, *, actor: Actor, user_id: UUID, draw: Draw = hashing.new_pin
) -> tuple[Row, Secrets]:
    """A new PIN. Ends the user's back-office logins; their running till goes on.

    Raises RoleForbidden or UserNotFound.
    """
    require(actor, Permission.ADMIN_WRITE)
    await _held(db, user_id)
    pin = await _give_pin(db, door, user_id, draw)
    return await _renewed(db, actor, user_id, "USER_PIN_RENEWED"), Secrets(pin=pin)


async def renew_password(db: Connection, door: Doorkeeper, *, actor: Actor, user_id: UUID) -> tuple[Row, Secrets]:
    """A new password. Ends the user's back-office logins. Raises RoleForbidden or UserNotFound."""
    require(actor, Permission.ADMIN_WRITE)
    password = hashing.new_password()
    password_hash = await door.hasher.hash(password)
    await _held(db, user_id)
    await queries.set_password_hash(db, user_id=user_id, password_hash=password_hash, now=utc_now())
    return await _renewed(db, actor, user_id, "USER_PASSWORD_RENEWED"), Secrets(password=password)


async def _renewed(db: Connection, actor: Actor, user_id: UUID, action: str) -> Row:
    # The login in which the secret is shown stays, or an admin would be put out while reading their own.
    await queries.end_back_office_logins(db, user_id=user_id, except_session_id=actor.session_id, now=utc_now())
    row = await _record(db, user_id)
    _tell(db, actor, action, row)
    return row


async def _give_pin(db: Connection, door: Doorkeeper, user_id: UUID, draw: Draw) -> str:
    """A PIN that nobody has in any of the user's branches: the unique key decides, and the system draws again."""
    assert db.organisation_id is not None  # noqa: S101  (an authorised request has one)
    for _ in range(_PIN_DRAWS):
        pin = draw()
        lookup = hashing.pin_lookup(door.pin_pepper, db.organisation_id, pin)
        try:
            async with db.savepoint():
                await queries.set_pin_lookup(db, user_id=user_id, pin_lookup=lookup)
        except PinTaken:
            continue
        pin_hash = await door.hasher.hash(hashing.pin_secret(door.pin_pepper, pin))
        await queries.set_pin_hash(db, user_id=user_id, pin_hash=pin_hash, now=utc_now())
        return pin
    raise PinTaken


async def _require_admin_left(db: Connection, actor: Actor, before: Row, *, role: str, is_active: bool) -> None:
    was_admin = is_active_admin(before["role"], is_active=before["is_active"])
    if not was_admin or is_active_admin(role, is_active=is_active):
        return
    if not await queries.has_other_active_admin(db, before["id"]):
        raise LastAdmin
    if before["id"] == actor.id:
        raise OwnAccount


async def _require_known(db: Connection, branch_ids: Sequence[UUID]) -> None:
    if await branches.count_known(db, branch_ids) != len(branch_ids):
        raise BranchNotFound


async def _held(db: Connection, user_id: UUID) -> Row:
    if not await queries.lock_user(db, user_id):
        raise UserNotFound
    return await _record(db, user_id)


async def _record(db: Connection, user_id: UUID) -> Row:
    row = await queries.record(db, user_id)
    assert row is not None  # noqa: S101  (held or just written)
    return row


def _tell(
    db: Connection,
    actor: Actor,
    action: str,
    row: Row,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    # The user's own branch: its managers see what happened to their people.
    audit.record(
        db,
        actor,
        action,
        resource_type="user",
        resource_id=row["id"],
        branch_id=row["branch_ids"][0],
        before=before,
        after=after,
    )


def _described(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "role": row["role"],
        "branchIds": list(row["branch_ids"]),
        "isActive": row["is_active"],
    }
