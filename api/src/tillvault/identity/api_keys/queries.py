"""SQL of API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection


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
