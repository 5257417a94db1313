"""SQL of registers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from tillvault.core.db import Connection
from tillvault.identity.domain import Register
from tillvault.identity.errors import RegisterNameTaken


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
        "SELECT id, branch_id, name, is_active FROM registers WHERE organisation_id = $1 AND id = $2"
        " FOR NO KEY UPDATE",
        db.organisation_id,
        register_id,
    )
    return Register(**row) if row else None


async def insert_register(
    db: Connection, *, register_id: UUID, branch_id: UUID, name: str, emission_point: str, now: datetime
) -> None:
    """Raises RegisterNameTaken."""
    try:
        await db.execute(
            """
            INSERT INTO registers (organisation_id, id, branch_id, name, emission_point, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6)
            """,
            db.organisation_id,
            register_id,
            branch_id,
            name,
            emission_point,
            now,
        )
    except UniqueViolationError as error:
        raise RegisterNameTaken from error
