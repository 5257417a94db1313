"""The books of a shop, read from the rows: what must be true of its sales, whatever raced or was killed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from tests.support import Shop, fetch

_SALES = """
SELECT s.id, s.kind, s.series_id, s.session_id, s.receipt_number, s.refunded_sale_id, s.goods_minor, s.donation_minor,
       s.rounding_minor, s.total_minor, s.tax_minor, s.ticket, s.ticket_sha256,
       (SELECT sum(p.base_minor) FROM sale_payments p
        WHERE p.organisation_id = $1 AND p.sale_id = s.id)::bigint AS paid,
       (SELECT jsonb_object_agg(c.currency, c.amount) FROM (
            SELECT p.currency, sum(p.amount_minor) AS amount FROM sale_payments p
            WHERE p.organisation_id = $1 AND p.sale_id = s.id AND p.method = 'CASH'
            GROUP BY p.currency HAVING sum(p.amount_minor) <> 0) c) AS cash,
       (SELECT coalesce(sum(l.total_minor), 0) FROM sale_lines l
        WHERE l.organisation_id = $1 AND l.sale_id = s.id)::bigint AS lines
FROM sales s WHERE s.organisation_id = $1 ORDER BY s.series_id, s.receipt_number
"""

_MOVEMENTS = """
SELECT ref_sale_id, session_id, type, currencies, effects_minor FROM cash_movements
WHERE organisation_id = $1 AND ref_sale_id IS NOT NULL
"""

_RETURNED = """
SELECT l.refunded_sale_id, l.number, -sum(l.quantity_milli)::bigint AS back, -sum(l.total_minor)::bigint AS total,
       max(o.quantity_milli) AS sold, max(o.total_minor) AS worth
FROM sale_lines l
JOIN sale_lines o ON o.organisation_id = $1 AND o.sale_id = l.refunded_sale_id AND o.number = l.number
WHERE l.organisation_id = $1 AND l.refunded_sale_id IS NOT NULL
GROUP BY l.refunded_sale_id, l.number
"""

_EVENTS = (
    "SELECT type, data FROM outbox_events WHERE organisation_id = $1 AND (type LIKE 'sale.%' OR type LIKE '%_cash_%')"
)


@dataclass(frozen=True)
class Books:
    """Final sales and refunds of a shop, each with all that must stand beside it."""

    sales: dict[UUID, asyncpg.Record]
    ticketed: frozenset[UUID]
    """Those whose ticket stands in the ledger."""

    def of(self, kind: str) -> list[asyncpg.Record]:
        return [row for row in self.sales.values() if row["kind"] == kind]


def audited(dsn: str, shop: Shop, *, are_tickets_in: bool = True) -> Books:
    """Go through the books of a shop and fail at what does not hold. `dsn` is a superuser's. Without `are_tickets_in`
    the relay has not brought in the last tickets yet; there may be none twice all the same."""
    sales = fetch(dsn, _SALES, shop.id)
    _numbers(dsn, shop, sales)
    for row in sales:
        assert row["lines"] == row["goods_minor"], row["id"]
        assert row["goods_minor"] + row["donation_minor"] + row["rounding_minor"] == row["total_minor"], row["id"]
        assert (row["paid"] or 0) == row["total_minor"], row["id"]
    _movements(fetch(dsn, _MOVEMENTS, shop.id), sales)
    _events(fetch(dsn, _EVENTS, shop.id), sales)
    for row in fetch(dsn, _RETURNED, shop.id):
        assert row["back"] <= row["sold"], row
        assert abs(row["total"]) <= row["worth"], row
    return Books(sales={row["id"]: row for row in sales}, ticketed=_tickets(dsn, shop, sales, are_tickets_in))


def _numbers(dsn: str, shop: Shop, sales: list[asyncpg.Record]) -> None:
    for series, rows in groupby(sales, key=lambda row: row["series_id"]):
        numbers = [row["receipt_number"] for row in rows]
        assert numbers == list(range(1, len(numbers) + 1)), f"receipts of {series}"
    reports = fetch(
        dsn,
        "SELECT series_id, z_number FROM z_reports WHERE organisation_id = $1 ORDER BY series_id, z_number",
        shop.id,
    )
    for series, rows in groupby(reports, key=lambda row: row["series_id"]):
        numbers = [row["z_number"] for row in rows]
        assert numbers == list(range(1, len(numbers) + 1)), f"Zs of {series}"


def _movements(movements: list[asyncpg.Record], sales: list[asyncpg.Record]) -> None:
    """Exactly one for each sale that moves cash in a drawer, and it moves just that."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in movements:
        effect = dict(zip(row["currencies"], row["effects_minor"], strict=True))
        found[row["ref_sale_id"]].append((row["session_id"], row["type"], effect))
    wanted = {
        row["id"]: [
            (row["session_id"], "SALE_CASH" if row["kind"] == "SALE" else "REFUND_CASH", orjson.loads(row["cash"]))
        ]
        for row in sales
        if row["cash"] is not None and row["session_id"] is not None
    }
    assert found == wanted


def _events(events: list[asyncpg.Record], sales: list[asyncpg.Record]) -> None:
    """Exactly one for each sale, and one more for each that moves cash."""
    told: Counter[tuple[str, str]] = Counter()
    for row in events:
        data = orjson.loads(row["data"])
        told[row["type"], data.get("refundId") or data["saleId"]] += 1
    wanted: Counter[tuple[str, str]] = Counter()
    for row in sales:
        is_sale = row["kind"] == "SALE"
        wanted["sale.finalized" if is_sale else "sale.refunded", str(row["id"])] += 1
        if row["cash"] is not None and row["session_id"] is not None:
            wanted["cash.sale_cash_recorded" if is_sale else "cash.refund_cash_recorded", str(row["id"])] += 1
    assert told == wanted


def _tickets(dsn: str, shop: Shop, sales: list[asyncpg.Record], are_all_in: bool) -> frozenset[UUID]:
    """At most one for each sale, of the very bytes that the sale keeps; gives which have one."""
    kept = {row["id"]: (bytes(row["ticket"]), bytes(row["ticket_sha256"])) for row in sales}
    rows = fetch(dsn, "SELECT source_id, sha256, raw FROM vault_tickets WHERE organisation_id = $1", shop.id)
    found = {UUID(row["source_id"]): (bytes(row["raw"]), bytes(row["sha256"])) for row in rows}
    assert len(found) == len(rows), "a sale has two tickets"
    assert found.items() <= kept.items()
    assert not are_all_in or found == kept
    return frozenset(found)
