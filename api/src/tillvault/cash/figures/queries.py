"""SQL of figures over many drawers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from tillvault.cash.figures.domain import TakingsBy, TakingsLine, VarianceLine, VariancesBy
from tillvault.core.db import Connection

# The day of a sale is that of its drawer, stamped when it opened. A sale without a drawer belongs to the business day
# in which it was recorded. The wide bounds on times are for the indexes: no time zone is further than a day away.
_TAKEN = """
WITH taken AS (
    SELECT s.id, s.kind, s.register_id, s.cashier_id, s.currency, s.total_minor, c.business_date AS day,
           extract(hour FROM s.occurred_at AT TIME ZONE b.timezone)::int AS hour
    FROM cash_sessions c
    JOIN branches b ON b.organisation_id = $1 AND b.id = c.branch_id
    JOIN sales s ON s.organisation_id = $1 AND s.session_id = c.id
    WHERE c.organisation_id = $1 AND c.business_date BETWEEN $2 AND $3
      AND c.opened_at >= $2::date - 2 AND c.opened_at < $3::date + 3
      AND ($4::uuid[] IS NULL OR c.branch_id = ANY($4))
    UNION ALL
    SELECT s.id, s.kind, s.register_id, s.cashier_id, s.currency, s.total_minor, d.day,
           extract(hour FROM s.occurred_at AT TIME ZONE b.timezone)::int AS hour
    FROM sales s
    JOIN branches b ON b.organisation_id = $1 AND b.id = s.branch_id
    LEFT JOIN branch_policies p ON p.organisation_id = $1 AND p.branch_id = s.branch_id
    CROSS JOIN LATERAL (
        SELECT (s.created_at AT TIME ZONE b.timezone - make_interval(
            hours => coalesce((p.policies ->> 'business_day_cutoff_hour')::int, $5)))::date AS day) d
    WHERE s.organisation_id = $1 AND s.session_id IS NULL AND d.day BETWEEN $2 AND $3
      AND s.created_at >= $2::date - 2 AND s.created_at < $3::date + 3
      AND ($4::uuid[] IS NULL OR s.branch_id = ANY($4))
)
"""

_SUMS = """
SELECT {key}::text AS key, {label} AS label, t.currency,
       count(DISTINCT t.id) FILTER (WHERE t.kind = 'SALE') AS sales_count,
       count(DISTINCT t.id) FILTER (WHERE t.kind = 'REFUND') AS refunds_count,
       coalesce(sum({amount}) FILTER (WHERE t.kind = 'SALE'), 0)::bigint AS sales_minor,
       coalesce(sum({amount}) FILTER (WHERE t.kind = 'REFUND'), 0)::bigint AS refunds_minor
FROM taken t {join}
GROUP BY {key}, t.currency
ORDER BY {order}, t.currency
LIMIT 5000
"""


def _sums(
    key: str, *, label: str = "NULL::text", amount: str = "t.total_minor", join: str = "", order: str | None = None
) -> str:
    return _TAKEN + _SUMS.format(key=key, label=label, amount=amount, join=join, order=order or f"{key} NULLS LAST")


_TAKINGS: Mapping[TakingsBy, str] = {
    TakingsBy.DAY: _sums("t.day"),
    TakingsBy.MONTH: _sums("to_char(t.day, 'YYYY-MM')"),
    TakingsBy.HOUR: _sums("t.hour"),
    TakingsBy.CASHIER: _sums(
        "t.cashier_id",
        label="max(u.name)",
        join="JOIN users u ON u.organisation_id = $1 AND u.id = t.cashier_id",
        order="max(u.name), t.cashier_id",
    ),
    TakingsBy.REGISTER: _sums(
        "t.register_id",
        label="max(r.name)",
        join="LEFT JOIN registers r ON r.organisation_id = $1 AND r.id = t.register_id",
        order="max(r.name) NULLS LAST, t.register_id",
    ),
    TakingsBy.METHOD: _sums(
        "p.method",
        amount="p.base_minor",
        join="JOIN sale_payments p ON p.organisation_id = $1 AND p.sale_id = t.id",
    ),
    TakingsBy.CATEGORY: _sums(
        "l.category_id",
        label="max(l.category_name)",
        amount="l.total_minor",
        join="JOIN sale_lines l ON l.organisation_id = $1 AND l.sale_id = t.id",
        order="max(l.category_name) NULLS LAST, l.category_id",
    ),
}

# The first count is what the person at the drawer found; a recount explains it and does not undo it. A drawer that
# was closed without a count has no difference to speak of.
_VARIANCES = """
SELECT {key}::text AS key, {label} AS label, n.currency, count(*) AS sessions,
       count(*) FILTER (WHERE n.counted_minor <> n.expected_minor) AS with_difference,
       coalesce(sum(n.counted_minor - n.expected_minor) FILTER (WHERE n.counted_minor > n.expected_minor), 0)::bigint
           AS surplus_minor,
       coalesce(sum(n.counted_minor - n.expected_minor) FILTER (WHERE n.counted_minor < n.expected_minor), 0)::bigint
           AS shortage_minor
FROM cash_sessions c
JOIN cash_counts n ON n.organisation_id = $1 AND n.session_id = c.id AND n.number = 1
{join}
WHERE c.organisation_id = $1 AND c.business_date BETWEEN $2 AND $3 AND c.counted_provided
  AND c.opened_at >= $2::date - 2 AND c.opened_at < $3::date + 3
  AND ($4::uuid[] IS NULL OR c.branch_id = ANY($4))
  AND ($5::uuid IS NULL OR c.register_id = $5) AND ($6::uuid IS NULL OR c.opened_by = $6)
GROUP BY {key}, n.currency
ORDER BY {order}, n.currency
LIMIT 5000
"""

_VARIANCES_BY: Mapping[VariancesBy, str] = {
    VariancesBy.DAY: _VARIANCES.format(key="c.business_date", label="NULL::text", join="", order="c.business_date"),
    VariancesBy.MONTH: _VARIANCES.format(
        key="to_char(c.business_date, 'YYYY-MM')",
        label="NULL::text",
        join="",
        order="to_char(c.business_date, 'YYYY-MM')",
    ),
    VariancesBy.CASHIER: _VARIANCES.format(
        key="c.opened_by",
        label="max(u.name)",
        join="JOIN users u ON u.organisation_id = $1 AND u.id = c.opened_by",
        order="max(u.name), c.opened_by",
    ),
    VariancesBy.REGISTER: _VARIANCES.format(
        key="c.register_id",
        label="max(r.name)",
        join="LEFT JOIN registers r ON r.organisation_id = $1 AND r.id = c.register_id",
        order="max(r.name) NULLS LAST, c.register_id",
    ),
}


async def takings(
    db: Connection, by: TakingsBy, *, since: date, until: date, branch_ids: Sequence[UUID] | None, cutoff_hour: int
) -> list[TakingsLine]:
    """`cutoff_hour` holds for branches that have not decided on one."""
    rows = await db.fetch(_TAKINGS[by], db.organisation_id, since, until, branch_ids, cutoff_hour)
    return [TakingsLine(**row) for row in rows]


async def variances(
    db: Connection,
    by: VariancesBy,
    *,
    since: date,
    until: date,
    branch_ids: Sequence[UUID] | None,
    register_id: UUID | None,
    opened_by: UUID | None,
) -> list[VarianceLine]:
    rows = await db.fetch(_VARIANCES_BY[by], db.organisation_id, since, until, branch_ids, register_id, opened_by)
    return [VarianceLine(**row) for row in rows]
