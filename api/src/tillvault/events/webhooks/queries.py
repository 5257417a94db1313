"""SQL of webhook endpoints, as the relay and their administration need it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tillvault.core.db import Connection, Row

ENDPOINTS_MAX = 50
"""Endpoints of one organisation: each event is kept once for each of them."""

_RECORD = "id, url, types, description, is_active, generation, rotated_at, created_by, created_at, updated_at"


def target_of(endpoint_id: UUID) -> str:
    return f"webhook:{endpoint_id}"


async def active(db: Connection) -> list[Row]:
    """`id` and `types` of the endpoints that want to hear now."""
    return await db.fetch(
        "SELECT id, types FROM webhook_endpoints WHERE organisation_id = $1 AND is_active ORDER BY id",
        db.organisation_id,
    )


async def record(db: Connection, endpoint_id: UUID, *, lock: bool = False) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM webhook_endpoints WHERE organisation_id = $1 AND id = $2"  # noqa: S608  (our own list)
        + (" FOR UPDATE" if lock else ""),
        db.organisation_id,
        endpoint_id,
    )


async def records(db: Connection, *, after: tuple[datetime | None, UUID | None], limit: int) -> list[Row]:
    """Oldest first, inactive ones too."""
    return await db.fetch(
        f"""
        SELECT {_RECORD} FROM webhook_endpoints
        WHERE organisation_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        *after,
        limit,
    )


async def count_for_new(db: Connection) -> int:
    """How many endpoints there are; whoever adds one meanwhile waits until the transaction ends."""
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7246113))",
        str(db.organisation_id),
    )
    return await db.fetchval("SELECT count(*) FROM webhook_endpoints WHERE organisation_id = $1", db.organisation_id)


async def insert(
    db: Connection,
    *,
    endpoint_id: UUID,
    url: str,
    types: Sequence[str] | None,
    description: str | None,
    created_by: UUID | None,
    now: datetime,
) -> None:
    await db.execute(
        """
        INSERT INTO webhook_endpoints (organisation_id, id, url, types, description, is_active, generation, created_by,
                                       created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, true, 1, $6, $7, $7)
        """,
        db.organisation_id,
        endpoint_id,
        url,
        types,
        description,
        created_by,
        now,
    )


async def update(db: Connection, endpoint_id: UUID, *, changed: Row | dict[str, Any], now: datetime) -> None:
    await db.execute(
        """
        UPDATE webhook_endpoints SET url = $3, types = $4, description = $5, is_active = $6, updated_at = $7
        WHERE organisation_id = $1 AND id = $2
        """,
        db.organisation_id,
        endpoint_id,
        changed["url"],
        changed["types"],
        changed["description"],
        changed["is_active"],
        now,
    )


async def rotate(db: Connection, endpoint_id: UUID, *, now: datetime) -> None:
    await db.execute(
        """
        UPDATE webhook_endpoints SET generation = generation + 1, rotated_at = $3, updated_at = $3
        WHERE organisation_id = $1 AND id = $2
        """,
        db.organisation_id,
        endpoint_id,
        now,
    )


async def deliveries(
    db: Connection,
    *,
    target: str,
    status: str | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Newest first, with what is known of each event."""
    return await db.fetch(
        """
        SELECT d.event_id AS id, e.type, d.key, d.occurred_at, d.status, d.attempts, d.response_code, d.error,
               d.updated_at, q.next_attempt_at
        FROM event_deliveries d
        JOIN outbox_events e ON e.organisation_id = d.organisation_id AND e.id = d.event_id
        LEFT JOIN event_queues q ON q.organisation_id = d.organisation_id AND q.target = d.target AND q.key = d.key
             AND d.status = 'PENDING' AND q.next_attempt_at < 'infinity'
        WHERE d.organisation_id = $1 AND d.target = $2
          AND ($3::text IS NULL OR d.status = $3)
          AND ($4::timestamptz IS NULL OR (d.occurred_at, d.event_id) < ($4, $5::uuid))
        ORDER BY d.occurred_at DESC, d.event_id DESC LIMIT $6
        """,
        db.organisation_id,
        target,
        status,
        *after,
        limit,
    )


async def event_exists(db: Connection, event_id: UUID) -> bool:
    return await db.fetchval(
        "SELECT EXISTS (SELECT FROM outbox_events WHERE organisation_id = $1 AND id = $2)",
        db.organisation_id,
        event_id,
    )
