"""SQL of deposits. The status of a deposit is told by what followed it: a correction, else a decision, else nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import UniqueViolationError

from tillvault.core.db import Connection, Row
from tillvault.deposits.domain import (
    Channel,
    Classification,
    DepositStatus,
    Goods,
    StatisticsBy,
    StatisticsLine,
)
from tillvault.deposits.errors import DepositNotPending, DepositSuperseded

STATUS = """
CASE WHEN c.id IS NOT NULL THEN 'corrected' WHEN v.deposit_id IS NULL THEN 'pending_validation'
     WHEN v.is_validated THEN 'validated' ELSE 'rejected' END
"""

_FOLLOWED = """
LEFT JOIN deposits c ON c.organisation_id = $1 AND c.supersedes = d.id
LEFT JOIN deposit_decisions v ON v.organisation_id = $1 AND v.deposit_id = d.id
"""

_RECORD = f"""
SELECT d.id, d.branch_id, b.name AS branch_name, d.recorded_by, u.name AS recorded_by_name,
       d.api_key_id IS NOT NULL AS is_on_behalf, d.channel, d.description, d.quantity, d.weight_grams,
       coalesce(v.category, d.category) AS category, d.is_category_chosen, d.suggestions, d.provider, d.supersedes,
       c.id AS superseded_by, {STATUS} AS status, v.reason, v.decided_by, p.name AS decided_by_name, v.decided_at,
       d.business_date, d.created_at
FROM deposits d
JOIN branches b ON b.organisation_id = $1 AND b.id = d.branch_id
JOIN users u ON u.organisation_id = $1 AND u.id = d.recorded_by
{_FOLLOWED}
LEFT JOIN users p ON p.organisation_id = $1 AND p.id = v.decided_by
WHERE d.organisation_id = $1
"""  # noqa: S608  (our own parts)

_KEYS: Mapping[StatisticsBy, tuple[str, str]] = {
    StatisticsBy.DAY: ("d.business_date::text", "NULL::text"),
    StatisticsBy.WEEK: ("date_trunc('week', d.business_date)::date::text", "NULL::text"),
    StatisticsBy.MONTH: ("to_char(d.business_date, 'YYYY-MM')", "NULL::text"),
    StatisticsBy.CATEGORY: ("coalesce(v.category, d.category)", "NULL::text"),
    StatisticsBy.BRANCH: ("d.branch_id::text", "max(b.name)"),
}


async def hold(db: Connection, deposit_id: UUID) -> None:
    """Hold a deposit for the rest of the transaction. Its row never changes, so the app's role could not lock it."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('tillvault.deposit.' || $1, 0))", str(deposit_id))


async def insert_deposit(
    db: Connection,
    *,
    deposit_id: UUID,
    branch_id: UUID,
    recorded_by: UUID,
    api_key_id: UUID | None,
    channel: Channel,
    goods: Goods,
    is_category_chosen: bool,
    classified: Classification | None,
    supersedes: UUID | None,
    business_date: date,
    now: datetime,
) -> None:
    """Raises DepositSuperseded where another correction was quicker."""
    suggestions = [
        {"category": each.category, "confidence": round(each.confidence, 4)}
        for each in (classified.suggestions if classified else ())
    ]
    try:
        await db.execute(
            """
            INSERT INTO deposits (organisation_id, id, branch_id, recorded_by, api_key_id, channel, description,
                                  quantity, weight_grams, category, is_category_chosen, suggestions, provider,
                                  supersedes, business_date, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb, $13, $14, $15, $16)
            """,
            db.organisation_id,
            deposit_id,
            branch_id,
            recorded_by,
            api_key_id,
            channel,
            goods.description,
            goods.quantity,
            goods.weight_grams,
            goods.category,
            is_category_chosen,
            orjson.dumps(suggestions).decode(),
            classified.provider if classified else None,
            supersedes,
            business_date,
            now,
        )
    except UniqueViolationError as error:
        raise DepositSuperseded from error


