"""SQL of what fsck found."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row


async def insert_check(
    db: Connection,
    *,
    check_id: UUID,
    size: int,
    with_signatures: bool,
    fault_index: int | None,
    fault: str | None,
    now: datetime,
) -> None:
    await db.execute(
        """
        INSERT INTO vault_checks (organisation_id, id, size, with_signatures, fault_index, fault, checked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        db.organisation_id,
        check_id,
        size,
        with_signatures,
        fault_index,
        fault,
        now,
    )


async def standing_fault(db: Connection) -> Row | None:
    """The first finding that says that the log does not hold, after the last check of everything that held: a check
    without signatures does not see what one with them saw."""
    return await db.fetchrow(
        """
        SELECT id, fault_index, fault, checked_at FROM vault_checks
        WHERE organisation_id = $1 AND fault IS NOT NULL
          AND checked_at > coalesce(
              (SELECT max(checked_at) FROM vault_checks
               WHERE organisation_id = $1 AND fault IS NULL AND with_signatures),
              '-infinity')
        ORDER BY checked_at, id LIMIT 1
        """,
        db.organisation_id,
    )
