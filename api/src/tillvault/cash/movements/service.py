"""Cash that goes in and out by hand, and its approval (domain.md, "Cash sessions")."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from tillvault.cash import domain
from tillvault.cash.access import require_session
from tillvault.cash.domain import ManualMovementType, Movement, MovementRecorded, MovementStatus, MovementType
from tillvault.cash.errors import (
    InsufficientCash,
    MovementAlreadyDecided,
    MovementApprovalRequired,
    MovementNotFound,
    PaidOutNotAllowed,
    SelfReviewForbidden,
    SessionNotFound,
    SessionNotOpen,
)
from tillvault.cash.movements import queries
from tillvault.cash.movements.queries import LockedSession
from tillvault.cash.sessions.service import readable
from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.errors import ValidationFailed
from tillvault.core.ids import new_id
from tillvault.core.money import Cash, to_wire
from tillvault.events import service as events
from tillvault.identity.access import approval
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor, Role
from tillvault.identity.permissions import Permission


async def record_movement(
    db: Connection,
    *,
    actor: Actor,
    session_id: UUID,
    branch_id: UUID | None,
    register_id: UUID | None,
    kind: ManualMovementType,
    amounts: Cash,
    reason: str,
) -> Movement:
    """Put cash in or take it out. Above the branch's limit a cashier's movement waits for a manager.

    Raises SessionNotFound, SessionNotOpen, CurrencyNotAccepted, InsufficientCash, PaidOutNotAllowed, RoleForbidden,
    BranchForbidden, BranchInactive, ValidationFailed.
    """
    session = await _open_session(db, actor, Permission.CASH_OPERATE, session_id)
    _check_place(session, branch_id, register_id)
    if kind is ManualMovementType.PAID_OUT and not session.policies.cash_allow_paid_out:
        raise PaidOutNotAllowed
    movement_type = MovementType(kind)
    effect = domain.effect_of(movement_type, domain.held(amounts, session.opening))
    await _check_funds(db, session, effect)
    waits = actor.role is Role.CASHIER and session.policies.needs_approval(effect)
    movement = Movement(
        organisation_id=actor.organisation_id,
        id=new_id(),
        branch_id=session.branch_id,
        register_id=session.register_id,
        session_id=session.id,
        actor_id=actor.id,
        actor_name=actor.name,
        type=movement_type,
        status=MovementStatus.PENDING if waits else MovementStatus.APPROVED,
        effect=effect,
        reason=reason,
        ref_sale_id=None,
        decided_by=None,
        decided_at=None,
        created_at=utc_now(),
    )
    _tell(db, actor, movement, "CASH_MOVEMENT_RECORDED")
    await queries.insert(db, movement)
    return movement


async def approver_of(door: Doorkeeper, *, actor: Actor, pin: str) -> UUID:
    """The manager of the actor's branch whose PIN this is. Raises MovementApprovalRequired, TooManyAttempts."""
    approver_id = await approval.approver_of(door, actor=actor, pin=pin, permission=Permission.CASH_SUPERVISE)
    if approver_id is None:
        raise MovementApprovalRequired
    return approver_id


async def decide_movement(
    db: Connection,
    *,
    actor: Actor,
    session_id: UUID,
    movement_id: UUID,
    status: MovementStatus,
    note: str | None,
    approver_id: UUID | None,
) -> Movement:
    """Approve or decline a waiting movement; its author may not. With an `approver_id` a manager decides by PIN at the
    till of whoever asks.

    Raises SessionNotFound, SessionNotOpen, MovementNotFound, MovementAlreadyDecided, SelfReviewForbidden,
    InsufficientCash, RoleForbidden, BranchForbidden, BranchInactive.
    """
    permission = Permission.CASH_SUPERVISE if approver_id is None else Permission.CASH_OPERATE
    session = await _open_session(db, actor, permission, session_id)
    decider = approver_id or actor.id
    movement = await queries.movement(
        db, session_id=session_id, register_id=session.register_id, movement_id=movement_id
    )
    if movement is None:
        raise MovementNotFound
    if movement.status is not MovementStatus.PENDING:
        raise MovementAlreadyDecided
    if movement.actor_id == decider:
        raise SelfReviewForbidden
    if status is MovementStatus.APPROVED:
        await _check_funds(db, session, movement.effect)
    now = utc_now()
    await queries.decide(
        db, session_id=session_id, movement_id=movement_id, status=status, decided_by=decider, note=note, now=now
    )
    decided = replace(movement, status=status, decided_by=decider, decided_at=now)
    _tell(db, actor, decided, f"CASH_MOVEMENT_{status}", note=note)
    return decided


async def list_movements(
    db: Connection, *, actor: Actor, session_id: UUID, status: MovementStatus | None, cursor: str | None, limit: int
) -> tuple[list[Movement], str | None]:
    """A page of a session's movements, newest first. Raises as reading the session does."""
    found = await readable(db, actor=actor, session_id=session_id)
    page = await queries.movements(
        db,
        session_id,
        register_id=found.session.register_id,
        status=status,
        after=paging.decode(cursor),
        limit=limit + 1,
    )
    last = page[limit - 1] if len(page) > limit else None
    return page[:limit], paging.encode(last.created_at, last.id) if last else None


async def _open_session(db: Connection, actor: Actor, permission: Permission, session_id: UUID) -> LockedSession:
    session = await queries.lock_session(db, session_id)
    if session is None:
        raise SessionNotFound
    require_session(
        actor,
        permission,
        branch_id=session.branch_id,
        branch_is_active=session.branch_is_active,
        opened_by=session.opened_by,
    )
    if session.status is not domain.SessionStatus.OPEN:
        raise SessionNotOpen
    return session


def _check_place(session: LockedSession, branch_id: UUID | None, register_id: UUID | None) -> None:
    """A body may repeat where the session stands; naming another place is a mistake."""
    if branch_id is not None and branch_id != session.branch_id:
        raise ValidationFailed.of("branchId", "is not the branch of this session")
    if register_id is not None and register_id != session.register_id:
        raise ValidationFailed.of("registerId", "is not the register of this session")


async def _check_funds(db: Connection, session: LockedSession, effect: Cash) -> None:
    # Only what takes out can leave less than nothing; money in is recorded without summing the drawer.
    if session.policies.cash_allow_negative_drawer or all(minor > 0 for minor in effect.values()):
        return
    expected = domain.expected_cash(session.opening, await queries.moved(db, session.id))
    if domain.would_be_negative(expected, effect):
        raise InsufficientCash


def _tell(db: Connection, actor: Actor, movement: Movement, action: str, *, note: str | None = None) -> None:
    amounts = domain.amounts_of(movement.type, movement.effect)
    audit.record(
        db,
        actor,
        action,
        resource_type="cash_movement",
        resource_id=movement.id,
        branch_id=movement.branch_id,
        after={
            "sessionId": movement.session_id,
            "type": movement.type,
            "status": movement.status,
            "amounts": to_wire(amounts),
            "reason": movement.reason,
            **({"decidedBy": movement.decided_by} if movement.decided_by else {}),
            **({"note": note} if note else {}),
        },
    )
    events.emit(
        db,
        MovementRecorded(
            branch_id=movement.branch_id,
            key=domain.session_key(movement.session_id),
            session_id=movement.session_id,
            register_id=movement.register_id,
            operator_id=movement.decided_by or actor.id,
            movement_id=movement.id,
            movement_type=movement.type,
            status=movement.status,
            amounts_minor=amounts,
            reason=movement.reason,
        ),
    )
