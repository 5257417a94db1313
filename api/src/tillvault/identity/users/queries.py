"""SQL of users and the branches they work in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from tillvault.core.db import Connection
from tillvault.identity.domain import Role
from tillvault.identity.errors import PinTaken, UsernameTaken


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
