"""Reading figures: a manager those of their branches, an admin or a machine those of the organisation."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tillvault.cash.figures import queries
from tillvault.cash.figures.domain import (
    TakingsBy,
    TakingsLine,
    VarianceLine,
    VariancesBy,
)
from tillvault.core.db import Connection
from tillvault.core.periods import require_period
from tillvault.identity import policies
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor
from tillvault.identity.errors import BranchNotFound
from tillvault.identity.permissions import Permission, require, require_branch, sees_whole_organisation


async def takings(
    db: Connection, *, actor: Actor, by: TakingsBy, since: date, until: date, branch_id: UUID | None
) -> list[TakingsLine]:
    """What was taken on the business days of a period. Raises RoleForbidden, BranchNotFound, BranchForbidden,
    BranchInactive, ValidationFailed."""
    visible = await _visible(db, actor, branch_id, since, until)
    return await queries.takings(
        db,
        by,
        since=since,
        until=until,
        branch_ids=visible,
        cutoff_hour=policies.DEFAULTS.business_day_cutoff_hour,
    )


async def variances(
    db: Connection,
    *,
    actor: Actor,
    by: VariancesBy,
    since: date,
    until: date,
    branch_id: UUID | None,
    register_id: UUID | None,
    opened_by: UUID | None,
) -> list[VarianceLine]:
    """What was found too much or too little when drawers were counted, of one register or person where one is named.
    Raises as `takings` does."""
    visible = await _visible(db, actor, branch_id, since, until)
    return await queries.variances(
        db, by, since=since, until=until, branch_ids=visible, register_id=register_id, opened_by=opened_by
    )


async def _visible(db: Connection, actor: Actor, branch_id: UUID | None, since: date, until: date) -> list[UUID] | None:
    """The branches that are summed; None for all of the organisation."""
    require(actor, Permission.REPORTS_READ)
    require_period(since, until)
    if branch_id is None:
        return None if sees_whole_organisation(actor) else sorted(actor.branch_ids)
    branch = await branches.branch(db, branch_id)
    if branch is None:
        raise BranchNotFound
    require_branch(actor, branch.id, is_active=branch.is_active)
    return [branch.id]
