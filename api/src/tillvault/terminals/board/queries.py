"""SQL of the board."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection


async def last_sales(db: Connection, register_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each register sold last. Receipts of a register are one series, so each is one step in its index."""
    rows = await db.fetch(
        """
        SELECT r.id, s.occurred_at
        FROM unnest($2::uuid[]) AS r(id)
        CROSS JOIN LATERAL (
            SELECT s.occurred_at FROM sales s
            WHERE s.organisation_id = $1 AND s.series_id = r.id
            ORDER BY s.receipt_number DESC LIMIT 1) s
        """,
        db.organisation_id,
        list(register_ids),
    )
    return {row["id"]: row["occurred_at"] for row in rows}


async def waiting_movements(db: Connection, session_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many movements of each drawer wait for a decision."""
    rows = await db.fetch(
        """
        SELECT m.session_id, count(*)::int AS waiting FROM cash_movements m
        WHERE m.organisation_id = $1 AND m.session_id = ANY($2) AND m.status = 'PENDING'
        GROUP BY m.session_id
        """,
        db.organisation_id,
        list(session_ids),
    )
    return {row["session_id"]: row["waiting"] for row in rows}
