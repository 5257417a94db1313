"""SQL of the sums of takings in X and Z: plain sums of immutable rows (decision 6)."""

from __future__ import annotations

from uuid import UUID

import orjson

from tillvault.cash.takings.domain import Header, PaymentMethod, Perpetual, Sums
from tillvault.core.db import Connection
from tillvault.core.money import Cash

# A refund's rows are negative, which tells them from a sale's: change is a sale's, whatever its sign.
_SUMS = """
SELECT
    (SELECT jsonb_agg(t) FROM (
        SELECT s.currency, s.kind, count(*) AS count, sum(s.goods_minor)::bigint AS goods,
               sum(s.discount_minor)::bigint AS discount, sum(s.donation_minor)::bigint AS donation,
               sum(s.rounding_minor)::bigint AS rounding, sum(s.total_minor)::bigint AS total
        FROM sales s WHERE s.organisation_id = $1 AND s.session_id = $2
        GROUP BY s.currency, s.kind) t) AS sales,
    (SELECT jsonb_agg(t) FROM (
        SELECT p.method, coalesce(sum(p.base_minor) FILTER (WHERE NOT r.is_refund), 0)::bigint AS sales,
               coalesce(sum(p.base_minor) FILTER (WHERE r.is_refund), 0)::bigint AS refunds
        FROM sale_payments p, LATERAL (SELECT p.flow = 'TENDER' AND p.amount_minor < 0 AS is_refund) r
        WHERE p.organisation_id = $1 AND p.session_id = $2
        GROUP BY p.method ORDER BY p.method) t) AS methods,
    (SELECT jsonb_agg(t) FROM (
        SELECT p.currency, -sum(p.amount_minor)::bigint AS amount
        FROM sale_payments p WHERE p.organisation_id = $1 AND p.session_id = $2 AND p.flow = 'CHANGE'
        GROUP BY p.currency ORDER BY p.currency) t) AS change,
    (SELECT jsonb_agg(t) FROM (
        SELECT l.tax_rate_bp AS rate, sum(l.tax_minor)::bigint AS tax, sum(l.total_minor)::bigint AS total
        FROM sale_lines l WHERE l.organisation_id = $1 AND l.session_id = $2
        GROUP BY l.tax_rate_bp ORDER BY l.tax_rate_bp DESC) t) AS taxes,
    (SELECT jsonb_agg(t) FROM (
        SELECT l.category_id AS id, max(l.category_name) AS name, sum(l.quantity_milli)::bigint AS quantity,
               coalesce(sum(l.weight_grams), 0)::bigint AS weight, sum(l.total_minor)::bigint AS total
        FROM sale_lines l WHERE l.organisation_id = $1 AND l.session_id = $2
        GROUP BY l.category_id ORDER BY max(l.category_name) NULLS LAST, l.category_id) t) AS categories
"""

# The last Z of the series knows all receipts up to one; what came after is summed.
_PERPETUAL = """
WITH last AS (
    SELECT z.perpetual, z.receipts_through FROM z_reports z
    WHERE z.organisation_id = $1 AND z.series_id = $2 ORDER BY z.z_number DESC LIMIT 1
)
SELECT (SELECT perpetual FROM last) AS before,
       (SELECT jsonb_agg(jsonb_build_array(t.kind, t.currency, t.total)) FROM (
            SELECT s.kind, s.currency, sum(s.total_minor)::bigint AS total
            FROM sales s
            WHERE s.organisation_id = $1 AND s.series_id = $2
              AND s.receipt_number > coalesce((SELECT receipts_through FROM last), 0)
            GROUP BY s.kind, s.currency) t) AS since
"""


async def sums(db: Connection, session_id: UUID) -> Sums:
    row = await db.fetchrow(_SUMS, db.organisation_id, session_id)
    assert row is not None  # noqa: S101  (a SELECT without FROM always gives a row)
    if row["sales"] is None:
        return Sums()
    by_kind: dict[str, Header] = {}
    currency: str | None = None
    for item in orjson.loads(row["sales"]):
        # A branch cannot change its base currency while it has an open drawer: there is one currency.
        currency, kind = item.pop("currency"), item.pop("kind")
        by_kind[kind] = Header(**item)
    return Sums(
        currency=currency,
        sales=by_kind.get("SALE", Header()),
        refunds=by_kind.get("REFUND", Header()),
        methods=[
            (PaymentMethod(item["method"]), item["sales"], item["refunds"])
            for item in orjson.loads(row["methods"] or "[]")
        ],
        change={item["currency"]: item["amount"] for item in orjson.loads(row["change"] or "[]")},
        taxes=[(item["rate"], item["tax"], item["total"]) for item in orjson.loads(row["taxes"] or "[]")],
        categories=orjson.loads(row["categories"] or "[]"),
    )


async def perpetual(db: Connection, series_id: UUID) -> Perpetual:
    row = await db.fetchrow(_PERPETUAL, db.organisation_id, series_id)
    assert row is not None  # noqa: S101  (as above)
    before: dict[str, Cash] = orjson.loads(row["before"]) if row["before"] else {}
    totals: dict[str, Cash] = {"SALE": dict(before.get("sales", {})), "REFUND": dict(before.get("refunds", {}))}
    since: list[tuple[str, str, int]] = orjson.loads(row["since"] or "[]")
    for kind, currency, total in since:
        totals[kind][currency] = totals[kind].get(currency, 0) + total
    return Perpetual(sales=totals["SALE"], refunds=totals["REFUND"])
