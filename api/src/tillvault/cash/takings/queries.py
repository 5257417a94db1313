"""SQL of takings: the receipt number, one statement that records a sale as a whole, and reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from asyncpg import UniqueViolationError

from tillvault.cash.domain import Movement
from tillvault.cash.takings.domain import Flow, Line, Payment, PaymentMethod, Rounding, Sale, SaleKind
from tillvault.cash.takings.errors import RefundExceedsSale, SaleRecorded
from tillvault.core.db import Connection, Row, constraint_of
from tillvault.core.jsontext import dumps
from tillvault.events.queries import write_telling

NEXT_RECEIPT = """
INSERT INTO receipt_series (organisation_id, series_id, last_number) {first}
ON CONFLICT (organisation_id, series_id) DO UPDATE SET last_number = receipt_series.last_number + 1
RETURNING last_number
"""
"""`first` gives the row of a series that has none yet."""

_NEXT_RECEIPT = NEXT_RECEIPT.format(first="VALUES ($1, $2, 1)")

_LAST_RECEIPT = """
SELECT last_number FROM receipt_series WHERE organisation_id = $1 AND series_id = $2 FOR NO KEY UPDATE
"""

_RECORD = """
WITH sale AS (
    INSERT INTO sales (organisation_id, id, kind, branch_id, register_id, session_id, cashier_id, series_id,
                       receipt_number, refunded_sale_id, currency, goods_minor, discount_minor, tax_minor,
                       donation_minor, rounding_minor, total_minor, rounded_currency, rounded_minor, fx_rates, note,
                       request_sha256, ticket, ticket_sha256, occurred_at, created_at, approved_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20::jsonb, $21, $22,
            $23, $24, $25, $26, $27)
), lines AS (
    INSERT INTO sale_lines (organisation_id, sale_id, session_id, refunded_sale_id, number, product_id, category_id,
                            category_name, name, eee_category, weight_grams, quantity_milli, unit_price_minor,
                            list_price_minor, gross_minor, discount_minor, total_minor, tax_rate_bp, tax_minor,
                            refunded_before_milli, sold_milli)
    SELECT $1, $2, $6, $10, l.*
    FROM json_to_recordset($28::json) AS l(
        number smallint, product_id uuid, category_id uuid, category_name text, name text, eee_category text,
        weight_grams bigint, quantity_milli bigint, unit_price_minor bigint, list_price_minor bigint,
        gross_minor bigint, discount_minor bigint, total_minor bigint, tax_rate_bp int, tax_minor bigint,
        refunded_before_milli bigint, sold_milli bigint)
), payments AS (
    INSERT INTO sale_payments (organisation_id, sale_id, session_id, number, flow, method, currency, amount_minor,
                               base_minor, reference)
    SELECT $1, $2, $6, p.*
    FROM json_to_recordset($29::json) AS p(
        number smallint, flow payment_flow, method payment_method, currency text, amount_minor bigint,
        base_minor bigint, reference text)
)
INSERT INTO cash_movements (organisation_id, id, branch_id, session_id, actor_id, type, status, reason, ref_sale_id,
                            created_at, currencies, effects_minor)
SELECT $1, $30, $4, $6, $7, $31, 'APPROVED', $32, $2, $26, $33::text[], $34::bigint[]
WHERE $30::uuid IS NOT NULL
"""

_LINE_COLUMNS = (
    "number",
    "product_id",
    "category_id",
    "category_name",
    "name",
    "eee_category",
    "weight_grams",
    "quantity_milli",
    "unit_price_minor",
    "list_price_minor",
    "gross_minor",
    "discount_minor",
    "total_minor",
    "tax_rate_bp",
    "tax_minor",
    "refunded_before_milli",
    "sold_milli",
)
_PAYMENT_COLUMNS = ("number", "flow", "method", "currency", "amount_minor", "base_minor", "reference")

_HEADER = """
SELECT s.organisation_id, s.id, s.kind, s.branch_id, b.name AS branch_name, s.register_id, r.name AS register_name,
       s.session_id, s.cashier_id, u.name AS cashier_name, s.series_id, s.receipt_number, s.refunded_sale_id,
       s.currency, s.goods_minor, s.discount_minor, s.tax_minor, s.donation_minor, s.rounding_minor, s.total_minor,
       s.rounded_currency, s.rounded_minor, s.fx_rates, s.note, s.occurred_at, s.created_at,
       s.approved_by, s.ticket_sha256
