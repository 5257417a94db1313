"""SQL of terminals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.identity.domain import Role
from tillvault.terminals.domain import Estado, Terminal

_LIVE = """
SELECT t.id, t.user_id, u.name AS user_name, u.role AS user_role, t.branch_id, t.register_id,
       r.name AS register_name, t.status AS estado, t.device, t.started_at, t.paused_at, t.expires_at
FROM terminal_sessions t
JOIN users u ON u.organisation_id = $1 AND u.id = t.user_id
JOIN registers r ON r.organisation_id = $1 AND r.id = t.register_id
WHERE t.organisation_id = $1 AND t.status IN ('activa', 'pausada')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """A register with what its lists show."""

    id: UUID
    branch_id: UUID
    branch_name: str
    name: str
    emission_point: str
    is_active: bool


_REGISTER = """
SELECT r.id, r.branch_id, b.name AS branch_name, r.name, r.emission_point, r.is_active
FROM registers r JOIN branches b ON b.organisation_id = $1 AND b.id = r.branch_id
WHERE r.organisation_id = $1
"""


_FREE = (
    _REGISTER  # noqa: S608  (two constants of this file)
    + """
  AND r.branch_id = $2 AND r.is_active AND NOT EXISTS (
    SELECT FROM terminal_sessions t
    WHERE t.organisation_id = $1 AND t.register_id = r.id AND t.status IN ('activa', 'pausada')
      AND (t.status = 'pausada' OR t.expires_at > $3 OR EXISTS (
          SELECT FROM cash_sessions s
          WHERE s.organisation_id = $1 AND s.register_id = r.id AND s.status = 'OPEN' AND s.opened_by = t.user_id)))
ORDER BY r.emission_point, r.name
"""
)


async def lock_user(db: Connection, user_id: UUID) -> None:
    """Hold a person for the rest of the transaction: their logins come one after the other."""
    await db.execute(
        "SELECT FROM users WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE", db.organisation_id, user_id
    )


async def lock_registers(db: Connection, register_ids: Sequence[UUID]) -> None:
    """Hold registers for the rest of the transaction, in the order of their ids, so that no two wait for each other."""
    await db.execute(
        "SELECT FROM registers WHERE organisation_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE",
        db.organisation_id,
        list(register_ids),
    )


async def live_of_user(db: Connection, user_id: UUID) -> Terminal | None:
    row = await db.fetchrow(_LIVE + " AND t.user_id = $2", db.organisation_id, user_id)
    return _terminal(row) if row else None


async def live_on_register(db: Connection, register_id: UUID) -> Terminal | None:
    row = await db.fetchrow(_LIVE + " AND t.register_id = $2", db.organisation_id, register_id)
    return _terminal(row) if row else None


async def all_live(db: Connection) -> dict[UUID, Terminal]:
    """By register."""
    return {row["register_id"]: _terminal(row) for row in await db.fetch(_LIVE, db.organisation_id)}


async def register(db: Connection, register_id: UUID) -> RegisterRow | None:
    row = await db.fetchrow(_REGISTER + " AND r.id = $2", db.organisation_id, register_id)
    return RegisterRow(**row) if row else None


async def all_registers(db: Connection) -> list[RegisterRow]:
    rows = await db.fetch(_REGISTER + " ORDER BY b.name, r.emission_point, r.name", db.organisation_id)
    return [RegisterRow(**row) for row in rows]


async def free_registers(db: Connection, branch_id: UUID, *, now: datetime) -> list[RegisterRow]:
    """Active registers of a branch that nobody uses and none is kept for. A login that has run out keeps a register
    only while its drawer is open."""
    rows = await db.fetch(
        _FREE,
        db.organisation_id,
        branch_id,
        now,
    )
    return [RegisterRow(**row) for row in rows]


async def state_of(db: Connection, session_id: UUID) -> Row | None:
    """A session in whatever state, with its user and register: for a logout or a look at one's own login."""
    return await db.fetchrow(
        """
        SELECT t.id, t.user_id, t.branch_id, t.register_id, t.status AS estado, t.token_id, t.expires_at,
               u.name AS user_name, u.role AS user_role, u.is_active, r.name AS register_name
        FROM terminal_sessions t
        JOIN users u ON u.organisation_id = $1 AND u.id = t.user_id
        LEFT JOIN registers r ON r.organisation_id = $1 AND r.id = t.register_id
        WHERE t.organisation_id = $1 AND t.id = $2
        """,
        db.organisation_id,
        session_id,
    )


async def end(db: Connection, session_id: UUID, *, estado: Estado, now: datetime) -> None:
    """Move a live session to `pausada`, `cerrada` or `cerrada_por_admin`."""
    await db.execute(
        """
        UPDATE terminal_sessions
        SET status = $3::terminal_session_status,
            paused_at = CASE WHEN $3::terminal_session_status = 'pausada' THEN $4::timestamptz ELSE paused_at END,
            ended_at = CASE WHEN $3::terminal_session_status <> 'pausada' THEN $4::timestamptz END
        WHERE organisation_id = $1 AND id = $2
        """,
        db.organisation_id,
        session_id,
        estado,
        now,
    )


async def resume(
    db: Connection, session_id: UUID, *, token_id: UUID, device: str | None, address: str | None, expires_at: datetime
) -> None:
    """A paused session goes on under a new token; the old one stays dead."""
    await db.execute(
        """
        UPDATE terminal_sessions
        SET status = 'activa', token_id = $3, device = $4, address = $5, expires_at = $6, paused_at = NULL
        WHERE organisation_id = $1 AND id = $2
        """,
        db.organisation_id,
        session_id,
        token_id,
        device,
        address,
        expires_at,
    )


def _terminal(row: Row) -> Terminal:
    known: dict[str, Any] = dict(row)
    known["user_role"] = Role(known["user_role"])
    known["estado"] = Estado(known["estado"])
    return Terminal(**known)
