"""Which branch a request about the catalogue means, and in which currency it keeps its prices."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from tillvault.core.db import Connection
from tillvault.core.errors import ValidationFailed
from tillvault.core.money import to_minor
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor, Branch
from tillvault.identity.errors import BranchForbidden, BranchNotFound
from tillvault.identity.permissions import may_act_in


async def branch_named(db: Connection, actor: Actor, branch_id: UUID) -> Branch:
    """Raises BranchNotFound or BranchForbidden."""
    branch = await branches.branch(db, branch_id)
    if branch is None:
        raise BranchNotFound
    if not may_act_in(actor, branch_id):
        raise BranchForbidden
    return branch


async def default_currency(db: Connection, actor: Actor) -> str | None:
    """The base currency of the actor's branch; for a machine, that of all branches, where they have only one."""
    by_branch = await branches.base_currencies(db)
    if actor.branch_id is not None:
        return by_branch[actor.branch_id]
    found = set(by_branch.values())
    return found.pop() if len(found) == 1 else None


def price_in(amount: Decimal, currency: str) -> int:
    """Raises ValidationFailed for more decimals than the currency has."""
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        raise ValidationFailed.of("price", str(error)) from error
