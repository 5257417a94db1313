"""SQL of one's own login."""

from __future__ import annotations

from uuid import UUID

from tillvault.core.db import Connection, Row


async def register_name(db: Connection, register_id: UUID) -> str | None:
    return await db.fetchval(
        "SELECT name FROM registers WHERE organisation_id = $1 AND id = $2", db.organisation_id, register_id
    )


async def last_count(db: Connection, register_id: UUID) -> list[Row]:
    """The latest count of the session that was closed last on a register, a row per currency, with what its close left
    in the drawer."""
    return await db.fetch(
        """
        WITH last AS (
            SELECT s.id, s.closed_at FROM cash_sessions s
            WHERE s.organisation_id = $1 AND s.register_id = $2 AND s.status <> 'OPEN'
            ORDER BY s.closed_at DESC LIMIT 1
        )
        SELECT DISTINCT ON (c.currency) last.id AS session_id, last.closed_at, c.currency, c.counted_minor,
               coalesce((SELECT f.left_minor FROM cash_counts f WHERE f.organisation_id = $1 AND f.session_id = last.id
                         AND f.number = 1 AND f.currency = c.currency), c.counted_minor) AS left_minor
        FROM last JOIN cash_counts c ON c.organisation_id = $1 AND c.session_id = last.id
        ORDER BY c.currency, c.number DESC
        """,
        db.organisation_id,
        register_id,
    )
