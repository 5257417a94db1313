"""SQL for reading the ledger. What is read here never changes once it is written, so no statement needs a lock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row

_LISTED = (
    "SELECT id, sha256, source_id, pos_session, envelope, ledger_hash, evidence_jws, received_at FROM vault_tickets"
    " WHERE organisation_id = $1"
)
_FILTERS: Mapping[str, str] = {
    "source_id": " AND source_id = ${}::text",
    "pos_session": " AND pos_session = ${}::text",
    "since": " AND received_at >= ${}::timestamptz",
    "until": " AND received_at < ${}::timestamptz",
}


async def leaves(db: Connection, *, start: int, end: int) -> list[Row]:
    """Index and text of the leaves from `start` up to, but not including, `end`."""
    return await db.fetch(
        "SELECT index, leaf FROM vault_leaves WHERE organisation_id = $1 AND index >= $2 AND index < $3 ORDER BY index",
        db.organisation_id,
        start,
        end,
    )


async def entries(db: Connection, *, start: int, end: int) -> list[Row]:
    """Leaves with all that stands behind them; the columns of a ticket are null where a leaf is none."""
    return await db.fetch(
        """
        SELECT l.index, l.leaf, l.content, t.raw, t.envelope, t.evidence_jws
        FROM vault_leaves l
        LEFT JOIN vault_tickets t ON t.organisation_id = $1 AND t.index = l.index
        WHERE l.organisation_id = $1 AND l.index >= $2 AND l.index < $3
        ORDER BY l.index
        """,
        db.organisation_id,
        start,
        end,
    )


async def list_tickets(
    db: Connection,
    *,
    filters: Mapping[str, str | datetime | None],
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Tickets, newest first, by the filters that are given: `source_id`, `pos_session`, `since`, `until`."""
    statement = _LISTED
    values: list[object] = [db.organisation_id]
    for name, value in filters.items():
        if value is not None:
            values.append(value)
            statement += _FILTERS[name].format(len(values))
    if after[0] is not None:
        values.extend(after)
        statement += f" AND (received_at, id) < (${len(values) - 1}::timestamptz, ${len(values)}::uuid)"
    values.append(limit)
    statement += f" ORDER BY received_at DESC, id DESC LIMIT ${len(values)}::bigint"
    return await db.fetch(statement, *values)
