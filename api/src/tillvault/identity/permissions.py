"""What a role may do: one table (domain.md, "People and places"). An API key may do what its scopes say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from tillvault.identity.domain import Actor, Role
from tillvault.identity.errors import BranchForbidden, BranchInactive, RoleForbidden


class Permission(StrEnum):
    CASH_OPERATE = "cash:operate"
    """Open, move and close one's own drawer."""
    CASH_SUPERVISE = "cash:supervise"
    """Act on the drawers of others: approve, force-close, review."""
    CASH_READ = "cash:read"
    AUDIT_READ = "audit:read"
    ADMIN_READ = "admin:read"
    """Read branches, registers, users, policies, API keys."""
    ADMIN_WRITE = "admin:write"
    TICKETS_WRITE = "tickets:write"
    """Record tickets in the vault."""
    TICKETS_READ = "tickets:read"
    CATALOGUE_READ = "catalogue:read"
    CATALOGUE_WRITE = "catalogue:write"
    """Change categories, products and prices."""
    SALES_SELL = "sales:sell"
    """Sell and refund from one's own drawer."""
    SALES_SUPERVISE = "sales:supervise"
    """Decide a price, approve a refund, see the sales of others."""
    SALES_READ = "sales:read"
    REPORTS_READ = "reports:read"
    """Figures over many drawers and people: takings, differences."""
    DEPOSITS_RECORD = "deposits:write"
    """Tell what was brought in; a machine does so on behalf of a person."""
    DEPOSITS_READ = "deposits:read"
    DEPOSITS_VALIDATE = "deposits:validate"
    """Decide what is reported."""
    DEPOSITS_ADMINISTER = "deposits:administer"
    """Say where exports are sent by themselves."""
    WEBHOOKS_ADMINISTER = "webhooks:administer"
    TERMINALS_ADMINISTER = "terminals:administer"
    """See every terminal of the organisation and release one."""
    BOT_LINK = "bot:link"
    """Link Telegram accounts, and act for the people behind them as far as FOR_BOTS goes. For API keys alone."""


_CASHIER = frozenset(
    {
        Permission.CASH_OPERATE,
        Permission.CASH_READ,
        Permission.CATALOGUE_READ,
        Permission.SALES_SELL,
        Permission.SALES_READ,
        Permission.DEPOSITS_RECORD,
        Permission.DEPOSITS_READ,
    }
)
_MANAGER = _CASHIER | {
    Permission.CASH_SUPERVISE,
    Permission.AUDIT_READ,
    Permission.ADMIN_READ,
    Permission.TICKETS_READ,
    Permission.CATALOGUE_WRITE,
    Permission.SALES_SUPERVISE,
    Permission.REPORTS_READ,
    Permission.DEPOSITS_VALIDATE,
}

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.CASHIER: _CASHIER,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Permission),
}

MACHINE_SCOPES: frozenset[Permission] = frozenset(
    {
        Permission.CASH_READ,
        Permission.AUDIT_READ,
        Permission.ADMIN_READ,
        Permission.TICKETS_READ,
        Permission.TICKETS_WRITE,
        Permission.CATALOGUE_READ,
        Permission.CATALOGUE_WRITE,
        Permission.SALES_READ,
        Permission.REPORTS_READ,
        Permission.DEPOSITS_READ,
        Permission.DEPOSITS_RECORD,
        Permission.BOT_LINK,
    }
)
"""What an API key can be given: nothing that needs a person who answers for it."""


FOR_BOTS: frozenset[Permission] = frozenset(
    {Permission.CASH_READ, Permission.CASH_SUPERVISE, Permission.DEPOSITS_READ, Permission.DEPOSITS_RECORD}
)
"""What a person may do through the bot, if their role allows it: nothing else of theirs passes through a key."""


def may(actor: Actor, permission: Permission) -> bool:
    if actor.role is None:
        return permission in actor.scopes
    return permission in ROLES[actor.role] and (not actor.scopes or permission in actor.scopes)


def require(actor: Actor, permission: Permission) -> None:
    """Raises RoleForbidden."""
    if not may(actor, permission):
        raise RoleForbidden


def sees_whole_organisation(actor: Actor) -> bool:
    """Admins and API keys are bound to the organisation, everybody else to branches."""
    return actor.role is None or actor.role is Role.ADMIN


def may_act_in(actor: Actor, branch_id: UUID | None) -> bool:
    return sees_whole_organisation(actor) or branch_id in actor.branch_ids


def require_branch(actor: Actor, branch_id: UUID | None, *, is_active: bool) -> None:
    """The branch guard (cash-session-api.md, "Branch guard"). Raises BranchForbidden or BranchInactive."""
    if not may_act_in(actor, branch_id):
        raise BranchForbidden
    if not is_active:
        raise BranchInactive
