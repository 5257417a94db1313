"""Closing a drawer: one path, as a whole or not at all (domain.md, "Cash sessions")."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tillvault.cash import domain, reports
from tillvault.cash.access import require_session
from tillvault.cash.closing import queries
from tillvault.cash.closing.queries import Figures
from tillvault.cash.domain import (
    CashSession,
    CloseReason,
    Denominations,
    Recount,
    SessionClosed,
    SessionReviewed,
    SessionStatus,
)
from tillvault.cash.errors import (
    MovementsPending,
    SelfReviewForbidden,
    SessionNotFound,
    SessionNotOpen,
    SessionNotPendingReview,
    SessionStillOpen,
)
from tillvault.cash.movements import queries as movements
from tillvault.cash.sessions import queries as sessions
from tillvault.cash.sessions.queries import Found
from tillvault.cash.takings import queries as takings_queries
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.logging import log
from tillvault.core.money import Cash, add, subtract, to_wire
from tillvault.events import service as events
from tillvault.identity.access import service as access
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission


async def close_session(
    db: Connection,
    *,
    actor: Actor,
    session_id: UUID,
    counted: Cash | None,
    denominations: Denominations,
    left: Cash | None,
    note: str | None,
) -> CashSession:
    """Count and close, and say what stays in the drawer. Beyond the branch's threshold the session waits for a review.

    Raises SessionNotFound, SessionNotOpen, MovementsPending, CountRequired, CurrencyNotAccepted,
    DenominationsMismatch, LeftExceedsCount, RoleForbidden, BranchForbidden, BranchInactive.
    """
    found, series_id = await _held_open(db, actor, Permission.CASH_OPERATE, session_id)
    figures = await queries.figures(db, session_id, series_id=series_id)
    if figures.waiting:
        raise MovementsPending
    expected = _expected(found.session, figures)
    count = domain.complete_count(domain.counted_cash(counted, denominations), expected)
    return await _close(
        db,
        actor,
        found,
        series_id=series_id,
        figures=figures,
        counted=count,
        denominations=denominations,
        left=domain.left_cash(left, count),
        is_counted=True,
        reason=CloseReason.NORMAL,
        forced_reason=None,
        note=note,
    )


async def force_close_session(
    db: Connection,
    *,
    actor: Actor,
    session_id: UUID,
    counted: Cash | None,
    denominations: Denominations,
    forced_reason: str,
    note: str | None,
    reason: CloseReason = CloseReason.FORCED,
) -> CashSession:
    """Close a drawer whose cashier does not. What was not counted takes its expected amount and waits for a review;
    movements that wait are declined.

    Raises SessionNotFound, SessionNotOpen, CurrencyNotAccepted, DenominationsMismatch, RoleForbidden,
    BranchForbidden, BranchInactive.
    """
    # A branch that was closed down may still have a register to release.
    is_release = reason is CloseReason.RELEASED
    found, series_id = await _held_open(db, actor, Permission.CASH_SUPERVISE, session_id, in_inactive_branch=is_release)
    await movements.decline_waiting(
        db, session_id=session_id, decided_by=actor.id, note="The session was closed by force.", now=utc_now()
    )
    figures = await queries.figures(db, session_id, series_id=series_id)
    expected = _expected(found.session, figures)
    given = domain.held(domain.counted_cash(counted, denominations), expected.keys())
    return await _close(
        db,
        actor,
        found,
        series_id=series_id,
        figures=figures,
        counted=expected | given,
        denominations=denominations,
        left=None,
        is_counted=given.keys() == expected.keys(),
        reason=reason,
        forced_reason=forced_reason,
        note=note,
    )


async def review_session(
    db: Connection,
    *,
    actor: Actor,
    session_id: UUID,
    is_recount: bool,
    counted: Cash | None,
    denominations: Denominations,
    note: str | None,
) -> CashSession:
    """Approve a difference, or count again: a recount is a row beside the first count, and the Z keeps the first.

    Raises SessionNotFound, SessionStillOpen, SessionNotPendingReview, SelfReviewForbidden, CountRequired,
    CurrencyNotAccepted, DenominationsMismatch, RoleForbidden, BranchForbidden, BranchInactive.
    """
    # The lock comes first and in a statement of its own: what is read after it is what the last holder committed.
    await movements.lock_session(db, session_id)
    found = await sessions.session(db, session_id)
    if found is None:
        raise SessionNotFound
    _check(actor, found, Permission.CASH_SUPERVISE)
    session = found.session
    if session.status is SessionStatus.OPEN:
        raise SessionStillOpen
    if session.status is not SessionStatus.PENDING_REVIEW:
        raise SessionNotPendingReview
    if session.closed_by == actor.id:
        raise SelfReviewForbidden
    now = utc_now()
    status, count, recounts = SessionStatus.CLOSED, session.counted or {}, session.recounts
    if is_recount:
        count = domain.complete_count(domain.counted_cash(counted, denominations), session.expected)
        number = len(recounts) + 2
        await queries.recount(
            db,
            session_id,
            number=number,
            counted=count,
            expected=session.expected,
            denominations=denominations,
            counted_by=actor.id,
            now=now,
        )
        recounts = [
            *recounts,
            Recount(
                number=number,
                counted=count,
                expected=session.expected,
                denominations=denominations,
                counted_by=actor.id,
                counted_at=now,
            ),
        ]
        if not found.policies.is_within_threshold(subtract(count, session.expected)):
            status = SessionStatus.PENDING_REVIEW
    await queries.review(db, session_id, status=status, reviewed_by=actor.id, note=note, now=now)
    is_settled = status is SessionStatus.CLOSED
    reviewed = replace(
        session,
        status=status,
        recounts=recounts,
        reviewed_by=actor.id if is_settled else None,
        reviewed_at=now if is_settled else None,
        review_note=note if is_settled else None,
        updated_at=now,
    )
    decision = "RECOUNT" if is_recount else "APPROVE"
    _tell_review(db, actor, reviewed, decision=decision, counted=count, note=note)
    return reviewed


async def _held_open(
    db: Connection, actor: Actor, permission: Permission, session_id: UUID, *, in_inactive_branch: bool = False
) -> tuple[Found, UUID]:
    """The session, held with its register, if it is open and the actor's to close."""
    series_id = await queries.hold_series(db, session_id)
    found = await sessions.lock_unsummed(db, session_id) if series_id else None
    if series_id is None or found is None:
        raise SessionNotFound
    _check(actor, found, permission, in_inactive_branch=in_inactive_branch)
    if found.session.status is not SessionStatus.OPEN:
        raise SessionNotOpen
    return found, series_id


