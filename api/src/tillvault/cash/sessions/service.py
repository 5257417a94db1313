"""Opening drawers and reading them."""

from __future__ import annotations

import time
from datetime import date, datetime
from uuid import UUID

from tillvault.cash import domain
from tillvault.cash.access import require_session, sees_expected
from tillvault.cash.domain import CashSession, Denominations, SessionOpened, SessionStatus
from tillvault.cash.errors import NoActiveSession, RegisterInactive, SessionNotFound
from tillvault.cash.sessions import queries
from tillvault.cash.sessions.queries import Filters, Found
from tillvault.core import metrics, paging
from tillvault.core.clock import business_date, utc_now
from tillvault.core.db import Connection
from tillvault.core.errors import AppError, Unauthorized
from tillvault.core.ids import new_id
from tillvault.core.logging import log
from tillvault.core.money import Cash, to_wire
from tillvault.events import service as events
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor, Branch, Role
from tillvault.identity.errors import BranchNotFound, RegisterNotFound
from tillvault.identity.permissions import Permission, require, require_branch, sees_whole_organisation
from tillvault.identity.registers import queries as registers

View = tuple[CashSession, bool]
"""A session, and whether the reader may see what is expected."""


async def open_session(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    register_id: UUID | None,
    opening: Cash | None,
    denominations: Denominations,
    note: str | None,
) -> View:
    """Open a drawer (cash-session-api.md, "Open session"). The partial unique indexes decide races, not a prior read.

    Raises RegisterAlreadyOpen, UserAlreadyOpen, BranchNotFound, BranchForbidden, BranchInactive, RegisterNotFound,
    RegisterInactive, CurrencyNotAccepted, DenominationsMismatch, RoleForbidden.
    """
    started = time.perf_counter()
    # Left out, the register of the login is meant; in another branch that register does not stand.
    own = actor.register_id if branch_id in {None, actor.branch_id} else None
    wanted = register_id or own
    facts = {"register_id": wanted, "operator_id": actor.id, "branch_id": branch_id or actor.branch_id}
    try:
        found = await _open(
            db,
            actor=actor,
            branch_id=branch_id or actor.branch_id,
            register_id=wanted,
            given=domain.counted_cash(opening, denominations),
            denominations=denominations,
            note=note,
        )
    except AppError as refusal:
        metrics.cash_session_open.labels("refused", refusal.code).inc()
        metrics.cash_session_open_seconds.labels("refused").observe(time.perf_counter() - started)
        log().info("cash_session.open_refused", **facts, code=refusal.code)
        raise

    def tell() -> None:
        metrics.cash_session_open.labels("opened", "").inc()
        metrics.cash_session_open_seconds.labels("opened").observe(time.perf_counter() - started)
        log().info("cash_session.opened", **facts, session_id=found.session.id)

    db.after_commit.append(tell)
    return viewed(actor, found)


async def _open(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    register_id: UUID | None,
    given: Cash,
    denominations: Denominations,
    note: str | None,
) -> Found:
    require(actor, Permission.CASH_OPERATE)
    found = await branches.branch_and_policies(db, branch_id) if branch_id else None
    if found is None:
        raise BranchNotFound
    branch, policies = found
    require_branch(actor, branch.id, is_active=branch.is_active)
    register_name = await _held_register(db, branch, register_id) if register_id else None
    # Every currency of the branch stands in the drawer from the start, 0 included.
    opening = dict.fromkeys(branch.currencies, 0) | domain.held(given, branch.currencies)
    now = utc_now()
    session = CashSession(
        organisation_id=actor.organisation_id,
        id=new_id(),
        branch_id=branch.id,
        register_id=register_id,
        register_name=register_name,
        opened_by=actor.id,
        opened_by_name=actor.name,
        opened_at=now,
        business_date=business_date(now, timezone=branch.timezone, cutoff_hour=policies.business_day_cutoff_hour),
        base_currency=branch.base_currency,
        status=SessionStatus.OPEN,
        note=note,
        close_reason=None,
        close_note=None,
        forced_reason=None,
        closed_by=None,
        closed_at=None,
        counted_provided=None,
        z_number=None,
        reviewed_by=None,
        reviewed_at=None,
        review_note=None,
        updated_at=now,
        opening=opening,
        opening_denominations={currency: pieces for currency, pieces in denominations.items() if pieces},
        expected=opening,
        counted=None,
        counted_denominations={},
    )
    audit.record(
        db,
        actor,
        "CASH_SESSION_OPENED",
        resource_type="cash_session",
        resource_id=session.id,
        branch_id=session.branch_id,
        after={"registerId": session.register_id, "openingFloat": to_wire(session.opening)},
    )
    events.emit(
        db,
        SessionOpened(
            branch_id=session.branch_id,
            key=domain.session_key(session.id),
            session_id=session.id,
            register_id=session.register_id,
            operator_id=actor.id,
            business_date=session.business_date,
            opening_float_minor=session.opening,
        ),
    )
    inserted = await queries.insert(
        db,
        session_id=session.id,
        branch_id=session.branch_id,
        register_id=session.register_id,
        opened_by=session.opened_by,
        opened_at=session.opened_at,
        business_date=session.business_date,
        base_currency=session.base_currency,
        note=session.note,
        opening=session.opening,
        denominations=session.opening_denominations,
        terminal_session_id=actor.session_id,
    )
    if not inserted:
        raise Unauthorized("This login has ended. Log in again.")
    return Found(session=session, branch_is_active=True, policies=policies)


