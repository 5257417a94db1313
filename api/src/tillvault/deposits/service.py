"""Use cases of deposits. Cashiers record and read those of their branches, managers decide, admins do it anywhere; a
machine records on behalf of somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import business_date, utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.errors import ValidationFailed
from tillvault.core.ids import new_id
from tillvault.core.periods import require_period
from tillvault.deposits import queries
from tillvault.deposits.domain import (
    Channel,
    Classification,
    DepositRecorded,
    DepositStatus,
    DepositValidated,
    Goods,
    StatisticsBy,
    StatisticsLine,
    deposit_key,
)
from tillvault.deposits.errors import DepositNotFound, DepositNotPending, DepositSuperseded, OnBehalfRefused
from tillvault.events import service as events
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor, Branch, Role
from tillvault.identity.errors import BranchForbidden, BranchNotFound, RoleForbidden
from tillvault.identity.permissions import (
    ROLES,
    Permission,
    may,
    may_act_in,
    require,
    require_branch,
    sees_whole_organisation,
)
from tillvault.identity.policies import BranchPolicies


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Who answers for a deposit, and the machine that told it for them."""

    user_id: UUID
    api_key_id: UUID | None


async def record(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    on_behalf_of: UUID | None,
    channel: Channel,
    description: str,
    quantity: int,
    weight_grams: int,
    category: str | None,
    classified: Classification,
) -> Row:
    """Tell what came in. Without a category, the classifier's first suggestion stands until somebody validates.

    Raises RoleForbidden, BranchNotFound, BranchForbidden, BranchInactive, OnBehalfRefused.
    """
    require(actor, Permission.DEPOSITS_RECORD)
    branch, policies = await _branch(db, actor, branch_id)
    recorder = await _recorder(db, actor, branch, on_behalf_of)
    now = utc_now()
    goods = Goods(
        description=description,
        quantity=quantity,
        weight_grams=weight_grams,
        category=category or classified.suggestions[0].category,
    )
    return await _insert(
        db,
        actor=actor,
        branch_id=branch.id,
        recorder=recorder,
        channel=channel,
        goods=goods,
        is_category_chosen=category is not None,
        classified=classified,
        day=business_date(now, timezone=branch.timezone, cutoff_hour=policies.business_day_cutoff_hour),
        now=now,
    )


async def read(db: Connection, *, actor: Actor, deposit_id: UUID) -> Row:
    """Raises RoleForbidden, DepositNotFound or BranchForbidden."""
    require(actor, Permission.DEPOSITS_READ)
    return await _known(db, actor, deposit_id)


