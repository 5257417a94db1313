"""SQL of what an export tells, summed from immutable rows: validated deposits that nothing has taken the place of, and
the lines of sales and refunds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.core.money import from_minor
from tillvault.deposits.domain import EEE_CATEGORIES
from tillvault.deposits.exports.domain import CategoryFigures, Figures, MonthFigures, months_in
from tillvault.deposits.exports.errors import EurRateMissing

_DEPOSITS = """
SELECT to_char(d.business_date, 'YYYY-MM') AS month, v.category, count(*) AS deposits,
       sum(d.quantity)::bigint AS quantity, sum(d.weight_grams)::bigint AS weight_grams
FROM deposits d
JOIN deposit_decisions v ON v.organisation_id = $1 AND v.deposit_id = d.id AND v.is_validated
WHERE d.organisation_id = $1 AND d.business_date BETWEEN $2 AND $3 AND ($4::uuid[] IS NULL OR d.branch_id = ANY($4))
  AND NOT EXISTS (SELECT FROM deposits c WHERE c.organisation_id = $1 AND c.supersedes = d.id)
GROUP BY 1, 2
"""

# A sale belongs to the business day of its drawer, one without a drawer to that in which it was recorded: as in the
# figures of takings. The wide bounds on times are for the indexes. A sale freezes the rates that it used; one that
# used none to EUR is told at the branch's present rate.
_TAKEN = """
WITH taken AS (
    SELECT s.id, s.currency, coalesce(s.fx_rates ->> 'EUR', p.policies -> 'fx_rates' ->> 'EUR') AS eur_rate,
           s.donation_minor, s.rounding_minor, s.total_minor,
           c.business_date AS day
    FROM cash_sessions c
    JOIN sales s ON s.organisation_id = $1 AND s.session_id = c.id
    LEFT JOIN branch_policies p ON p.organisation_id = $1 AND p.branch_id = s.branch_id
    WHERE c.organisation_id = $1 AND c.business_date BETWEEN $2 AND $3
      AND c.opened_at >= $2::date - 2 AND c.opened_at < $3::date + 3
      AND ($4::uuid[] IS NULL OR c.branch_id = ANY($4))
    UNION ALL
    SELECT s.id, s.currency, coalesce(s.fx_rates ->> 'EUR', p.policies -> 'fx_rates' ->> 'EUR'),
           s.donation_minor, s.rounding_minor, s.total_minor, d.day
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

_LINES = f"""{_TAKEN}
SELECT to_char(t.day, 'YYYY-MM') AS month, l.eee_category AS category, t.currency, t.eur_rate,
       sum(l.quantity_milli)::bigint AS quantity_milli, coalesce(sum(l.weight_grams), 0)::bigint AS weight_grams,
       sum(l.total_minor)::bigint AS amount_minor
FROM taken t JOIN sale_lines l ON l.organisation_id = $1 AND l.sale_id = t.id
GROUP BY 1, 2, 3, 4
"""  # noqa: S608  (our own parts)

_TOTALS = f"""{_TAKEN}
SELECT to_char(t.day, 'YYYY-MM') AS month, t.currency, t.eur_rate, sum(t.donation_minor)::bigint AS donation_minor,
       sum(t.rounding_minor)::bigint AS rounding_minor, sum(t.total_minor)::bigint AS total_minor
FROM taken t GROUP BY 1, 2, 3
"""  # noqa: S608  (our own parts)


async def figures(
    db: Connection,
    *,
    since: date,
    until: date,
    branch_ids: Sequence[UUID] | None,
    cutoff_hour: int,
    now: datetime,
) -> Figures:
    """`cutoff_hour` holds for branches that have not decided on one. Raises EurRateMissing."""
    months = {
        month: MonthFigures(month=month, categories={category: CategoryFigures() for category in EEE_CATEGORIES})
        for month in months_in(since, until)
    }
    for row in await db.fetch(_DEPOSITS, db.organisation_id, since, until, branch_ids):
        found = months[row["month"]].categories[row["category"]]
        found.deposit_count += row["deposits"]
        found.deposit_quantity += row["quantity"]
        found.deposit_weight_grams += row["weight_grams"]
    for row in await db.fetch(_LINES, db.organisation_id, since, until, branch_ids, cutoff_hour):
        amount = _eur(row, "amount_minor")
        if row["category"] is None:
            months[row["month"]].others_eur += amount
            continue
        found = months[row["month"]].categories[row["category"]]
        found.sales_quantity_milli += row["quantity_milli"]
        found.sales_weight_grams += row["weight_grams"]
        found.sales_eur += amount
    for row in await db.fetch(_TOTALS, db.organisation_id, since, until, branch_ids, cutoff_hour):
        month = months[row["month"]]
        month.donations_eur += _eur(row, "donation_minor")
        month.rounding_eur += _eur(row, "rounding_minor")
        month.taken_eur += _eur(row, "total_minor")
    return Figures(since=since, until=until, generated_at=now, months=list(months.values()))


def _eur(row: Row, column: str) -> Decimal:
    """At the rate of the sale or its branch. Raises EurRateMissing: a sum that leaves something out is no report."""
    amount = from_minor(row[column], row["currency"])
    if row["currency"] == "EUR" or not amount:
        return amount
    if row["eur_rate"] is None:
        raise EurRateMissing
    return amount * Decimal(row["eur_rate"])