async def _branch(db: Connection, actor: Actor, branch_id: UUID | None) -> Branch:
    branch = await branches.branch(db, branch_id) if branch_id else None
    if branch is None:
        raise BranchNotFound
    require_branch(actor, branch.id, is_active=branch.is_active)
    return branch


async def _held_register(db: Connection, branch: Branch, register_id: UUID) -> str:
    """Its name; held so that a logout or release of the register comes before or after, never in between."""
    register = await registers.lock_register(db, register_id)
    if register is None or register.branch_id != branch.id:
        raise RegisterNotFound
    if not register.is_active:
        raise RegisterInactive
    return register.name


async def get_session(db: Connection, *, actor: Actor, session_id: UUID) -> View:
    """Raises SessionNotFound, RoleForbidden, BranchForbidden, BranchInactive."""
    return viewed(actor, await readable(db, actor=actor, session_id=session_id))


async def readable(db: Connection, *, actor: Actor, session_id: UUID) -> Found:
    """A session that the actor may read. Raises as `get_session`."""
    found = await queries.session(db, session_id)
    if found is None:
        raise SessionNotFound
    check_readable(actor, found)
    return found


def check_readable(actor: Actor, found: Found) -> None:
    require_session(
        actor,
        Permission.CASH_READ,
        branch_id=found.session.branch_id,
        branch_is_active=found.branch_is_active,
        opened_by=found.session.opened_by,
    )


async def active_session(db: Connection, *, actor: Actor, branch_id: UUID | None, register_id: UUID | None) -> View:
    """The actor's open drawer in a branch (cash-session-api.md, "Get active session").

    Raises NoActiveSession, BranchNotFound, BranchForbidden, BranchInactive.
    """
    require(actor, Permission.CASH_READ)
    branch = await _branch(db, actor, branch_id or actor.branch_id)
    found = await queries.open_session_of(db, branch_id=branch.id, user_id=actor.id, register_id=register_id)
    if found is None:
        raise NoActiveSession
    return viewed(actor, found)


async def list_sessions(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    register_id: UUID | None,
    opened_by: UUID | None,
    status: SessionStatus | None,
    since: datetime | date | None,
    until: datetime | date | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[View], str | None]:
    """A page of the sessions that the actor may read, newest first. A plain date means the business date.

    Raises BranchNotFound, BranchForbidden, BranchInactive, ValidationFailed.
    """
    require(actor, Permission.CASH_READ)
    visible = None if sees_whole_organisation(actor) else sorted(actor.branch_ids)
    if branch_id is not None:
        visible = [(await _branch(db, actor, branch_id)).id]
    if actor.role is Role.CASHIER and opened_by not in {None, actor.id}:
        return [], None
    filters = Filters(
        branch_ids=visible,
        opened_by=actor.id if actor.role is Role.CASHIER else opened_by,
        register_id=register_id,
        status=status,
        opened_since=since if isinstance(since, datetime) else None,
        opened_until=until if isinstance(until, datetime) else None,
        date_from=since if not isinstance(since, datetime) else None,
        date_to=until if not isinstance(until, datetime) else None,
    )
    page = await queries.sessions(db, filters=filters, after=paging.decode(cursor), limit=limit + 1)
    last = page[limit - 1].session if len(page) > limit else None
    return (
        [viewed(actor, found) for found in page[:limit]],
        paging.encode(last.opened_at, last.id) if last else None,
    )


def viewed(actor: Actor, found: Found) -> View:
    is_open = found.session.status is SessionStatus.OPEN
    return found.session, sees_expected(actor, is_blind=found.policies.cash_blind_close, is_open=is_open)