async def listed(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    status: DepositStatus | None,
    category: str | None,
    channel: Channel | None,
    since: date | None,
    until: date | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """A page, newest first. Raises RoleForbidden, BranchNotFound, BranchForbidden."""
    require(actor, Permission.DEPOSITS_READ)
    rows = await queries.records(
        db,
        branch_ids=await visible(db, actor, branch_id),
        status=status,
        category=category,
        channel=channel,
        since=since,
        until=until,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, paging.encode(rows[-1]["created_at"], rows[-1]["id"]) if more else None


async def validate(db: Connection, *, actor: Actor, deposit_id: UUID, category: str | None) -> Row:
    """From now on it is reported, under `category` where that is another one.

    Raises RoleForbidden, DepositNotFound, BranchForbidden, DepositNotPending.
    """
    row = await _decided(db, actor, deposit_id, is_validated=True, category=category, reason=None)
    events.emit(
        db,
        DepositValidated(
            branch_id=row["branch_id"],
            key=deposit_key(deposit_id),
            deposit_id=deposit_id,
            category=row["category"],
            quantity=row["quantity"],
            weight_grams=row["weight_grams"],
            validated_by=actor.id,
        ),
    )
    return row


async def reject(db: Connection, *, actor: Actor, deposit_id: UUID, reason: str) -> Row:
    """It is never reported. Raises as `validate` does."""
    return await _decided(db, actor, deposit_id, is_validated=False, category=None, reason=reason)


async def correct(db: Connection, *, actor: Actor, deposit_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Put another deposit in the place of this one, which counts no more; it has to be validated like any other.

    Who recorded a deposit may correct it while it waits, a manager any. Raises RoleForbidden, DepositNotFound,
    BranchForbidden, DepositSuperseded, and ValidationFailed where nothing differs.
    """
    if actor.role is None:
        raise RoleForbidden("A person corrects a deposit, not a machine.")
    require(actor, Permission.DEPOSITS_RECORD)
    await queries.hold(db, deposit_id)
    before = await _known(db, actor, deposit_id)
    if before["status"] == DepositStatus.CORRECTED:
        raise DepositSuperseded
    is_own = before["recorded_by"] == actor.id and before["status"] == DepositStatus.PENDING_VALIDATION
    if not is_own and not may(actor, Permission.DEPOSITS_VALIDATE):
        raise RoleForbidden("Only a manager corrects what others recorded, or what was decided.")
    known = {name: before[name] for name in Goods.__slots__}
    goods = Goods(**known | dict(changes))
    if goods == Goods(**known):
        raise ValidationFailed.of("body", "must name something that differs from the deposit")
    return await _insert(
        db,
        actor=actor,
        branch_id=before["branch_id"],
        recorder=Recorder(user_id=actor.id, api_key_id=None),
        channel=Channel.WEB,
        goods=goods,
        is_category_chosen="category" in changes or before["is_category_chosen"],
        classified=None,
        supersedes=before,
        day=before["business_date"],
        now=utc_now(),
    )


async def statistics(
    db: Connection, *, actor: Actor, by: StatisticsBy, since: date, until: date, branch_id: UUID | None
) -> list[StatisticsLine]:
    """Raises RoleForbidden, BranchNotFound, BranchForbidden, ValidationFailed."""
    require(actor, Permission.DEPOSITS_READ)
    require_period(since, until)
    return await queries.statistics(db, by, since=since, until=until, branch_ids=await visible(db, actor, branch_id))


async def visible(db: Connection, actor: Actor, branch_id: UUID | None) -> list[UUID] | None:
    """The branches whose deposits the actor reads; None for all. Raises BranchNotFound or BranchForbidden."""
    if branch_id is None:
        return None if sees_whole_organisation(actor) else sorted(actor.branch_ids)
    if await branches.branch(db, branch_id) is None:
        raise BranchNotFound
    if not may_act_in(actor, branch_id):
        raise BranchForbidden
    return [branch_id]


async def _branch(db: Connection, actor: Actor, branch_id: UUID | None) -> tuple[Branch, BranchPolicies]:
    wanted = branch_id or actor.branch_id
    if wanted is None:
        raise ValidationFailed.of("branchId", "must be named by a machine")
    found = await branches.branch_and_policies(db, wanted)
    if found is None:
        raise BranchNotFound
    require_branch(actor, wanted, is_active=found[0].is_active)
    return found


async def _recorder(db: Connection, actor: Actor, branch: Branch, on_behalf_of: UUID | None) -> Recorder:
    """A person records for themselves, a machine for somebody who could have done it. Raises OnBehalfRefused."""
    if actor.role is not None:
        if on_behalf_of not in {None, actor.id}:
            raise OnBehalfRefused("You record for yourself; only a machine names somebody else.")
        return Recorder(user_id=actor.id, api_key_id=None)
    row = None if on_behalf_of is None else await queries.person(db, on_behalf_of)
    if row is None or not row["is_active"]:
        raise OnBehalfRefused
    role = Role(row["role"])
    if Permission.DEPOSITS_RECORD not in ROLES[role]:
        raise OnBehalfRefused
    if role is not Role.ADMIN and branch.id not in row["branch_ids"]:
        raise OnBehalfRefused
    return Recorder(user_id=row["id"], api_key_id=actor.id)


async def _known(db: Connection, actor: Actor, deposit_id: UUID) -> Row:
    row = await queries.record(db, deposit_id)
    if row is None:
        raise DepositNotFound
    if not may_act_in(actor, row["branch_id"]):
        raise BranchForbidden
    return row


async def _decided(
    db: Connection, actor: Actor, deposit_id: UUID, *, is_validated: bool, category: str | None, reason: str | None
) -> Row:
    require(actor, Permission.DEPOSITS_VALIDATE)
    await queries.hold(db, deposit_id)
    before = await _known(db, actor, deposit_id)
    if before["status"] != DepositStatus.PENDING_VALIDATION:
        raise DepositNotPending
    await queries.insert_decision(
        db,
        deposit_id=deposit_id,
        is_validated=is_validated,
        category=category or before["category"],
        reason=reason,
        decided_by=actor.id,
        now=utc_now(),
    )
    after = await _known(db, actor, deposit_id)
    audit.record(
        db,
        actor,
        "DEPOSIT_VALIDATED" if is_validated else "DEPOSIT_REJECTED",
        resource_type="deposit",
        resource_id=deposit_id,
        branch_id=before["branch_id"],
        before=_described(before),
        after=_described(after) | ({"reason": reason} if reason else {}),
    )
    return after


async def _insert(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID,
    recorder: Recorder,
    channel: Channel,
    goods: Goods,
    is_category_chosen: bool,
    classified: Classification | None,
    day: date,
    now: datetime,
    supersedes: Row | None = None,
) -> Row:
    deposit_id = new_id()
    superseded_id = supersedes["id"] if supersedes else None
    await queries.insert_deposit(
        db,
        deposit_id=deposit_id,
        branch_id=branch_id,
        recorded_by=recorder.user_id,
        api_key_id=recorder.api_key_id,
        channel=channel,
        goods=goods,
        is_category_chosen=is_category_chosen,
        classified=classified,
        supersedes=superseded_id,
        business_date=day,
        now=now,
    )
    row = await queries.record(db, deposit_id)
    assert row is not None  # noqa: S101  (just written)
    audit.record(
        db,
        actor,
        "DEPOSIT_CORRECTED" if supersedes else "DEPOSIT_RECORDED",
        resource_type="deposit",
        resource_id=deposit_id,
        branch_id=branch_id,
        before=_described(supersedes) if supersedes else None,
        after=_described(row) | {"recordedBy": recorder.user_id},
    )
    events.emit(
        db,
        DepositRecorded(
            branch_id=branch_id,
            # A correction comes after what it corrects.
            key=deposit_key(superseded_id or deposit_id),
            deposit_id=deposit_id,
            channel=channel,
            category=goods.category,
            quantity=goods.quantity,
            weight_grams=goods.weight_grams,
            recorded_by=recorder.user_id,
            supersedes=superseded_id,
        ),
    )
    return row


def _described(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "description": row["description"],
        "quantity": row["quantity"],
        "weightGrams": row["weight_grams"],
        "category": row["category"],
        "status": row["status"],
    }
