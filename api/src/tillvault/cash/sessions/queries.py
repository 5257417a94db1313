"""SQL of cash sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import UniqueViolationError

from tillvault.cash.domain import CashSession, CloseReason, Denominations, Recount, SessionStatus
from tillvault.cash.errors import RegisterAlreadyOpen, UserAlreadyOpen
from tillvault.core.db import Connection, Row, constraint_of
from tillvault.core.jsontext import dumps
from tillvault.core.money import Cash
from tillvault.events.queries import write_telling
from tillvault.identity import policies
from tillvault.identity.policies import BranchPolicies

# The expected cash of a closed drawer stands with its first count; only an open one is summed. The branch's state and
# policies come along, so that reading a session is one round trip.
_SHAPE = """
SELECT s.organisation_id, s.id, s.branch_id, s.register_id, r.name AS register_name, s.opened_by,
       u.name AS opened_by_name, s.opened_at, s.business_date, s.base_currency, s.status, s.note, s.close_reason,
       s.close_note, s.forced_reason, s.closed_by, s.closed_at, s.counted_provided, s.z_number, s.reviewed_by,
       s.reviewed_at, s.review_note, s.updated_at, b.is_active AS branch_is_active, p.policies,
       (SELECT jsonb_agg(jsonb_build_array(f.currency, f.opening_minor, f.denominations)
                         ORDER BY array_position(b.currencies, f.currency), f.currency)
        FROM cash_session_floats f WHERE f.organisation_id = $1 AND f.session_id = s.id) AS floats,
       {moved} AS moved,
       (SELECT jsonb_agg(jsonb_build_array(c.number, c.currency, c.counted_minor, c.expected_minor, c.denominations,
                                           c.counted_by, c.counted_at) ORDER BY c.number, c.currency)
        FROM cash_counts c WHERE c.organisation_id = $1 AND c.session_id = s.id) AS counts,
       (SELECT jsonb_object_agg(c.currency, c.left_minor) FROM cash_counts c
        WHERE c.organisation_id = $1 AND c.session_id = s.id AND c.left_minor IS NOT NULL) AS left_minor
FROM cash_sessions s
JOIN users u ON u.organisation_id = $1 AND u.id = s.opened_by
JOIN branches b ON b.organisation_id = $1 AND b.id = s.branch_id
LEFT JOIN registers r ON r.organisation_id = $1 AND r.id = s.register_id
LEFT JOIN branch_policies p ON p.organisation_id = $1 AND p.branch_id = s.branch_id
WHERE s.organisation_id = $1
"""

_MOVED = """CASE WHEN s.status = 'OPEN' THEN (
            SELECT jsonb_object_agg(t.currency, t.minor) FROM (
                SELECT a.currency, sum(a.minor) AS minor
                FROM cash_movements m, unnest(m.currencies, m.effects_minor) AS a(currency, minor)
                WHERE m.organisation_id = $1 AND m.session_id = s.id AND m.status = 'APPROVED'
                GROUP BY a.currency) t) END"""

_SESSION = _SHAPE.format(moved=_MOVED)
# For a close or a report, which sum the movements themselves, by kind: the drawer is summed once, not twice.
_SESSION_UNSUMMED = _SHAPE.format(moved="NULL")

_INSERT = """
WITH opened AS (
    INSERT INTO cash_sessions (organisation_id, id, branch_id, register_id, opened_by, opened_at, business_date, status,
                               note, updated_at, base_currency)
    SELECT $1, $2, $3, $4, $5, $6, $7, 'OPEN', $8, $6, $13
    WHERE EXISTS (SELECT FROM terminal_sessions t
                  WHERE t.organisation_id = $1 AND t.id = $12 AND t.status = 'activa')
    RETURNING id
)
INSERT INTO cash_session_floats (organisation_id, session_id, currency, opening_minor, denominations)
SELECT $1, opened.id, f.currency, f.minor, f.denominations::jsonb
FROM opened, unnest($9::text[], $10::bigint[], $11::text[]) AS f(currency, minor, denominations)
RETURNING session_id
"""

_LIST = (
    _SESSION
    + """
  AND ($2::uuid[] IS NULL OR s.branch_id = ANY($2))
  AND ($3::uuid IS NULL OR s.opened_by = $3)
  AND ($4::uuid IS NULL OR s.register_id = $4)
  AND ($5::session_status IS NULL OR s.status = $5)
  AND ($6::timestamptz IS NULL OR s.opened_at >= $6)
  AND ($7::timestamptz IS NULL OR s.opened_at < $7)
  AND ($8::date IS NULL OR s.business_date >= $8)
  AND ($9::date IS NULL OR s.business_date <= $9)
  AND ($10::timestamptz IS NULL OR (s.opened_at, s.id) < ($10, $11::uuid))
