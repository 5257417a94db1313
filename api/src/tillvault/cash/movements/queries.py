"""SQL of movements, and the lock that they and a close share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tillvault.cash.domain import Movement, MovementStatus, MovementType, SessionStatus
from tillvault.core.db import Connection, Row
from tillvault.core.money import Cash
from tillvault.events.queries import write_telling
from tillvault.identity import policies
from tillvault.identity.policies import BranchPolicies

# A movement is in the Z or refused: it and the close take this lock. The row is read anew once the lock is held, so
# `status` is never stale.
_LOCK = """
SELECT s.id, s.branch_id, s.register_id, s.opened_by, s.status, b.is_active AS branch_is_active, p.policies,
       (SELECT jsonb_object_agg(f.currency, f.opening_minor) FROM cash_session_floats f
        WHERE f.organisation_id = $1 AND f.session_id = s.id) AS opening
FROM cash_sessions s
JOIN branches b ON b.organisation_id = $1 AND b.id = s.branch_id
LEFT JOIN branch_policies p ON p.organisation_id = $1 AND p.branch_id = s.branch_id
WHERE s.organisation_id = $1 AND s.id = $2
FOR NO KEY UPDATE OF s
"""

_INSERT = """
INSERT INTO cash_movements (organisation_id, id, branch_id, session_id, actor_id, type, status, reason, ref_sale_id,
                            created_at, currencies, effects_minor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

_MOVED = """
SELECT a.currency, sum(a.minor)::bigint AS amount_minor
FROM cash_movements m, unnest(m.currencies, m.effects_minor) AS a(currency, minor)
WHERE m.organisation_id = $1 AND m.session_id = $2 AND m.status = 'APPROVED'
GROUP BY a.currency
"""

_MOVEMENT = """
SELECT m.organisation_id, m.id, m.branch_id, m.session_id, m.actor_id, u.name AS actor_name, m.type, m.status, m.reason,
       m.currencies, m.effects_minor, m.ref_sale_id, m.decided_by, m.decided_at, m.created_at
FROM cash_movements m
JOIN users u ON u.organisation_id = $1 AND u.id = m.actor_id
WHERE m.organisation_id = $1 AND m.session_id = $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSession:
    """A session held for the rest of the transaction."""

    id: UUID
    branch_id: UUID
    register_id: UUID | None
    opened_by: UUID
    status: SessionStatus
    branch_is_active: bool
    policies: BranchPolicies
    opening: Cash


async def lock_session(db: Connection, session_id: UUID) -> LockedSession | None:
    row = await db.fetchrow(_LOCK, db.organisation_id, session_id)
    if row is None:
        return None
    return LockedSession(
        id=row["id"],
        branch_id=row["branch_id"],
        register_id=row["register_id"],
        opened_by=row["opened_by"],
        status=SessionStatus(row["status"]),
        branch_is_active=row["branch_is_active"],
        policies=policies.from_stored(orjson.loads(row["policies"]) if row["policies"] else None),
        opening=orjson.loads(row["opening"]),
    )


async def insert(db: Connection, movement: Movement) -> None:
    """Record a movement, and write with it what the transaction has to tell."""
    await write_telling(
        db,
        _INSERT,
        movement.organisation_id,
        movement.id,
        movement.branch_id,
        movement.session_id,
        movement.actor_id,
        movement.type,
        movement.status,
        movement.reason,
        movement.ref_sale_id,
        movement.created_at,
        list(movement.effect),
        list(movement.effect.values()),
    )


async def moved(db: Connection, session_id: UUID) -> Cash:
    """Σ approved movements, per currency (decision 6: a sum of rows, never a counter)."""
    return {row["currency"]: row["amount_minor"] for row in await db.fetch(_MOVED, db.organisation_id, session_id)}


async def movement(db: Connection, *, session_id: UUID, register_id: UUID | None, movement_id: UUID) -> Movement | None:
    """A movement of a session; the register is the session's."""
    row = await db.fetchrow(_MOVEMENT + " AND m.id = $3", db.organisation_id, session_id, movement_id)
    return _movement(row, register_id) if row else None


async def movements(
    db: Connection,
    session_id: UUID,
    *,
    register_id: UUID | None,
    status: MovementStatus | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Movement]:
    """Newest first. Ids are time-ordered, so the primary key gives the order."""
    rows = await db.fetch(
        _MOVEMENT
        + " AND ($3::cash_movement_status IS NULL OR m.status = $3) AND ($4::uuid IS NULL OR m.id < $4)"
        + " ORDER BY m.id DESC LIMIT $5",
        db.organisation_id,
        session_id,
        status,
        after[1],
        limit,
    )
    return [_movement(row, register_id) for row in rows]


async def decide(
    db: Connection,
    *,
    session_id: UUID,
    movement_id: UUID,
    status: MovementStatus,
    decided_by: UUID,
    note: str | None,
    now: datetime,
) -> bool:
    """Settle a waiting movement; False when it does not wait."""
    done = await db.execute(
        """
        UPDATE cash_movements SET status = $4, decided_by = $5, decided_at = $6, decision_note = $7
        WHERE organisation_id = $1 AND session_id = $2 AND id = $3 AND status = 'PENDING'
        """,
        db.organisation_id,
        session_id,
        movement_id,
        status,
        decided_by,
        now,
        note,
    )
    return done == "UPDATE 1"


async def decline_waiting(db: Connection, *, session_id: UUID, decided_by: UUID, note: str, now: datetime) -> int:
    """Decline all that still waits; gives how many."""
    done = await db.execute(
        """
        UPDATE cash_movements SET status = 'DECLINED', decided_by = $3, decided_at = $4, decision_note = $5
        WHERE organisation_id = $1 AND session_id = $2 AND status = 'PENDING'
        """,
        db.organisation_id,
        session_id,
        decided_by,
        now,
        note,
    )
    return int(done.rsplit(" ", 1)[1])


def _movement(row: Row, register_id: UUID | None) -> Movement:
    known: dict[str, Any] = dict(row)
    known["type"] = MovementType(known["type"])
    known["status"] = MovementStatus(known["status"])
    known["effect"] = dict(zip(known.pop("currencies"), known.pop("effects_minor"), strict=True))
    return Movement(**known, register_id=register_id)
