"""Who may see and touch which drawer (domain.md): a cashier their own, a manager those of the branch, an admin and a
machine those of the organisation."""

from __future__ import annotations

from uuid import UUID

from tillvault.identity.domain import Actor, Role
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.permissions import Permission, require, require_branch


def require_session(
    actor: Actor, permission: Permission, *, branch_id: UUID, branch_is_active: bool, opened_by: UUID
) -> None:
    """Raises RoleForbidden, BranchForbidden or BranchInactive."""
    require_branch(actor, branch_id, is_active=branch_is_active)
    require(actor, permission)
    if actor.role is Role.CASHIER and opened_by != actor.id:
        raise RoleForbidden("This is another cashier's session.")


def sees_expected(actor: Actor, *, is_blind: bool, is_open: bool) -> bool:
    """Under blind close a cashier sees no expected amount until the count is in."""
    return not (is_blind and is_open and actor.role is Role.CASHIER)