def _check(actor: Actor, found: Found, permission: Permission, *, in_inactive_branch: bool = False) -> None:
    require_session(
        actor,
        permission,
        branch_id=found.session.branch_id,
        branch_is_active=found.branch_is_active or in_inactive_branch,
        opened_by=found.session.opened_by,
    )


def _expected(session: CashSession, figures: Figures) -> Cash:
    return domain.expected_cash(session.opening, add(*figures.totals.values()))


async def _close(
    db: Connection,
    actor: Actor,
    found: Found,
    *,
    series_id: UUID,
    figures: Figures,
    counted: Cash,
    denominations: Denominations,
    left: Cash | None,
    is_counted: bool,
    reason: CloseReason,
    forced_reason: str | None,
    note: str | None,
) -> CashSession:
    now = utc_now()
    expected = _expected(found.session, figures)
    within = is_counted and found.policies.is_within_threshold(subtract(counted, expected))
    closed = replace(
        found.session,
        status=SessionStatus.CLOSED if within else SessionStatus.PENDING_REVIEW,
        close_reason=reason,
        close_note=note,
        forced_reason=forced_reason,
        closed_by=actor.id,
        closed_at=now,
        counted_provided=is_counted,
        z_number=figures.last_z_number + 1,
        expected=expected,
        counted=counted,
        counted_denominations={currency: pieces for currency, pieces in denominations.items() if pieces},
        left=left,
        updated_at=now,
    )
    listed = await reports.newest_movements(db, closed) if figures.movements else []
    # Held until the commit: no receipt of the series comes between the perpetual totals and this Z.
    receipts_through = await takings_queries.last_receipt(db, series_id)
    takings = await reports.takings_of(db, closed, series_id=series_id, receipts=receipts_through)
    material = reports.Material(session=closed, figures=figures, movements=listed, takings=takings)
    if closed.register_id is not None:
        await access.end_paused_session(db, user_id=closed.opened_by, register_id=closed.register_id, now=now)
    _tell_close(db, actor, closed, now)
    await queries.close(
        db,
        closed,
        series_id=series_id,
        z_body=reports.z_bytes(material, now=now),
        perpetual=takings.perpetual,
        receipts_through=receipts_through,
    )
    return closed