ORDER BY s.opened_at DESC, s.id DESC
LIMIT $12
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A session with what decides who may see it."""

    session: CashSession
    branch_is_active: bool
    policies: BranchPolicies


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Of a list: `branch_ids` None means every branch."""

    branch_ids: list[UUID] | None
    opened_by: UUID | None = None
    register_id: UUID | None = None
    status: SessionStatus | None = None
    opened_since: datetime | None = None
    opened_until: datetime | None = None
    date_from: date | None = None
    date_to: date | None = None


async def insert(
    db: Connection,
    *,
    session_id: UUID,
    branch_id: UUID,
    register_id: UUID | None,
    opened_by: UUID,
    opened_at: datetime,
    business_date: date,
    base_currency: str,
    note: str | None,
    opening: Cash,
    denominations: Denominations,
    terminal_session_id: UUID | None,
) -> bool:
    """Open a drawer, and write with it what is told of it; False when the login has ended in the meantime.

    The partial unique indexes decide races. Raises RegisterAlreadyOpen or UserAlreadyOpen.
    """
    try:
        rows = await write_telling(
            db,
            _INSERT,
            db.organisation_id,
            session_id,
            branch_id,
            register_id,
            opened_by,
            opened_at,
            business_date,
            note,
            list(opening),
            list(opening.values()),
            [_text_or_none(denominations.get(currency)) for currency in opening],
            terminal_session_id,
            base_currency,
        )
    except UniqueViolationError as error:
        if constraint_of(error) == "uq_cash_sessions_one_open_per_user":
            raise UserAlreadyOpen from error
        raise RegisterAlreadyOpen from error
    return bool(rows)


async def session(db: Connection, session_id: UUID) -> Found | None:
    row = await db.fetchrow(_SESSION + " AND s.id = $2", db.organisation_id, session_id)
    return _found(row) if row else None


async def open_session_of(db: Connection, *, branch_id: UUID, user_id: UUID, register_id: UUID | None) -> Found | None:
    row = await db.fetchrow(
        _SESSION
        + " AND s.status = 'OPEN' AND s.branch_id = $2 AND s.opened_by = $3"
        + " AND ($4::uuid IS NULL OR s.register_id = $4)",
        db.organisation_id,
        branch_id,
        user_id,
        register_id,
    )
    return _found(row) if row else None


async def lock_unsummed(db: Connection, session_id: UUID) -> Found | None:
    """A session, held for the rest of the transaction; its `expected` is only its opening float while it is open: the
    caller sums the movements. The row is read anew once it is held, so its state is never stale; floats never change,
    and counts come only with a close."""
    row = await db.fetchrow(_SESSION_UNSUMMED + " AND s.id = $2 FOR NO KEY UPDATE OF s", db.organisation_id, session_id)
    return _found(row) if row else None


async def unsummed_session_on(db: Connection, register_id: UUID) -> Found | None:
    """The open session on a register, as `lock_unsummed` gives it, but not held."""
    row = await db.fetchrow(
        _SESSION_UNSUMMED + " AND s.status = 'OPEN' AND s.register_id = $2", db.organisation_id, register_id
    )
    return _found(row) if row else None


