"""SQL of API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row

_RECORD = "id, name, hint, scopes, created_by, created_at, revoked_at"


async def insert_api_key(
    db: Connection,
    *,
    key_id: UUID,
    name: str,
    key_hash: bytes,
    hint: str,
    scopes: Sequence[str],
    created_by: UUID | None,
    now: datetime,
) -> None:
    await db.execute(
        """
        INSERT INTO api_keys (organisation_id, id, name, key_hash, hint, scopes, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        db.organisation_id,
        key_id,
        name,
        key_hash,
        hint,
        list(scopes),
        created_by,
        now,
    )


async def record(db: Connection, key_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM api_keys WHERE organisation_id = $1 AND id = $2",  # noqa: S608  (our own column list)
        db.organisation_id,
        key_id,
    )


async def records(db: Connection, *, after: tuple[datetime | None, UUID | None], limit: int) -> list[Row]:
    """Oldest first, revoked ones too."""
    return await db.fetch(
        f"""
        SELECT {_RECORD} FROM api_keys
        WHERE organisation_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        *after,
        limit,
    )


async def revoke(db: Connection, *, key_id: UUID, now: datetime) -> Row | None:
    """The key if this revoked it; None when it is unknown or was revoked before."""
    return await db.fetchrow(
        f"""
        UPDATE api_keys SET revoked_at = $3 WHERE organisation_id = $1 AND id = $2 AND revoked_at IS NULL
        RETURNING {_RECORD}
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        key_id,
        now,
    )