FROM sales s
JOIN branches b ON b.organisation_id = $1 AND b.id = s.branch_id
JOIN users u ON u.organisation_id = $1 AND u.id = s.cashier_id
LEFT JOIN registers r ON r.organisation_id = $1 AND r.id = s.register_id
WHERE s.organisation_id = $1
"""

_LIST = (
    _HEADER
    + """
  AND ($2::sale_kind IS NULL OR s.kind = $2)
  AND ($3::uuid[] IS NULL OR s.branch_id = ANY($3))
  AND ($4::uuid IS NULL OR s.cashier_id = $4)
  AND ($5::uuid IS NULL OR s.register_id = $5)
  AND ($6::uuid IS NULL OR s.session_id = $6)
  AND ($7::int IS NULL OR s.receipt_number = $7)
  AND ($8::uuid IS NULL OR s.refunded_sale_id = $8)
  AND ($9::timestamptz IS NULL OR s.created_at >= $9)
  AND ($10::timestamptz IS NULL OR s.created_at < $10)
  AND ($11::timestamptz IS NULL OR (s.created_at, s.id) < ($11, $12::uuid))
ORDER BY s.created_at DESC, s.id DESC
LIMIT $13
"""
)

_REFUNDED = """
SELECT number, -sum(quantity_milli)::bigint AS quantity_milli
FROM sale_lines
WHERE organisation_id = $1 AND refunded_sale_id = $2
GROUP BY number
"""

# By a list of identities, not by a join: a table that was never analysed would be read as a whole for each sale.
_NOT_IN_THE_VAULT = """
WITH asked AS MATERIALIZED (
    SELECT ticket, ticket_sha256 FROM sales WHERE organisation_id = $1 AND id = ANY($2::uuid[])
), known AS (
    SELECT sha256 FROM vault_tickets
    WHERE organisation_id = $1 AND sha256 = ANY(ARRAY(SELECT ticket_sha256 FROM asked))
)
SELECT ticket FROM asked WHERE ticket_sha256 NOT IN (SELECT sha256 FROM known)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a sale is kept with: the ticket for the vault, and what tells a repetition of its request."""

    ticket: bytes
    ticket_sha256: bytes
    request_sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What repetition and repair need of a recorded sale."""

    kind: SaleKind
    cashier_id: UUID
    branch_id: UUID
    sealed: Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Of a list: `branch_ids` None means every branch."""

    kind: SaleKind | None = None
    branch_ids: list[UUID] | None = None
    cashier_id: UUID | None = None
    register_id: UUID | None = None
    session_id: UUID | None = None
    receipt_number: int | None = None
    refunded_sale_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


async def next_receipt(db: Connection, series_id: UUID) -> int:
    """The next number of the series, held until the transaction ends; given back if it fails."""
    return int(await db.fetchval(_NEXT_RECEIPT, db.organisation_id, series_id))


async def last_receipt(db: Connection, series_id: UUID) -> int:
    """The number of the last receipt, held so that no later one comes before the transaction ends; 0 for none."""
    return int(await db.fetchval(_LAST_RECEIPT, db.organisation_id, series_id) or 0)


async def record(db: Connection, sale: Sale, sealed: Sealed, movement: Movement | None) -> None:
    """Keep a sale or refund as a whole, its movement of the drawer with it, and what is told of it.

    Raises SaleRecorded when the id is taken, RefundExceedsSale when another refund was faster.
    """
    rounding = sale.rounding
    try:
        await write_telling(
            db,
            _RECORD,
            db.organisation_id,
            sale.id,
            sale.kind,
            sale.branch_id,
            sale.register_id,
            sale.session_id,
            sale.cashier_id,
            sale.series_id,
            sale.receipt_number,
            sale.refunded_sale_id,
            sale.currency,
            sale.goods_minor,
            sale.discount_minor,
            sale.tax_minor,
            sale.donation_minor,
            rounding.base_minor if rounding else 0,
            sale.total_minor,
            rounding.currency if rounding else None,
            rounding.amount_minor if rounding else None,
            dumps({currency: format(rate, "f") for currency, rate in sale.fx_rates.items()}).decode(),
            sale.note,
            sealed.request_sha256,
            sealed.ticket,
            sealed.ticket_sha256,
            sale.occurred_at,
            sale.created_at,
            sale.approved_by,
            _rows(sale.lines, _LINE_COLUMNS),
            _rows(sale.payments, _PAYMENT_COLUMNS),
            movement.id if movement else None,
            movement.type if movement else None,
            movement.reason if movement else None,
            list(movement.effect) if movement else [],
            list(movement.effect.values()) if movement else [],
        )
    except UniqueViolationError as error:
        if constraint_of(error) == "uq_sale_lines_next_refund":
            raise RefundExceedsSale from error
        raise SaleRecorded from error


async def kept(db: Connection, sale_id: UUID) -> Kept | None:
    row = await db.fetchrow(
        "SELECT kind, cashier_id, branch_id, ticket, ticket_sha256, request_sha256 FROM sales"
        " WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        sale_id,
    )
    if row is None:
        return None
    return Kept(
        kind=SaleKind(row["kind"]),
        cashier_id=row["cashier_id"],
        branch_id=row["branch_id"],
        sealed=Sealed(ticket=row["ticket"], ticket_sha256=row["ticket_sha256"], request_sha256=row["request_sha256"]),
    )


async def tickets(db: Connection, sale_ids: Sequence[UUID]) -> list[bytes]:
    """The tickets of these sales that the vault does not hold yet."""
    rows = await db.fetch(
        _NOT_IN_THE_VAULT,
        db.organisation_id,
        list(sale_ids),
    )
    return [row["ticket"] for row in rows]


async def hold_sale(db: Connection, sale_id: UUID) -> None:
    """One refund of a sale at a time. Sales themselves never change and cannot be locked by a role that may not."""
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ':' || $2::text, 7246111))",
        str(db.organisation_id),
        str(sale_id),
    )


async def sale(db: Connection, sale_id: UUID) -> Sale | None:
    """A sale or refund with its lines and payments."""
    row = await db.fetchrow(_HEADER + " AND s.id = $2", db.organisation_id, sale_id)
    return (await _whole(db, [row]))[0] if row else None


async def sales(
    db: Connection, *, filters: Filters, after: tuple[datetime | None, UUID | None], limit: int
) -> list[Sale]:
    """Newest first."""
    rows = await db.fetch(
        _LIST,
        db.organisation_id,
        filters.kind,
        filters.branch_ids,
        filters.cashier_id,
        filters.register_id,
        filters.session_id,
        filters.receipt_number,
        filters.refunded_sale_id,
        filters.since,
        filters.until,
        *after,
        limit,
    )
    return await _whole(db, rows)


async def refunded(db: Connection, sale_id: UUID) -> dict[int, int]:
    """How much of each line has come back so far, in thousandths, by line number."""
    return {row["number"]: row["quantity_milli"] for row in await db.fetch(_REFUNDED, db.organisation_id, sale_id)}


def _rows(items: Sequence[Line] | Sequence[Payment], names: tuple[str, ...]) -> str:
    return dumps([{name: getattr(item, name) for name in names} for item in items]).decode()


async def _whole(db: Connection, rows: Sequence[Row]) -> list[Sale]:
    ids = [row["id"] for row in rows]
    lines: dict[UUID, list[Line]] = {sale_id: [] for sale_id in ids}
    payments: dict[UUID, list[Payment]] = {sale_id: [] for sale_id in ids}
    for row in await db.fetch(
        f"SELECT sale_id, {', '.join(_LINE_COLUMNS)} FROM sale_lines"  # noqa: S608  (names of our own)
        " WHERE organisation_id = $1 AND sale_id = ANY($2::uuid[]) ORDER BY sale_id, number",
        db.organisation_id,
        ids,
    ):
        lines[row["sale_id"]].append(Line(**{name: row[name] for name in _LINE_COLUMNS}))
    for row in await db.fetch(
        f"SELECT sale_id, {', '.join(_PAYMENT_COLUMNS)} FROM sale_payments"  # noqa: S608  (names of our own)
        " WHERE organisation_id = $1 AND sale_id = ANY($2::uuid[]) ORDER BY sale_id, number",
        db.organisation_id,
        ids,
    ):
        known: dict[str, Any] = {name: row[name] for name in _PAYMENT_COLUMNS}
        known |= {"flow": Flow(row["flow"]), "method": PaymentMethod(row["method"])}
        payments[row["sale_id"]].append(Payment(**known))
    return [_sale(row, lines[row["id"]], payments[row["id"]]) for row in rows]


def _sale(row: Row, lines: list[Line], payments: list[Payment]) -> Sale:
    known: dict[str, Any] = dict(row)
    rates: Mapping[str, str] = orjson.loads(known.pop("fx_rates"))
    currency, amount, base = known.pop("rounded_currency"), known.pop("rounded_minor"), known.pop("rounding_minor")
    known["kind"] = SaleKind(known["kind"])
    return Sale(
        **known,
        rounding=None if currency is None else Rounding(currency=currency, amount_minor=amount, base_minor=base),
        fx_rates={name: Decimal(rate) for name, rate in rates.items()},
        lines=lines,
        payments=payments,
    )
