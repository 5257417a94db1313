"""SQL of authentication and of terminal sessions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row

# One round trip for all that a request must know of the person behind a token.
_SESSION_ACTOR = """
SELECT s.status, s.token_id, s.expires_at, s.branch_id, s.register_id, s.device, b.is_active AS branch_is_active,
       u.id AS user_id, u.name, u.role, u.is_active,
       ARRAY(SELECT ub.branch_id FROM user_branches ub
             WHERE ub.organisation_id = $1 AND ub.user_id = s.user_id) AS branch_ids
FROM terminal_sessions s
JOIN users u ON u.organisation_id = $1 AND u.id = s.user_id
JOIN branches b ON b.organisation_id = $1 AND b.id = s.branch_id
WHERE s.organisation_id = $1 AND s.id = $2
"""

_END_PAUSED = """
UPDATE terminal_sessions SET status = 'cerrada', ended_at = $4
WHERE organisation_id = $1 AND user_id = $2 AND register_id = $3 AND status = 'pausada'
RETURNING id, branch_id
"""


async def session_actor(db: Connection, session_id: UUID) -> Row | None:
    return await db.fetchrow(_SESSION_ACTOR, db.organisation_id, session_id)


async def api_key_actor(db: Connection, key_hash: bytes) -> Row | None:
    """The organisation and id behind an API key; runs before the organisation is known."""
    return await db.fetchrow("SELECT organisation_id, id FROM directory_api_key($1)", key_hash)


async def enter_organisation(db: Connection, organisation_id: UUID) -> None:
    """Set the organisation of a transaction that began without one."""
    await db.execute("SELECT set_config('app.organisation_id', $1, true)", str(organisation_id))
    db.organisation_id = organisation_id


async def api_key(db: Connection, key_id: UUID) -> Row | None:
    return await db.fetchrow(
        "SELECT name, scopes FROM api_keys WHERE organisation_id = $1 AND id = $2 AND revoked_at IS NULL",
        db.organisation_id,
        key_id,
    )


async def person_of_telegram(db: Connection, telegram_id: int) -> Row | None:
    """Whom a Telegram account is linked to, with the branches, their own first."""
    return await db.fetchrow(
        """
        SELECT u.id, u.name, u.role, b.branch_ids, b.branch_ids[1] AS branch_id, b.is_active[1] AS branch_is_active
        FROM telegram_links l
        JOIN users u ON u.organisation_id = $1 AND u.id = l.user_id AND u.is_active
        CROSS JOIN LATERAL (
            SELECT array_agg(ub.branch_id ORDER BY ub.position) AS branch_ids,
                   array_agg(b.is_active ORDER BY ub.position) AS is_active
            FROM user_branches ub
            JOIN branches b ON b.organisation_id = $1 AND b.id = ub.branch_id
            WHERE ub.organisation_id = $1 AND ub.user_id = u.id) b
        WHERE l.organisation_id = $1 AND l.telegram_id = $2 AND l.linked_at IS NOT NULL AND l.unlinked_at IS NULL
        """,
        db.organisation_id,
        telegram_id,
    )


async def end_paused(db: Connection, *, user_id: UUID, register_id: UUID, now: datetime) -> Row | None:
    return await db.fetchrow(_END_PAUSED, db.organisation_id, user_id, register_id, now)


async def store(db: Connection, code: str) -> Row | None:
    """The branch behind a store code; runs before the organisation is known."""
    return await db.fetchrow("SELECT * FROM directory_store($1)", code)


async def organisations_of_username(db: Connection, username: str, slug: str | None) -> list[UUID]:
    rows = await db.fetch("SELECT organisation_id FROM directory_user($1, $2)", username, slug)
    return [row["organisation_id"] for row in rows]


async def user_by_pin(db: Connection, *, branch_id: UUID, pin_lookup: bytes) -> Row | None:
    return await db.fetchrow(
        """
        SELECT u.id, u.name, u.username, u.role, u.is_active, u.pin_hash AS secret_hash
        FROM user_branches ub JOIN users u ON u.organisation_id = $1 AND u.id = ub.user_id
        WHERE ub.organisation_id = $1 AND ub.branch_id = $2 AND ub.pin_lookup = $3
        """,
        db.organisation_id,
        branch_id,
        pin_lookup,
    )


async def user_by_username(db: Connection, username: str) -> Row | None:
    return await db.fetchrow(
        """
        SELECT id, name, username, role, is_active, password_hash AS secret_hash
        FROM users WHERE organisation_id = $1 AND username = lower($2)
        """,
        db.organisation_id,
        username,
    )


async def own_branch(db: Connection, user_id: UUID) -> Row | None:
    """The first branch of a user: what requests mean that name none."""
    return await db.fetchrow(
        """
        SELECT b.id, b.code, b.name FROM user_branches ub
        JOIN branches b ON b.organisation_id = $1 AND b.id = ub.branch_id
        WHERE ub.organisation_id = $1 AND ub.user_id = $2 ORDER BY ub.position, b.code LIMIT 1
        """,
        db.organisation_id,
        user_id,
    )


async def insert_session(
    db: Connection,
    *,
    session_id: UUID,
    user_id: UUID,
    branch_id: UUID,
    register_id: UUID | None,
    token_id: UUID,
    device: str | None,
    address: str | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    await db.execute(
        """
        INSERT INTO terminal_sessions (organisation_id, id, user_id, branch_id, register_id, status, token_id, device,
                                       address, started_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, 'activa', $6, $7, $8, $9, $10)
        """,
        db.organisation_id,
        session_id,
        user_id,
        branch_id,
        register_id,
        token_id,
        device,
        address,
        now,
        expires_at,
    )
