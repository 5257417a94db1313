"""Reading alerts. They are what the drawers are, not a log of messages: who reads twice finds the same keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tillvault.cash.domain import CloseReason, SessionStatus
from tillvault.cash.schemas import balances
from tillvault.cash.sessions import queries
from tillvault.cash.sessions.queries import Found
from tillvault.core.clock import business_date, utc_now
from tillvault.core.db import Connection
from tillvault.identity.administration import visible_branches
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor, Branch
from tillvault.identity.permissions import Permission, require
from tillvault.terminals.alerts.schemas import Alert, AlertKind, Alerts, VaultAlert
from tillvault.vault import checks

ALERTS_MAX = 500
SINCE_DEFAULT = timedelta(days=1)


async def alerts(db: Connection, *, actor: Actor, since: datetime | None) -> Alerts:
    """Newest first: what waits or lasts, and what happened `since`, a day ago if left out. A manager hears of their
    branches, a machine of the organisation. Raises RoleForbidden."""
    require(actor, Permission.CASH_READ if actor.role is None else Permission.CASH_SUPERVISE)
    now = utc_now()
    found = await queries.worth_a_look(
        db, branch_ids=visible_branches(actor), since=since or now - SINCE_DEFAULT, limit=ALERTS_MAX
    )
    places: dict[object, Branch] = {}
    for branch_id in {each.session.branch_id for each in found}:
        branch = await branches.branch(db, branch_id)
        assert branch is not None  # noqa: S101  (a foreign key holds it)
        places[branch_id] = branch
    return Alerts.model_construct(
        items=[alert for each in found for alert in _alerts_of(each, places[each.session.branch_id], now)],
        vault=await _vault_alert(db),
    )


async def _vault_alert(db: Connection) -> VaultAlert | None:
    fault = await checks.standing_fault(db)
    if fault is None:
        return None
    return VaultAlert.model_construct(
        key=f"VAULT_BROKEN:{fault['id']}", at=fault["checked_at"], index=fault["fault_index"], reason=fault["fault"]
    )


def _alerts_of(found: Found, branch: Branch, now: datetime) -> Iterator[Alert]:
    session = found.session
    if session.status is SessionStatus.OPEN:
        today = business_date(now, timezone=branch.timezone, cutoff_hour=found.policies.business_day_cutoff_hour)
        if session.business_date < today:
            yield _alert(found, AlertKind.OPEN_PAST_CUTOFF, session.opened_at)
        return
    kind = AlertKind.VARIANCE if session.close_reason is CloseReason.NORMAL else AlertKind.FORCE_CLOSED
    yield _alert(found, kind, session.closed_at or session.updated_at)


def _alert(found: Found, kind: AlertKind, at: datetime) -> Alert:
    session = found.session
    return Alert.model_construct(
        key=f"{kind}:{session.id}",
        kind=kind,
        at=at,
        branch_id=session.branch_id,
        session_id=session.id,
        register_name=session.register_name,
        opened_by=session.opened_by,
        opened_by_name=session.opened_by_name,
        business_date=session.business_date,
        status=session.status,
        close_reason=session.close_reason,
        forced_reason=session.forced_reason,
        closed_by=session.closed_by,
        needs_review=session.status is SessionStatus.PENDING_REVIEW,
        balances=balances(session.opening, session.expected, session.counted),
    )
