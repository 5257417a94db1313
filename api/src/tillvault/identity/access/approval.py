"""Somebody with more rights approves on the spot, at the device of who asks, by their PIN."""

from __future__ import annotations

from uuid import UUID

from tillvault.identity.access import service as access
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor
from tillvault.identity.errors import InvalidCredentials
from tillvault.identity.permissions import ROLES, Permission


async def approver_of(door: Doorkeeper, *, actor: Actor, pin: str, permission: Permission) -> UUID | None:
    """Who has this PIN in the actor's branch, if they have the permission and are somebody else; None otherwise.

    Asked before the transaction of the act begins, because it takes time that no drawer should be held for. Wrong PINs
    count as they do at a login. Raises TooManyAttempts.
    """
    async with door.database.transaction(actor.organisation_id) as db:
        branch = await branches.branch(db, actor.branch_id) if actor.branch_id else None
    if branch is None:
        return None
    try:
        proven = await access.prove_pin(door, store_code=branch.code, pin=pin, caller=actor.caller)
    except InvalidCredentials:
        return None
    is_welcome = permission in ROLES[proven.role] and proven.user_id != actor.id
    return proven.user_id if is_welcome else None
