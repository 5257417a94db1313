"""SQL of closing: the locks, the figures, the count, the Z."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from tillvault.cash.domain import CashSession, Denominations, MovementType, SessionStatus
from tillvault.cash.takings.domain import Perpetual
from tillvault.core.db import Connection
from tillvault.core.jsontext import dumps
from tillvault.core.money import Cash
from tillvault.events.queries import write_telling

# The register (or, for a drawer without one, the branch) is held before the session: its Z numbers have no gaps, and
# a logout or release of the register comes before or after the close, never in between (decision 13).
_HOLD_REGISTER = """
SELECT r.id FROM registers r
WHERE r.organisation_id = $1
  AND r.id = (SELECT register_id FROM cash_sessions WHERE organisation_id = $1 AND id = $2)
FOR NO KEY UPDATE
"""

_HOLD_BRANCH = """
SELECT b.id FROM branches b
WHERE b.organisation_id = $1
  AND b.id = (SELECT branch_id FROM cash_sessions WHERE organisation_id = $1 AND id = $2)
FOR NO KEY UPDATE
"""

_FIGURES = """
SELECT jsonb_agg(jsonb_build_array(t.type, t.currency, t.minor)) AS totals,
       (SELECT count(*) FROM cash_movements m
        WHERE m.organisation_id = $1 AND m.session_id = $2) AS movements,
       (SELECT count(*) FROM cash_movements m
        WHERE m.organisation_id = $1 AND m.session_id = $2 AND m.status = 'PENDING') AS waiting,
       (SELECT coalesce(max(z.z_number), 0) FROM z_reports z
        WHERE z.organisation_id = $1 AND z.series_id = $3) AS last_z_number
FROM (SELECT m.type, a.currency, sum(a.minor)::bigint AS minor
      FROM cash_movements m, unnest(m.currencies, m.effects_minor) AS a(currency, minor)
      WHERE m.organisation_id = $1 AND m.session_id = $2 AND m.status = 'APPROVED'
      GROUP BY m.type, a.currency) t
"""

_CLOSE = """
WITH closed AS (
    UPDATE cash_sessions
    SET status = $3, close_reason = $4, close_note = $5, forced_reason = $6, closed_by = $7, closed_at = $8,
        counted_provided = $9, z_number = $10, updated_at = $8
    WHERE organisation_id = $1 AND id = $2
), z AS (
    INSERT INTO z_reports (organisation_id, session_id, series_id, z_number, body, created_at, perpetual,
                           receipts_through)
    VALUES ($1, $2, $11, $10, $12, $8, $17::jsonb, $18)
)
INSERT INTO cash_counts (organisation_id, session_id, number, currency, counted_minor, expected_minor, denominations,
                         left_minor, counted_by, counted_at)
SELECT $1, $2, 1, c.currency, c.counted, c.expected, c.denominations::jsonb, c.left_minor, $7, $8
FROM unnest($13::text[], $14::bigint[], $15::bigint[], $16::text[], $19::bigint[])
     AS c(currency, counted, expected, denominations, left_minor)
"""

_RECOUNT = """
INSERT INTO cash_counts (organisation_id, session_id, number, currency, counted_minor, expected_minor, denominations,
                         counted_by, counted_at)
SELECT $1, $2, $3, c.currency, c.counted, c.expected, c.denominations::jsonb, $4, $5
FROM unnest($6::text[], $7::bigint[], $8::bigint[], $9::text[]) AS c(currency, counted, expected, denominations)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a report and a close need of a session's movements."""

    totals: dict[MovementType, Cash]
    """Σ of approved movements, signed, by kind."""
    movements: int
    waiting: int
    last_z_number: int


async def hold_series(db: Connection, session_id: UUID) -> UUID | None:
    """Hold what numbers the Z of a session; None for an unknown session."""
    held = await db.fetchval(_HOLD_REGISTER, db.organisation_id, session_id)
    return held or await db.fetchval(_HOLD_BRANCH, db.organisation_id, session_id)


async def figures(db: Connection, session_id: UUID, *, series_id: UUID) -> Figures:
    row = await db.fetchrow(_FIGURES, db.organisation_id, session_id, series_id)
    assert row is not None  # noqa: S101  (an aggregate without GROUP BY always gives a row)
    totals: dict[MovementType, Cash] = {}
    found: list[tuple[str, str, int]] = orjson.loads(row["totals"] or "[]")
    for kind, currency, minor in found:
        totals.setdefault(MovementType(kind), {})[currency] = minor
    return Figures(
        totals=totals, movements=row["movements"], waiting=row["waiting"], last_z_number=row["last_z_number"]
    )


async def close(
    db: Connection,
    session: CashSession,
    *,
    series_id: UUID,
    z_body: bytes,
    perpetual: Perpetual,
    receipts_through: int,
) -> None:
    """Keep the close as a whole: state, first count, Z, and what is told of it, in one statement."""
    assert session.counted is not None  # noqa: S101  (a closed session has been counted)
    await write_telling(
        db,
        _CLOSE,
        db.organisation_id,
        session.id,
        session.status,
        session.close_reason,
        session.close_note,
        session.forced_reason,
        session.closed_by,
        session.closed_at,
        session.counted_provided,
        session.z_number,
        series_id,
        z_body,
        *_columns(session.counted, session.expected, session.counted_denominations),
        dumps({"sales": perpetual.sales, "refunds": perpetual.refunds}).decode(),
        receipts_through,
        [session.left[currency] if session.left is not None else None for currency in session.expected],
    )


async def recount(
    db: Connection,
    session_id: UUID,
    *,
    number: int,
    counted: Cash,
    expected: Cash,
    denominations: Denominations,
    counted_by: UUID,
    now: datetime,
) -> None:
    await db.execute(
        _RECOUNT, db.organisation_id, session_id, number, counted_by, now, *_columns(counted, expected, denominations)
    )


async def review(
    db: Connection, session_id: UUID, *, status: SessionStatus, reviewed_by: UUID, note: str | None, now: datetime
) -> None:
    """Keep who decided; of a session that still waits only the time of the change."""
    await db.execute(
        """
        UPDATE cash_sessions
        SET status = $3::session_status, updated_at = $4,
            reviewed_by = CASE WHEN $3::session_status = 'CLOSED' THEN $5::uuid END,
            reviewed_at = CASE WHEN $3::session_status = 'CLOSED' THEN $4::timestamptz END,
            review_note = CASE WHEN $3::session_status = 'CLOSED' THEN $6::text END
        WHERE organisation_id = $1 AND id = $2
        """,
        db.organisation_id,
        session_id,
        status,
        now,
        reviewed_by,
        note,
    )


async def z_body(db: Connection, session_id: UUID) -> bytes | None:
    return await db.fetchval(
        "SELECT body FROM z_reports WHERE organisation_id = $1 AND session_id = $2", db.organisation_id, session_id
    )


def _columns(counted: Cash, expected: Cash, denominations: Denominations) -> tuple[list[object], ...]:
    currencies = list(expected)
    pieces = [denominations.get(currency) for currency in currencies]
    return (
        [*currencies],
        [counted[currency] for currency in currencies],
        [expected[currency] for currency in currencies],
        [dumps(kinds).decode() if kinds else None for kinds in pieces],
    )
