"""SQL of scheduled exports. Whoever sends one holds a lease on it, and no transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from tillvault.core.db import Connection, Row

LEASE = timedelta(minutes=10)
"""Longer than any attempt; after it somebody else may try."""

_RECORD = """
id, name, target, destination, format, period, lang, timezone, is_active, period_start, next_attempt_at, attempts,
last_error, last_succeeded_at, created_by, created_at, updated_at
"""


async def count(db: Connection) -> int:
    """Holds the number of exports for the rest of the transaction."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('tillvault.exports.' || $1, 0))",
                     str(db.organisation_id))  # fmt: skip
    return await db.fetchval("SELECT count(*) FROM deposit_exports WHERE organisation_id = $1", db.organisation_id)


async def insert(
    db: Connection,
    *,
    export_id: UUID,
    name: str,
    target: str,
    destination: Mapping[str, Any],
    sealed_secret: bytes | None,
    kind: str,
    period: str,
    lang: str,
    timezone: str,
    period_start: date,
    next_attempt_at: datetime,
    created_by: UUID,
    now: datetime,
) -> Row:
    row = await db.fetchrow(
        f"""
        INSERT INTO deposit_exports (organisation_id, id, name, target, destination, sealed_secret, format, period,
                                     lang, timezone, is_active, period_start, next_attempt_at, attempts, created_by,
                                     created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8, $9, $10, true, $11, $12, 0, $13, $14, $14)
        RETURNING {_RECORD}
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        export_id,
        name,
        target,
        orjson.dumps(destination).decode(),
        sealed_secret,
        kind,
        period,
        lang,
        timezone,
        period_start,
        next_attempt_at,
        created_by,
        now,
    )
    assert row is not None  # noqa: S101  (just written)
    return row


async def record(db: Connection, export_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM deposit_exports WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE",  # noqa: S608  (our own column list)
        db.organisation_id,
        export_id,
    )


async def records(db: Connection, *, after: tuple[datetime | None, UUID | None], limit: int) -> list[Row]:
    """Oldest first, inactive ones too."""
    return await db.fetch(
        f"""
        SELECT {_RECORD} FROM deposit_exports
        WHERE organisation_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
        ORDER BY created_at, id LIMIT $4
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        *after,
        limit,
    )


async def update(
    db: Connection, *, export_id: UUID, name: str, is_active: bool, next_attempt_at: datetime, now: datetime
) -> Row:
    row = await db.fetchrow(
        f"""
        UPDATE deposit_exports SET name = $3, is_active = $4, next_attempt_at = $5, updated_at = $6
        WHERE organisation_id = $1 AND id = $2 RETURNING {_RECORD}
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        export_id,
        name,
        is_active,
        next_attempt_at,
        now,
    )
    assert row is not None  # noqa: S101  (held by the caller)
    return row


async def delete(db: Connection, export_id: UUID) -> None:
    await db.execute(
        "DELETE FROM deposit_exports WHERE organisation_id = $1 AND id = $2", db.organisation_id, export_id
    )


async def organisations_due(db: Connection, now: datetime) -> list[UUID]:
    """Whose exports are due."""
    rows = await db.fetch("SELECT organisation_id FROM directory_deposit_exports($1)", now)
    return [row["organisation_id"] for row in rows]


async def lease(db: Connection, now: datetime) -> Row | None:
    """One that is due and that nobody is at."""
    return await db.fetchrow(
        """
        UPDATE deposit_exports e SET leased_until = $2::timestamptz + $3::interval
        FROM (SELECT x.id FROM deposit_exports x
              WHERE x.organisation_id = $1 AND x.is_active AND x.next_attempt_at <= $2
                AND (x.leased_until IS NULL OR x.leased_until < $2)
              ORDER BY x.next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
        WHERE e.organisation_id = $1 AND e.id = due.id
        RETURNING e.id, e.target, e.destination, e.sealed_secret, e.format, e.period, e.lang, e.timezone,
                  e.period_start, e.attempts, e.leased_until
        """,
        db.organisation_id,
        now,
        LEASE,
    )


async def settle(
    db: Connection,
    *,
    export_id: UUID,
    leased_until: datetime,
    period_start: date,
    next_attempt_at: datetime,
    attempts: int,
    error: str | None,
    now: datetime,
) -> bool:
    """What became of an attempt; False where the lease was lost meanwhile, and another attempt counts."""
    told = await db.execute(
        """
        UPDATE deposit_exports
        SET leased_until = NULL, period_start = $4, next_attempt_at = $5, attempts = $6, last_error = $7,
            last_succeeded_at = CASE WHEN $7::text IS NULL THEN $8 ELSE last_succeeded_at END
        WHERE organisation_id = $1 AND id = $2 AND leased_until = $3
        """,
        db.organisation_id,
        export_id,
        leased_until,
        period_start,
        next_attempt_at,
        attempts,
        error,
        now,
    )
    return told.endswith(" 1")


def plain(row: Row) -> dict[str, Any]:
    """A row with its JSON read."""
    found = dict(row)
    if isinstance(found["destination"], str):
        found["destination"] = orjson.loads(found["destination"])
    return found
