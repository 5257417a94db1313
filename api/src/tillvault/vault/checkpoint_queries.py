"""SQL of the kept checkpoints and of the guard."""

from __future__ import annotations

from datetime import datetime

from tillvault.core.db import Connection, Row


async def last_checkpoint(db: Connection) -> Row | None:
    """The largest checkpoint that the database keeps of the organisation's log."""
    return await db.fetchrow(
        "SELECT size, root, note, jws FROM vault_checkpoints WHERE organisation_id = $1"
        " ORDER BY size DESC, issued_at DESC LIMIT 1",
        db.organisation_id,
    )


async def insert_checkpoint(
    db: Connection, *, size: int, root: bytes, note: str, jws: str, issued_at: datetime
) -> None:
    """Two processes may keep the same head at the same moment: one of the two is enough."""
    await db.execute(
        "INSERT INTO vault_checkpoints (organisation_id, size, root, note, jws, issued_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        db.organisation_id,
        size,
        root,
        note,
        jws,
        issued_at,
    )


async def leaf(db: Connection, index: int) -> Row | None:
    """Text and stored hash of one leaf."""
    return await db.fetchrow(
        "SELECT leaf, leaf_hash FROM vault_leaves WHERE organisation_id = $1 AND index = $2", db.organisation_id, index
    )


async def has_leaf_beyond_head(db: Connection) -> bool:
    """In one statement, because others append meanwhile: head and leaves are those of the same moment."""
    return bool(
        await db.fetchval(
            """
            SELECT EXISTS (SELECT FROM vault_leaves l WHERE l.organisation_id = $1 AND l.index >= g.size)
            FROM vault_logs g WHERE g.organisation_id = $1
            """,
            db.organisation_id,
        )
    )
