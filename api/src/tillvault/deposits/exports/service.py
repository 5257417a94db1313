"""Use cases of exports: one now, and those that are sent by themselves. Managers and machines that read reports take
one; admins say where they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.core.periods import require_period
from tillvault.deposits.exports import figures, queries
from tillvault.deposits.exports.domain import (
    EXPORTS_MAX,
    ExportFile,
    ExportFormat,
    ExportPeriod,
    Target,
    due_at,
    first_day,
)
from tillvault.deposits.exports.errors import ExportNotDue, ExportNotFound, ExportsTooMany, ExportTargetRefused
from tillvault.deposits.exports.files import export_file
from tillvault.deposits.exports.sealing import seal
from tillvault.deposits.service import visible
from tillvault.events.webhooks import targets
from tillvault.events.webhooks.secrets import secret_of
from tillvault.identity import policies
from tillvault.identity.administration import page
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require
from tillvault.identity.webhooks.service import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be sent, and where. `secret` is that of S3."""

    name: str
    target: Target
    destination: Mapping[str, Any]
    secret: str | None
    kind: ExportFormat
    period: ExportPeriod
    lang: str
    timezone: str
    since: date | None


async def export(
    db: Connection,
    *,
    actor: Actor,
    since: date,
    until: date,
    kind: ExportFormat,
    lang: str,
    branch_id: UUID | None,
) -> ExportFile:
    """A file about the branches that the actor sees. Raises RoleForbidden, BranchNotFound, BranchForbidden,
    ValidationFailed, EurRateMissing."""
    require(actor, Permission.REPORTS_READ)
    require_period(since, until)
    found = await figures.figures(
        db,
        since=since,
        until=until,
        branch_ids=await visible(db, actor, branch_id),
        cutoff_hour=policies.DEFAULTS.business_day_cutoff_hour,
        now=utc_now(),
    )
    return export_file(found, kind, lang)


async def listed(db: Connection, *, actor: Actor, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page, oldest first. Raises RoleForbidden."""
    require(actor, Permission.DEPOSITS_ADMINISTER)
    return page(await queries.records(db, after=paging.decode(cursor), limit=limit + 1), limit)


async def create(db: Connection, desk: Desk, *, actor: Actor, plan: Plan) -> tuple[Row, str | None]:
    """A scheduled export and, for a webhook, the secret that signs. Raises RoleForbidden, ExportsTooMany or
    ExportTargetRefused."""
    require(actor, Permission.DEPOSITS_ADMINISTER)
    address = plan.destination.get("url") or plan.destination.get("endpoint")
    if address is not None:
        try:
            await targets.check(address, allow_private=desk.allow_private)
        except targets.TargetRefused as error:
            raise ExportTargetRefused(str(error)) from error
    if await queries.count(db) >= EXPORTS_MAX:
        raise ExportsTooMany
    now, export_id = utc_now(), new_id()
    today = now.astimezone(ZoneInfo(plan.timezone)).date()
    start = first_day(plan.period, plan.since or today)
    organisation_id = actor.organisation_id
    row = await queries.insert(
        db,
        export_id=export_id,
        name=plan.name,
        target=plan.target,
        destination=plan.destination,
        sealed_secret=None
        if plan.secret is None
        else seal(plan.secret, master=desk.secret, organisation_id=organisation_id, export_id=export_id),
        kind=plan.kind,
        period=plan.period,
        lang=plan.lang,
        timezone=plan.timezone,
        period_start=start,
        next_attempt_at=due_at(plan.period, start, plan.timezone),
        created_by=actor.id,
        now=now,
    )
    _audited(db, actor, "EXPORT_SCHEDULED", row, before=None)
    secret = None
    if plan.target is Target.WEBHOOK:
        secret = secret_of(desk.secret, organisation_id=organisation_id, endpoint_id=export_id, generation=1)
    return row, secret


async def change(db: Connection, *, actor: Actor, export_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Rename, deactivate or reactivate. What fell due meanwhile is sent then, a period at a time.

    Raises RoleForbidden or ExportNotFound.
    """
    require(actor, Permission.DEPOSITS_ADMINISTER)
    before = await _known(db, export_id)
    after = await queries.update(
        db,
        export_id=export_id,
        name=changes.get("name", before["name"]),
        is_active=changes.get("is_active", before["is_active"]),
        next_attempt_at=before["next_attempt_at"],
        now=utc_now(),
    )
    _audited(db, actor, "EXPORT_CHANGED", after, before=before)
    return after


async def retry(db: Connection, *, actor: Actor, export_id: UUID) -> Row:
    """Try again at once what has failed. Raises RoleForbidden, ExportNotFound or ExportNotDue."""
    require(actor, Permission.DEPOSITS_ADMINISTER)
    before = await _known(db, export_id)
    now = utc_now()
    due = due_at(ExportPeriod(before["period"]), before["period_start"], before["timezone"])
    if due > now or not before["is_active"]:
        raise ExportNotDue
    after = await queries.update(
        db,
        export_id=export_id,
        name=before["name"],
        is_active=True,
        next_attempt_at=now - timedelta(seconds=1),
        now=now,
    )
    _audited(db, actor, "EXPORT_RETRIED", after, before=before)
    return after


async def delete(db: Connection, *, actor: Actor, export_id: UUID) -> Row:
    """Send it no more, and forget where to and with which secret. Its attempts stay in the sync log; one that is under
    way is not called back. Raises RoleForbidden or ExportNotFound."""
    require(actor, Permission.DEPOSITS_ADMINISTER)
    before = await _known(db, export_id)
    await queries.delete(db, export_id)
    _audited(db, actor, "EXPORT_DELETED", before, before=before, is_gone=True)
    return before


async def _known(db: Connection, export_id: UUID) -> Row:
    row = await queries.record(db, export_id)
    if row is None:
        raise ExportNotFound
    return row


def _audited(db: Connection, actor: Actor, action: str, row: Row, *, before: Row | None, is_gone: bool = False) -> None:
    audit.record(
        db,
        actor,
        action,
        resource_type="deposit_export",
        resource_id=row["id"],
        branch_id=None,
        before=None if before is None else _described(before),
        after=None if is_gone else _described(row),
    )


def _described(row: Row) -> dict[str, Any]:
    return {"name": row["name"], "target": row["target"], "period": row["period"], "isActive": row["is_active"]}