async def insert_decision(
    db: Connection,
    *,
    deposit_id: UUID,
    is_validated: bool,
    category: str,
    reason: str | None,
    decided_by: UUID,
    now: datetime,
) -> None:
    """Raises DepositNotPending where somebody has decided before."""
    try:
        await db.execute(
            """
            INSERT INTO deposit_decisions (organisation_id, deposit_id, is_validated, category, reason, decided_by,
                                           decided_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            db.organisation_id,
            deposit_id,
            is_validated,
            category,
            reason,
            decided_by,
            now,
        )
    except UniqueViolationError as error:
        raise DepositNotPending from error


async def record(db: Connection, deposit_id: UUID) -> Row | None:
    return await db.fetchrow(_RECORD + "AND d.id = $2", db.organisation_id, deposit_id)


async def records(
    db: Connection,
    *,
    branch_ids: Sequence[UUID] | None,
    status: DepositStatus | None,
    category: str | None,
    channel: Channel | None,
    since: date | None,
    until: date | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Row]:
    """Newest first. What was corrected is shown only where it is asked for."""
    return await db.fetch(
        f"""
        {_RECORD}
          AND ($2::uuid[] IS NULL OR d.branch_id = ANY($2))
          AND CASE WHEN $3::text IS NULL THEN c.id IS NULL ELSE {STATUS} = $3 END
          AND ($4::text IS NULL OR coalesce(v.category, d.category) = $4)
          AND ($5::text IS NULL OR d.channel = $5)
          AND ($6::date IS NULL OR d.business_date >= $6)
          AND ($7::date IS NULL OR d.business_date <= $7)
          AND ($8::timestamptz IS NULL OR (d.created_at, d.id) < ($8, $9::uuid))
        ORDER BY d.created_at DESC, d.id DESC LIMIT $10
        """,
        db.organisation_id,
        branch_ids,
        status,
        category,
        channel,
        since,
        until,
        *after,
        limit,
    )


async def statistics(
    db: Connection, by: StatisticsBy, *, since: date, until: date, branch_ids: Sequence[UUID] | None
) -> list[StatisticsLine]:
    key, label = _KEYS[by]
    rows = await db.fetch(
        f"""
        SELECT {key} AS key, {label} AS label,
               count(*) FILTER (WHERE v.deposit_id IS NULL) AS pending_count,
               count(*) FILTER (WHERE v.is_validated) AS validated_count,
               count(*) FILTER (WHERE NOT v.is_validated) AS rejected_count,
               coalesce(sum(d.quantity) FILTER (WHERE v.is_validated), 0)::bigint AS quantity,
               coalesce(sum(d.weight_grams) FILTER (WHERE v.is_validated), 0)::bigint AS weight_grams
        FROM deposits d
        JOIN branches b ON b.organisation_id = $1 AND b.id = d.branch_id
        {_FOLLOWED}
        WHERE d.organisation_id = $1 AND c.id IS NULL AND d.business_date BETWEEN $2 AND $3
          AND ($4::uuid[] IS NULL OR d.branch_id = ANY($4))
        GROUP BY {key} ORDER BY {key} LIMIT 5000
        """,  # noqa: S608  (our own parts)
        db.organisation_id,
        since,
        until,
        branch_ids,
    )
    return [StatisticsLine(**row) for row in rows]


async def person(db: Connection, user_id: UUID) -> Row | None:
    """A user with the branches in which they work."""
    return await db.fetchrow(
        """
        SELECT u.id, u.name, u.role, u.is_active,
               ARRAY(SELECT ub.branch_id FROM user_branches ub
                     WHERE ub.organisation_id = $1 AND ub.user_id = u.id) AS branch_ids
        FROM users u WHERE u.organisation_id = $1 AND u.id = $2
        """,
        db.organisation_id,
        user_id,
    )


def plain(row: Row) -> dict[str, Any]:
    """A row with its JSON read, whether or not the connection has done so."""
    found = dict(row)
    if isinstance(found["suggestions"], str):
        found["suggestions"] = orjson.loads(found["suggestions"])
    return found