async def open_session_on(db: Connection, register_id: UUID) -> Found | None:
    row = await db.fetchrow(_SESSION + " AND s.status = 'OPEN' AND s.register_id = $2", db.organisation_id, register_id)
    return _found(row) if row else None


async def open_sessions_on_registers(db: Connection) -> dict[UUID, Found]:
    """Every open drawer of the organisation that stands on a register, by register."""
    rows = await db.fetch(_SESSION + " AND s.status = 'OPEN' AND s.register_id IS NOT NULL", db.organisation_id)
    return {row["register_id"]: _found(row) for row in rows}


async def worth_a_look(db: Connection, *, branch_ids: list[UUID] | None, since: datetime, limit: int) -> list[Found]:
    """What managers should hear of: drawers that are open, that wait for a review, or that were closed with a
    difference or by somebody else since then; the newest first."""
    rows = await db.fetch(
        _SESSION
        + """
          AND ($2::uuid[] IS NULL OR s.branch_id = ANY($2))
          AND (s.status <> 'CLOSED'
               OR s.closed_at >= $3 AND (s.close_reason <> 'NORMAL' OR s.reviewed_at IS NOT NULL))
        ORDER BY coalesce(s.closed_at, s.opened_at) DESC, s.id DESC LIMIT $4
        """,
        db.organisation_id,
        branch_ids,
        since,
        limit,
    )
    return [_found(row) for row in rows]


async def sessions(
    db: Connection, *, filters: Filters, after: tuple[datetime | None, UUID | None], limit: int
) -> list[Found]:
    """Newest first."""
    rows = await db.fetch(
        _LIST,
        db.organisation_id,
        filters.branch_ids,
        filters.opened_by,
        filters.register_id,
        filters.status,
        filters.opened_since,
        filters.opened_until,
        filters.date_from,
        filters.date_to,
        *after,
        limit,
    )
    return [_found(row) for row in rows]


def _text_or_none(value: object) -> str | None:
    return dumps(value).decode() if value else None


def _found(row: Row) -> Found:
    floats: list[tuple[str, int, dict[str, int] | None]] = orjson.loads(row["floats"])
    opening = {currency: minor for currency, minor, _ in floats}
    counts = _counts(row["counts"])
    first = counts[0] if counts else None
    moved: Mapping[str, Any] = orjson.loads(row["moved"]) if row["moved"] else {}
    expected = (
        first.expected
        if first
        else {currency: minor + int(moved.get(currency, 0)) for currency, minor in opening.items()}
    )
    names = CashSession.__dataclass_fields__
    known = {name: value for name, value in row.items() if name in names}
    known["status"] = SessionStatus(row["status"])
    known["close_reason"] = CloseReason(row["close_reason"]) if row["close_reason"] else None
    return Found(
        session=CashSession(
            **known,
            opening=opening,
            opening_denominations={currency: pieces for currency, _, pieces in floats if pieces},
            expected=expected,
            counted=first.counted if first else None,
            counted_denominations=first.denominations if first else {},
            left=orjson.loads(row["left_minor"]) if row["left_minor"] else None,
            recounts=counts[1:],
        ),
        branch_is_active=row["branch_is_active"],
        policies=policies.from_stored(orjson.loads(row["policies"]) if row["policies"] else None),
    )


def _counts(text: str | None) -> list[Recount]:
    """The first count and its recounts, from their rows by number and currency."""
    by_number: dict[int, Recount] = {}
    found: list[tuple[int, str, int, int, dict[str, int] | None, str, str]] = orjson.loads(text or "[]")
    for number, currency, counted, expected, pieces, counted_by, counted_at in found:
        count = by_number.setdefault(
            number,
            Recount(
                number=number,
                counted={},
                expected={},
                denominations={},
                counted_by=UUID(counted_by),
                counted_at=datetime.fromisoformat(counted_at),
            ),
        )
        count.counted[currency] = counted
        count.expected[currency] = expected
        if pieces:
            count.denominations[currency] = pieces
    return [by_number[number] for number in sorted(by_number)]
