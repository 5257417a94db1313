"""SQL of registers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from tillvault.core.db import Connection, Row
from tillvault.identity.domain import Register
from tillvault.identity.errors import RegisterNameTaken

_RECORD = "id, branch_id, name, emission_point, is_active, created_at, updated_at"


async def register(db: Connection, register_id: UUID) -> Register | None:
    row = await db.fetchrow(
        "SELECT id, branch_id, name, is_active FROM registers WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        register_id,
    )
    return Register(**row) if row else None


async def lock_register(db: Connection, register_id: UUID) -> Register | None:
    """Hold a register for the rest of the transaction: first in the lock order (decision 13)."""
    row = await db.fetchrow(
        "SELECT id, branch_id, name, is_active FROM registers WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE",
        db.organisation_id,
        register_id,
    )
    return Register(**row) if row else None


async def record(db: Connection, register_id: UUID) -> Row | None:
    """A register with all that administration shows of it."""
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM registers WHERE organisation_id = $1 AND id = $2",  # noqa: S608  (our own column list)
        db.organisation_id,
        register_id,
    )


async def records(
    db: Connection,
    *,
    branch_ids: list[UUID] | None,
    is_active: bool | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Oldest first. `branch_ids` None means the whole organisation."""
    return await db.fetch(
        f"""
        SELECT {_RECORD} FROM registers
        WHERE organisation_id = $1 AND ($2::uuid[] IS NULL OR branch_id = ANY($2))
          AND ($3::boolean IS NULL OR is_active = $3)
          AND ($4::timestamptz IS NULL OR (created_at, id) > ($4, $5::uuid))
        ORDER BY created_at, id LIMIT $6
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        branch_ids,
        is_active,
        *after,
        limit,
    )


async def emission_points(db: Connection, branch_id: UUID) -> list[str]:
    rows = await db.fetch(
        "SELECT emission_point FROM registers WHERE organisation_id = $1 AND branch_id = $2",
        db.organisation_id,
        branch_id,
    )
    return [row["emission_point"] for row in rows]


async def update_register(
    db: Connection, *, register_id: UUID, name: str, emission_point: str, is_active: bool, now: datetime
) -> Row:
    """Raises RegisterNameTaken."""
    try:
        row = await db.fetchrow(
            f"""
            UPDATE registers SET name = $3, emission_point = $4, is_active = $5, updated_at = $6
            WHERE organisation_id = $1 AND id = $2 RETURNING {_RECORD}
            """,  # noqa: S608  (our own column list)
            db.organisation_id,
            register_id,
            name,
            emission_point,
            is_active,
            now,
        )
    except UniqueViolationError as error:
        raise RegisterNameTaken from error
    assert row is not None  # noqa: S101  (the caller holds the row)
    return row


async def insert_register(
    db: Connection,
    *,
    register_id: UUID,
    branch_id: UUID,
    name: str,
    emission_point: str,
    now: datetime,
    is_active: bool = True,
) -> None:
    """Raises RegisterNameTaken."""
    try:
        await db.execute(
            """
            INSERT INTO registers (organisation_id, id, branch_id, name, emission_point, is_active, created_at,
                                   updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
            """,
            db.organisation_id,
            register_id,
            branch_id,
            name,
            emission_point,
            is_active,
            now,
        )
    except UniqueViolationError as error:
        raise RegisterNameTaken from error
