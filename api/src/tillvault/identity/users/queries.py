"""SQL of users and the branches they work in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from tillvault.core.db import Connection, Row
from tillvault.identity.domain import Role
from tillvault.identity.errors import PinTaken, UsernameTaken

# Hashes stay where they are: what is read of a secret is whether there is one.
_RECORD = """
u.id, u.username, u.name, u.role::text AS role, u.is_active, u.pin_hash IS NOT NULL AS has_pin,
u.password_hash IS NOT NULL AS has_password, u.created_at, u.updated_at,
ARRAY(SELECT ub.branch_id FROM user_branches ub WHERE ub.organisation_id = $1 AND ub.user_id = u.id
      ORDER BY ub.position) AS branch_ids
"""


async def insert_user(
    db: Connection,
    *,
    user_id: UUID,
    username: str,
    name: str,
    role: Role,
    pin_hash: str | None,
    password_hash: str | None,
    now: datetime,
) -> None:
    """Raises UsernameTaken."""
    try:
        await db.execute(
            """
            INSERT INTO users (organisation_id, id, username, name, role, pin_hash, password_hash, created_at,
                               updated_at)
            VALUES ($1, $2, lower($3), $4, $5, $6, $7, $8, $8)
            """,
            db.organisation_id,
            user_id,
            username,
            name,
            role,
            pin_hash,
            password_hash,
            now,
        )
    except UniqueViolationError as error:
        raise UsernameTaken from error


async def put_into_branches(
    db: Connection, *, user_id: UUID, branch_ids: Sequence[UUID], pin_lookup: bytes | None
) -> None:
    """Add a user to branches, in this order; the first is their own. Raises PinTaken."""
    try:
        await db.execute(
            """
            INSERT INTO user_branches (organisation_id, user_id, branch_id, position, pin_lookup)
            SELECT $1, $2, b.id, b.position - 1, $4 FROM unnest($3::uuid[]) WITH ORDINALITY AS b(id, position)
            """,
            db.organisation_id,
            user_id,
            list(branch_ids),
            pin_lookup,
        )
    except UniqueViolationError as error:
        raise PinTaken from error


async def record(db: Connection, user_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM users u WHERE u.organisation_id = $1 AND u.id = $2",  # noqa: S608  (our own column list)
        db.organisation_id,
        user_id,
    )


async def records(
    db: Connection,
    *,
    branch_ids: list[UUID] | None,
    role: Role | None,
    is_active: bool | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Oldest first: who works in one of these branches, None meaning the whole organisation."""
    return await db.fetch(
        f"""
        SELECT {_RECORD} FROM users u
        WHERE u.organisation_id = $1
          AND ($2::uuid[] IS NULL OR EXISTS (
              SELECT FROM user_branches w
              WHERE w.organisation_id = $1 AND w.user_id = u.id AND w.branch_id = ANY($2)))
          AND ($3::user_role IS NULL OR u.role = $3)
          AND ($4::boolean IS NULL OR u.is_active = $4)
          AND ($5::timestamptz IS NULL OR (u.created_at, u.id) > ($5, $6::uuid))
        ORDER BY u.created_at, u.id LIMIT $7
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        branch_ids,
        role,
        is_active,
        *after,
        limit,
    )


async def lock_organisation(db: Connection) -> None:
    """Hold the organisation, so that changes to who is an admin come one after the other. Logins do not wait."""
    await db.execute("SELECT FROM organisations WHERE id = $1 FOR NO KEY UPDATE", db.organisation_id)


async def lock_user(db: Connection, user_id: UUID) -> bool:
    """Hold a user; whether there is one."""
    found = await db.fetchval(
        "SELECT true FROM users WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE", db.organisation_id, user_id
    )
    return bool(found)


async def has_other_active_admin(db: Connection, user_id: UUID) -> bool:
    return await db.fetchval(
        "SELECT EXISTS (SELECT FROM users WHERE organisation_id = $1 AND id <> $2 AND role = 'ADMIN' AND is_active)",
        db.organisation_id,
        user_id,
    )


async def update_user(db: Connection, *, user_id: UUID, name: str, role: str, is_active: bool, now: datetime) -> None:
    await db.execute(
        "UPDATE users SET name = $3, role = $4, is_active = $5, updated_at = $6 WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        user_id,
        name,
        role,
        is_active,
        now,
    )


async def move_to_branches(db: Connection, *, user_id: UUID, branch_ids: Sequence[UUID]) -> None:
    """Let a user work in these branches and no others, with the PIN they have. Raises PinTaken."""
    lookups = await db.fetch(
        "DELETE FROM user_branches WHERE organisation_id = $1 AND user_id = $2 RETURNING pin_lookup",
        db.organisation_id,
        user_id,
    )
    lookup = next((row["pin_lookup"] for row in lookups if row["pin_lookup"] is not None), None)
    await put_into_branches(db, user_id=user_id, branch_ids=branch_ids, pin_lookup=lookup)


async def set_pin_lookup(db: Connection, *, user_id: UUID, pin_lookup: bytes) -> None:
    """Raises PinTaken."""
    try:
        await db.execute(
            "UPDATE user_branches SET pin_lookup = $3 WHERE organisation_id = $1 AND user_id = $2",
            db.organisation_id,
            user_id,
            pin_lookup,
        )
    except UniqueViolationError as error:
        raise PinTaken from error


async def set_pin_hash(db: Connection, *, user_id: UUID, pin_hash: str, now: datetime) -> None:
    await db.execute(
        "UPDATE users SET pin_hash = $3, updated_at = $4 WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        user_id,
        pin_hash,
        now,
    )


async def set_password_hash(db: Connection, *, user_id: UUID, password_hash: str, now: datetime) -> None:
    await db.execute(
        "UPDATE users SET password_hash = $3, updated_at = $4 WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        user_id,
        password_hash,
        now,
    )


async def end_back_office_logins(
    db: Connection, *, user_id: UUID, except_session_id: UUID | None, now: datetime
) -> None:
    """End the logins of a user that stand on no register; a running till is not touched."""
    await db.execute(
        """
        UPDATE terminal_sessions SET status = 'cerrada', ended_at = $4
        WHERE organisation_id = $1 AND user_id = $2 AND register_id IS NULL AND status = 'activa'
          AND id IS DISTINCT FROM $3
        """,
        db.organisation_id,
        user_id,
        except_session_id,
        now,
    )
