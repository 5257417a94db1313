"""SQL of documents."""

from __future__ import annotations

from uuid import UUID

from tillvault.core.db import Connection, Row


async def place(db: Connection, branch_id: UUID) -> Row:
    """Where a drawer stands: names and time zone."""
    row = await db.fetchrow(
        """
        SELECT o.name AS organisation, b.name AS branch, b.timezone
        FROM branches b JOIN organisations o ON o.id = $1
        WHERE b.organisation_id = $1 AND b.id = $2
        """,
        db.organisation_id,
        branch_id,
    )
    assert row is not None  # noqa: S101  (every session refers to its branch)
    return row
