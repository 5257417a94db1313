"""Use cases of branches and their policies: admins change them, managers read their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.errors import ValidationFailed
from tillvault.core.ids import new_id
from tillvault.identity import policies
from tillvault.identity.administration import differences, page, visible_branches
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries
from tillvault.identity.branches.domain import drawer_currencies, store_code
from tillvault.identity.domain import Actor, Branch
from tillvault.identity.errors import BranchCodeTaken, BranchForbidden, BranchNotFound
from tillvault.identity.permissions import Permission, may_act_in, require
from tillvault.identity.policies import BranchPolicies

_CODE_DRAWS = 20


def hex_digits() -> str:
    return secrets.token_hex(2)


async def listed(db: Connection, *, actor: Actor, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page, oldest first. Raises RoleForbidden."""
    require(actor, Permission.ADMIN_READ)
    rows = await queries.records(db, branch_ids=visible_branches(actor), after=paging.decode(cursor), limit=limit + 1)
    return page(rows, limit)


async def read(db: Connection, *, actor: Actor, branch_id: UUID) -> Row:
    """Raises RoleForbidden, BranchNotFound or BranchForbidden."""
    require(actor, Permission.ADMIN_READ)
    row = await queries.record(db, branch_id)
    if row is None:
        raise BranchNotFound
    if not may_act_in(actor, branch_id):
        raise BranchForbidden
    return row


async def create(
    db: Connection,
    *,
    actor: Actor,
    code: str | None,
    name: str,
    timezone: str,
    base_currency: str,
    currencies: Sequence[str] | None,
    is_active: bool,
) -> Row:
    """Raises RoleForbidden, ValidationFailed or BranchCodeTaken."""
    require(actor, Permission.ADMIN_WRITE)
    branch = Branch(
        id=new_id(),
        code=code or "",
        name=name,
        timezone=timezone,
        base_currency=base_currency,
        currencies=_currencies(base_currency, currencies or (base_currency,)),
        is_active=is_active,
    )
    row = await insert(db, branch=branch)
    audit.record(
        db,
        actor,
        "BRANCH_CREATED",
        resource_type="branch",
        resource_id=branch.id,
        branch_id=branch.id,
        after=_described(queries.branch_of(row)),
    )
    return row


async def insert(db: Connection, *, branch: Branch, draw: Callable[[], str] = hex_digits) -> Row:
    """Write a branch; one without a code gets one that no shop has. Raises BranchCodeTaken."""
    if branch.code:
        await queries.insert_branch(db, branch=branch, now=utc_now())
    else:
        await _insert_with_new_code(db, branch, draw)
    row = await queries.record(db, branch.id)
    assert row is not None  # noqa: S101  (just written)
    return row


async def _insert_with_new_code(db: Connection, branch: Branch, draw: Callable[[], str]) -> None:
    for _ in range(_CODE_DRAWS):
        try:
            async with db.savepoint():
                await queries.insert_branch(
                    db, branch=replace(branch, code=store_code(branch.name, draw())), now=utc_now()
                )
        except BranchCodeTaken:
            continue
        return
    raise BranchCodeTaken


async def change(db: Connection, *, actor: Actor, branch_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Raises RoleForbidden, BranchNotFound, ValidationFailed or BranchCodeTaken."""
    require(actor, Permission.ADMIN_WRITE)
    row = await queries.lock_record(db, branch_id)
    if row is None:
        raise BranchNotFound
    before = queries.branch_of(row)
    after = replace(before, **changes)
    after = replace(after, currencies=_currencies(after.base_currency, after.currencies))
    if after == before:
        return row
    row = await queries.update_branch(db, branch=after, now=utc_now())
    told_before, told_after = differences(_described(before), _described(after))
    audit.record(
        db,
        actor,
        "BRANCH_UPDATED",
        resource_type="branch",
        resource_id=branch_id,
        branch_id=branch_id,
        before=told_before,
        after=told_after,
    )
    await _drop_stale_rates(db, actor, before, after)
    return row


async def _drop_stale_rates(db: Connection, actor: Actor, before: Branch, after: Branch) -> None:
    """Rates are units per unit of the base currency: with another base they would be wrong, not only old."""
    rates = (await queries.branch_policies(db, after.id)).fx_rates
    kept = {currency: rate for currency, rate in rates.items() if currency in after.currencies}
    if before.base_currency != after.base_currency:
        kept = {}
    if kept != rates:
        await _save_policies(db, actor, after, {"fx_rates": kept})


async def read_policies(db: Connection, *, actor: Actor, branch_id: UUID) -> BranchPolicies:
    """Raises RoleForbidden, BranchNotFound or BranchForbidden."""
    await read(db, actor=actor, branch_id=branch_id)
    return await queries.branch_policies(db, branch_id)


async def change_policies(
    db: Connection, *, actor: Actor, branch_id: UUID, changes: Mapping[str, Any]
) -> BranchPolicies:
    """Replace each named policy whole. Raises RoleForbidden, BranchNotFound or ValidationFailed."""
    require(actor, Permission.ADMIN_WRITE)
    row = await queries.lock_record(db, branch_id)
    if row is None:
        raise BranchNotFound
    branch = queries.branch_of(row)
    _require_held(branch, changes.get("fx_rates", {}))
    return await _save_policies(db, actor, branch, changes)


async def _save_policies(db: Connection, actor: Actor, branch: Branch, changes: Mapping[str, Any]) -> BranchPolicies:
    stored = await queries.stored_policies(db, branch.id)
    decided = stored | policies.to_stored(changes)
    before, after = policies.from_stored(stored), policies.from_stored(decided)
    if decided != stored:
        await queries.save_policies(db, branch_id=branch.id, stored=decided, now=utc_now())
    told_before, told_after = differences(policies.described(before), policies.described(after))
    if told_after:
        audit.record(
            db,
            actor,
            "BRANCH_POLICIES_CHANGED",
            resource_type="branch",
            resource_id=branch.id,
            branch_id=branch.id,
            before=told_before,
            after=told_after,
        )
    return after


def _require_held(branch: Branch, rates: Mapping[str, Decimal]) -> None:
    for currency in rates:
        if currency == branch.base_currency or currency not in branch.currencies:
            raise ValidationFailed.of(
                f"fxRates.{currency}", "must be a currency that the branch holds, other than its base currency"
            )


def _currencies(base_currency: str, currencies: Sequence[str]) -> tuple[str, ...]:
    try:
        return drawer_currencies(base_currency, currencies)
    except ValueError as error:
        raise ValidationFailed.of("currencies", str(error)) from error


def _described(branch: Branch) -> dict[str, Any]:
    return {
        "code": branch.code,
        "name": branch.name,
        "timezone": branch.timezone,
        "baseCurrency": branch.base_currency,
        "currencies": list(branch.currencies),
        "isActive": branch.is_active,
    }
