"""SQL of branches and policies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import UniqueViolationError

from tillvault.core.db import Connection, Row
from tillvault.core.jsontext import dumps
from tillvault.identity import policies
from tillvault.identity.domain import Branch
from tillvault.identity.errors import BranchCodeTaken, OrganisationSlugTaken

_BRANCH = "id, code, name, timezone, base_currency, currencies, is_active"
_RECORD = f"{_BRANCH}, created_at, updated_at"


def branch_of(row: Row) -> Branch:
    return Branch(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        timezone=row["timezone"],
        base_currency=row["base_currency"],
        currencies=tuple(row["currencies"]),
        is_active=row["is_active"],
    )


async def branch(db: Connection, branch_id: UUID) -> Branch | None:
    row = await db.fetchrow(
        f"SELECT {_BRANCH} FROM branches WHERE organisation_id = $1 AND id = $2",  # noqa: S608  (our own column list)
        db.organisation_id,
        branch_id,
    )
    return branch_of(row) if row else None


async def branch_and_policies(db: Connection, branch_id: UUID) -> tuple[Branch, policies.BranchPolicies] | None:
    """Both in one round trip."""
    row = await db.fetchrow(
        f"SELECT {_BRANCH}, (SELECT p.policies FROM branch_policies p"  # noqa: S608  (our own column list)
        " WHERE p.organisation_id = $1 AND p.branch_id = $2) AS policies"
        " FROM branches WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        branch_id,
    )
    if row is None:
        return None
    return branch_of(row), policies.from_stored(orjson.loads(row["policies"]) if row["policies"] else None)


async def record(db: Connection, branch_id: UUID) -> Row | None:
    """A branch with its times."""
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM branches WHERE organisation_id = $1 AND id = $2",  # noqa: S608  (our own column list)
        db.organisation_id,
        branch_id,
    )


async def lock_record(db: Connection, branch_id: UUID) -> Row | None:
    """A branch with its times, held for the rest of the transaction. New sessions and registers in it do not wait."""
    return await db.fetchrow(
        f"SELECT {_RECORD} FROM branches WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE",  # noqa: S608  (our own column list)
        db.organisation_id,
        branch_id,
    )


async def records(
    db: Connection, *, branch_ids: list[UUID] | None, after: tuple[datetime | None, UUID | None], limit: int
) -> list[Row]:
    """Oldest first. `branch_ids` None means the whole organisation."""
    return await db.fetch(
        f"""
        SELECT {_RECORD} FROM branches
        WHERE organisation_id = $1 AND ($2::uuid[] IS NULL OR id = ANY($2))
          AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
        ORDER BY created_at, id LIMIT $5
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        branch_ids,
        *after,
        limit,
    )


async def count_known(db: Connection, branch_ids: Sequence[UUID]) -> int:
    """How many of these are branches of the organisation."""
    return await db.fetchval(
        "SELECT count(*) FROM branches WHERE organisation_id = $1 AND id = ANY($2)",
        db.organisation_id,
        list(branch_ids),
    )


async def update_branch(db: Connection, *, branch: Branch, now: datetime) -> Row:
    """Raises BranchCodeTaken."""
    try:
        row = await db.fetchrow(
            f"""
            UPDATE branches SET code = $3, name = $4, timezone = $5, base_currency = $6, currencies = $7,
                                is_active = $8, updated_at = $9
            WHERE organisation_id = $1 AND id = $2 RETURNING {_RECORD}
            """,  # noqa: S608  (our own column list)
            db.organisation_id,
            branch.id,
            branch.code,
            branch.name,
            branch.timezone,
            branch.base_currency,
            list(branch.currencies),
            branch.is_active,
            now,
        )
    except UniqueViolationError as error:
        raise BranchCodeTaken from error
    assert row is not None  # noqa: S101  (the caller holds the row)
    return row


async def stored_policies(db: Connection, branch_id: UUID) -> dict[str, Any]:
    """What the branch has decided itself; empty when all is default."""
    text = await db.fetchval(
        "SELECT policies FROM branch_policies WHERE organisation_id = $1 AND branch_id = $2",
        db.organisation_id,
        branch_id,
    )
    return orjson.loads(text) if text else {}


async def branch_policies(db: Connection, branch_id: UUID) -> policies.BranchPolicies:
    return policies.from_stored(await stored_policies(db, branch_id))


async def lock_installation(db: Connection) -> None:
    """Hold the right to make organisations from nothing: only one of two processes finds an empty database."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('tillvault.installation', 0))")


async def installation(db: Connection) -> Row:
    """How many organisations there are, and how many are of the demo; needs no organisation."""
    row = await db.fetchrow("SELECT organisations, demo_organisations FROM directory_installation()")
    assert row is not None  # noqa: S101  (two counts always come)
    return row


async def insert_organisation(
    db: Connection, *, organisation_id: UUID, slug: str, name: str, is_demo: bool, now: datetime
) -> None:
    """Raises OrganisationSlugTaken."""
    try:
        await db.execute(
            """
            INSERT INTO organisations (id, slug, name, is_demo, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
            """,
            organisation_id,
            slug,
            name,
            is_demo,
            now,
        )
    except UniqueViolationError as error:
        raise OrganisationSlugTaken from error


async def insert_branch(db: Connection, *, branch: Branch, now: datetime) -> None:
    """Raises BranchCodeTaken, also when another organisation has the code: a terminal knows nothing else."""
    try:
        await db.execute(
            """
            INSERT INTO branches (organisation_id, id, code, name, timezone, base_currency, currencies, is_active,
                                  created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
            """,
            db.organisation_id,
            branch.id,
            branch.code,
            branch.name,
            branch.timezone,
            branch.base_currency,
            list(branch.currencies),
            branch.is_active,
            now,
        )
    except UniqueViolationError as error:
        raise BranchCodeTaken from error


async def save_policies(db: Connection, *, branch_id: UUID, stored: dict[str, Any], now: datetime) -> None:
    """Keep what the branch has decided, whole."""
    await db.execute(
        """
        INSERT INTO branch_policies (organisation_id, branch_id, policies, updated_at) VALUES ($1, $2, $3::jsonb, $4)
        ON CONFLICT (organisation_id, branch_id)
        DO UPDATE SET policies = excluded.policies, updated_at = excluded.updated_at
        """,
        db.organisation_id,
        branch_id,
        dumps(stored).decode(),
        now,
    )


async def base_currencies(db: Connection) -> dict[UUID, str]:
    """By branch."""
    rows = await db.fetch("SELECT id, base_currency FROM branches WHERE organisation_id = $1", db.organisation_id)
    return {row["id"]: row["base_currency"] for row in rows}
