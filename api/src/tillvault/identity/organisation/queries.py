"""SQL of the organisation."""

from __future__ import annotations

from datetime import datetime

from tillvault.core.db import Connection, Row

_RECORD = "id, slug, name, legal_identity, is_demo, created_at, updated_at"


async def record(db: Connection) -> Row:
    return _certain(await db.fetchrow(f"SELECT {_RECORD} FROM organisations WHERE id = $1", db.organisation_id))  # noqa: S608  (our own column list)


async def lock_record(db: Connection) -> Row:
    """Held for the rest of the transaction; whatever refers to it does not wait."""
    return _certain(
        await db.fetchrow(
            f"SELECT {_RECORD} FROM organisations WHERE id = $1 FOR NO KEY UPDATE",  # noqa: S608  (our own column list)
            db.organisation_id,
        )
    )


async def update(db: Connection, *, name: str, legal_identity: str, now: datetime) -> Row:
    return _certain(
        await db.fetchrow(
            f"""
            UPDATE organisations SET name = $2, legal_identity = $3, updated_at = $4
            WHERE id = $1 RETURNING {_RECORD}
            """,  # noqa: S608  (our own column list)
            db.organisation_id,
            name,
            legal_identity,
            now,
        )
    )


def _certain(row: Row | None) -> Row:
    assert row is not None  # noqa: S101  (whoever is logged in belongs to it, and none is ever deleted)
    return row