def _tell_close(db: Connection, actor: Actor, session: CashSession, now: datetime) -> None:
    assert session.close_reason is not None  # noqa: S101  (a closed session has all of these)
    assert session.z_number is not None  # noqa: S101  (as above)
    assert session.counted is not None  # noqa: S101  (as above)
    assert session.variance is not None  # noqa: S101  (as above)
    is_forced = session.close_reason is not CloseReason.NORMAL
    audit.record(
        db,
        actor,
        "CASH_SESSION_FORCE_CLOSED" if is_forced else "CASH_SESSION_CLOSED",
        resource_type="cash_session",
        resource_id=session.id,
        branch_id=session.branch_id,
        before={"status": SessionStatus.OPEN},
        after={
            "status": session.status,
            "closeReason": session.close_reason,
            "zNumber": session.z_number,
            "expectedCash": to_wire(session.expected),
            "countedCash": to_wire(session.counted),
            "variance": to_wire(session.variance),
            "countedProvided": session.counted_provided,
            **({"leftCash": to_wire(session.left)} if session.left is not None else {}),
            **({"reason": session.forced_reason} if session.forced_reason else {}),
        },
    )
    events.emit(
        db,
        SessionClosed(
            branch_id=session.branch_id,
            key=domain.session_key(session.id),
            session_id=session.id,
            register_id=session.register_id,
            operator_id=actor.id,
            business_date=session.business_date,
            close_reason=session.close_reason,
            status=session.status,
            z_number=session.z_number,
            counted_provided=bool(session.counted_provided),
            expected_cash_minor=session.expected,
            counted_cash_minor=session.counted,
            variance_minor=session.variance,
            left_cash_minor=session.left,
            removed_cash_minor=session.removed,
        ),
    )
    facts = {
        "session_id": session.id,
        "register_id": session.register_id,
        "operator_id": actor.id,
        "branch_id": session.branch_id,
        "status": session.status,
        "seconds_open": round((now - session.opened_at).total_seconds()),
    }
    name = "cash_session.force_closed" if is_forced else "cash_session.closed"
    db.after_commit.append(lambda: log().info(name, **facts))


def _tell_review(
    db: Connection, actor: Actor, session: CashSession, *, decision: str, counted: Cash, note: str | None
) -> None:
    variance = subtract(counted, session.expected)
    audit.record(
        db,
        actor,
        "CASH_SESSION_RECOUNTED" if decision == "RECOUNT" else "CASH_SESSION_REVIEWED",
        resource_type="cash_session",
        resource_id=session.id,
        branch_id=session.branch_id,
        before={"status": SessionStatus.PENDING_REVIEW},
        after={
            "status": session.status,
            "countedCash": to_wire(counted),
            "variance": to_wire(variance),
            **({"note": note} if note else {}),
        },
    )
    events.emit(
        db,
        SessionReviewed(
            branch_id=session.branch_id,
            key=domain.session_key(session.id),
            session_id=session.id,
            register_id=session.register_id,
            operator_id=actor.id,
            decision=decision,
            status=session.status,
            counted_cash_minor=counted,
            variance_minor=variance,
        ),
    )
